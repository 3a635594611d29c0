"""Stand-alone: load a `.keras` file as a user would and write down its logits.

Run as `python -I keras_answers.py MODEL QUESTION.npz ANSWER.npz`. For images it needs Keras, TensorFlow and NumPy only;
a network for texts holds layers of this package.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

PACKAGE = Path(__file__).parents[1]


def main(model: str, question: str, answer: str) -> None:
    """Load with every safety on, ask once."""
    # What the model says is compared, not how a GPU rounds.
    tf.config.experimental.enable_tensor_float_32_execution(enabled=False)
    with np.load(question, allow_pickle=False) as arrays:
        [(way, examples)] = arrays.items()
    if way == "text":
        sys.path.insert(0, str(PACKAGE.parent))
        from aimodels.runs.loading import register_layers
        from aimodels.verification.clean_process import unpacked

        register_layers()
        examples = tf.constant(unpacked(examples))
    else:
        sys.modules["aimodels"] = None  # type: ignore[assignment]  # from here on importing it raises ImportError
    network = keras.saving.load_model(model)
    logits = keras.ops.convert_to_numpy(network(examples, training=False))
    np.savez(answer, allow_pickle=False, **{way: logits})


if __name__ == "__main__":
    main(*sys.argv[1:])
