"""Stand-alone: load a `.keras` file as a user would and write down its logits.

Run as `python -I keras_answers.py MODEL QUESTION.npz ANSWER.npz`. For images it needs Keras, TensorFlow and NumPy only;
a network for texts or for rows holds layers of this package. The question holds `images`, or `text` (for pairs also
`text_pair`), or for rows an array per column, called by its place among `columns`; strings stand one after the other as
uint8.
"""

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

PACKAGE = Path(__file__).parents[1]


def main(model: str, question: str, answer: str) -> None:
    """Load with every safety on, ask once."""
    # What the model says is compared, not how a GPU rounds.
    tf.config.experimental.enable_tensor_float_32_execution(enabled=False)
    with np.load(question, allow_pickle=False) as arrays:
        asked = dict(arrays)
    if "images" in asked:
        sys.modules["aimodels"] = None  # type: ignore[assignment]  # from here on importing it raises ImportError
        examples: Any = asked["images"]
    else:
        examples = _of_this_package(asked)
    network = keras.saving.load_model(model)
    logits = keras.ops.convert_to_numpy(network(examples, training=False))
    np.savez(answer, allow_pickle=False, **{"the network/logits": logits})


def _of_this_package(asked: dict[str, np.ndarray]) -> Any:
    """Texts, pairs of them by name, or rows as a tensor per column."""
    sys.path.insert(0, str(PACKAGE.parent))
    from aimodels.runs.loading import register_layers
    from aimodels.verification.clean_process import unpacked

    register_layers()
    if "text" in asked:
        texts = {name: tf.constant(unpacked(array)) for name, array in asked.items()}
        return texts if len(texts) > 1 else texts["text"]
    names = [name.decode() for name in unpacked(asked["columns"])]
    arrays = {name: asked[str(number)] for number, name in enumerate(names)}
    return {
        name: tf.constant(unpacked(array), tf.string) if array.dtype == np.uint8 else tf.constant(array)
        for name, array in arrays.items()
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
