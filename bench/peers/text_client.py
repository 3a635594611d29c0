"""What a user of an exported text model writes: plain TensorFlow, raw texts in, probabilities and labels out.

Run as `python -I text_client.py MODEL TEXTS.json ANSWERS.npz`. aimodels cannot be imported here.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

# From here on importing it raises ImportError, installed or not.
sys.modules["aimodels"] = None  # type: ignore[assignment]


def main(model: str, texts: str, answers: str) -> None:
    """Load, ask once, write down."""
    strings = tf.constant(json.loads(Path(texts).read_text(encoding="utf-8")))
    asked = tf.saved_model.load(model).signatures["serving_default"](text=strings)
    np.savez(answers, probabilities=asked["probabilities"].numpy(), label=asked["label"].numpy().astype("U"))


if __name__ == "__main__":
    main(*sys.argv[1:])
