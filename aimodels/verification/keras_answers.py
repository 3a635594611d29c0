"""Stand-alone: load a `.keras` file with Keras alone and write down its logits.

Run as `python -I keras_answers.py MODEL QUESTION.npz ANSWER.npz`; needs Keras, TensorFlow and NumPy only.
"""

import sys

import keras
import numpy as np


def main(model: str, question: str, answer: str) -> None:
    """Load with every safety on, ask once."""
    with np.load(question, allow_pickle=False) as arrays:
        images = arrays["images"]
    network = keras.saving.load_model(model)
    np.savez(answer, allow_pickle=False, logits=keras.ops.convert_to_numpy(network(images, training=False)))


if __name__ == "__main__":
    main(*sys.argv[1:])
