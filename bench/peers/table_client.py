"""What a user of an exported table model writes: plain TensorFlow, columns by name in, probabilities and labels out.

Run as `python -I table_client.py MODEL TABLE.csv ANSWERS.npz`. aimodels cannot be imported here.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

# From here on importing it raises ImportError, installed or not.
sys.modules["aimodels"] = None  # type: ignore[assignment]


def main(model: str, table: str, answers: str) -> None:
    """Load, ask once with every row, write down."""
    with Path(table).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    asked = tf.saved_model.load(model).signatures["serving_default"]
    columns = {}
    for name, spec in asked.structured_input_signature[1].items():
        cells = [row[name] for row in rows]
        columns[name] = tf.constant([float(cell or "nan") for cell in cells] if spec.dtype == tf.float32 else cells)
    found = asked(**columns)
    np.savez(answers, probabilities=found["probabilities"].numpy(), label=found["label"].numpy().astype("U"))


if __name__ == "__main__":
    main(*sys.argv[1:])
