"""The examples that are kept as pictures: the hardest ones, and a random choice."""

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from aimodels.data import thumbnails
from aimodels.runs.evaluations import Predictions

NUM_RANDOM = 36


class ShownExamples(TypedDict):
    """Thumbnails with what is written beside them, one entry per example in each list."""

    images: dict[str, Any]
    examples: list[str]
    targets: list[str]
    predictions: list[str]
    probabilities: list[float]
    losses: list[float]


def hardest(rows: Predictions, *, limit: int) -> npt.NDArray[np.int64]:
    """Positions of the examples with the highest losses, the highest first."""
    return np.argsort(-rows.losses, kind="stable")[:limit].astype(np.int64)


def random_choice(num_examples: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Positions of a few examples, the same for the same seed, in the order of the data."""
    chosen = np.random.default_rng(seed).choice(num_examples, size=min(NUM_RANDOM, num_examples), replace=False)
    return np.sort(chosen).astype(np.int64)


def shown(
    images: npt.NDArray[np.uint8], rows: Predictions, *, positions: npt.NDArray[np.int64], class_names: Sequence[str]
) -> ShownExamples:
    """The images of the examples at these positions, small enough for a JSON file, with the truth and the answer."""
    predicted = rows.predictions[positions]
    return {
        "images": thumbnails.encode(thumbnails.shrink(images)),
        "examples": [rows.examples[position] for position in positions],
        "targets": [class_names[number] for number in rows.targets[positions]],
        "predictions": [class_names[number] for number in predicted],
        "probabilities": [round(float(number), 6) for number in rows.probabilities[positions, predicted]],
        "losses": [round(float(loss), 6) for loss in rows.losses[positions]],
    }
