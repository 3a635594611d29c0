"""Everything random comes from one seed."""

import keras
import tensorflow as tf


def seed_everything(seed: int, *, deterministic: bool) -> None:
    """Seed Python, NumPy and TensorFlow; with `deterministic`, use only operations that repeat their results."""
    keras.utils.set_random_seed(seed)
    # On a CPU they repeat anyway, and the switch would make Keras leave XLA out.
    if deterministic and tf.config.list_logical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
