"""Everything random comes from one seed."""

import keras
import tensorflow as tf


def seed_everything(seed: int, *, deterministic: bool) -> None:
    """Seed Python, NumPy and TensorFlow; with `deterministic`, use only operations that repeat their results."""
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
