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
# Texts in a request; what a network keeps of them must fit in memory.
AT_ONCE = 100


def main(model: str, texts: str, answers: str) -> None:
    """Load, ask some texts at a time, write down."""
    strings = json.loads(Path(texts).read_text(encoding="utf-8"))
    loaded = tf.saved_model.load(model)
    ask = loaded.signatures["serving_default"]
    told = [ask(text=tf.constant(strings[start : start + AT_ONCE])) for start in range(0, len(strings), AT_ONCE)]
    asked = {name: np.concatenate([answer[name].numpy() for answer in told]) for name in ("probabilities", "label")}
    np.savez(answers, probabilities=asked["probabilities"], label=asked["label"].astype("U"))


if __name__ == "__main__":
    main(*sys.argv[1:])
