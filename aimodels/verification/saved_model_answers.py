"""Stand-alone: load a SavedModel with both of TensorFlow's loaders and write down what it answers.

Run as `python -I saved_model_answers.py MODEL QUESTION.npz ANSWER.npz`; needs TensorFlow and NumPy only.
"""

import sys

import numpy as np
import tensorflow as tf


def main(model: str, question: str, answer: str) -> None:
    """Ask every signature through `tf.saved_model.load`, and the default one through the session loader."""
    with np.load(question, allow_pickle=False) as arrays:
        images, encoded = arrays["images"], arrays["encoded"]
    loaded = tf.saved_model.load(model)
    pixels = loaded.signatures["serving_default"](images=tf.constant(images))
    files = tf.constant(_cut(encoded))
    whole = loaded.signatures["encoded"](encoded=files)
    one = loaded.signatures["serving_default"](images=tf.constant(images[:1]))
    none = loaded.signatures["serving_default"](images=tf.constant(images[:0]))
    np.savez(
        answer,
        allow_pickle=False,
        probabilities=pixels["probabilities"].numpy(),
        label=pixels["label"].numpy().astype(bytes),
        encoded_probabilities=whole["probabilities"].numpy(),
        one_probabilities=one["probabilities"].numpy(),
        none_probabilities=none["probabilities"].numpy(),
        session_probabilities=_in_session(model, images),
    )


def _cut(encoded: np.ndarray) -> list[bytes]:
    """The files, each from a uint8 row whose first 8 bytes are its length: NumPy's byte strings lose zeros."""
    rows = []
    for row in encoded:
        length = int.from_bytes(row[:8].tobytes(), "little")
        rows.append(row[8 : 8 + length].tobytes())
    return rows


def _in_session(model: str, images: np.ndarray) -> np.ndarray:
    """The way of `saved_model_cli` and TensorFlow Serving, which finds variables by another path."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], model)
        signature = graph.signature_def["serving_default"]
        output = signature.outputs["probabilities"].name
        return np.asarray(session.run(output, {signature.inputs["images"].name: images}))


if __name__ == "__main__":
    main(*sys.argv[1:])
