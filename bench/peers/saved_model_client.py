"""What a user of an export writes: plain TensorFlow, raw images in, probabilities and labels out.

Run as `python -I saved_model_client.py MODEL IMAGES.npy ANSWERS.npz`. aimodels cannot be imported here.
"""

import sys

import numpy as np
import tensorflow as tf

# From here on importing it raises ImportError, installed or not.
sys.modules["aimodels"] = None  # type: ignore[assignment]


def main(model: str, images: str, answers: str) -> None:
    """Load, ask once, write down."""
    asked = tf.saved_model.load(model).signatures["serving_default"](images=tf.constant(np.load(images)))
    probabilities, label = asked["probabilities"].numpy(), asked["label"].numpy()
    np.savez(answers, probabilities=probabilities, label=label.astype("U"))


if __name__ == "__main__":
    main(*sys.argv[1:])
