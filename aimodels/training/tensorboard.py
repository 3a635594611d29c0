"""TensorBoard logs, on request: one scalar per metric and epoch."""

from pathlib import Path

import tensorflow as tf


def write_scalars(folder: Path, metrics: dict[str, float], *, epoch: int) -> None:
    """Add the metrics of an epoch to the logs in `folder`, train and validation side by side."""
    for part in ("train", "validation"):
        writer = tf.summary.create_file_writer(str(folder / part))
        with writer.as_default():
            for name, value in metrics.items():
                is_validation = name.startswith("val_")
                if is_validation == (part == "validation"):
                    tf.summary.scalar(name.removeprefix("val_"), value, step=epoch)
        writer.close()
