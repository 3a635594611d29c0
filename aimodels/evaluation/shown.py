"""The examples that are kept to be looked at, as thumbnails or excerpts: the hardest ones, and a random choice."""

from collections.abc import Sequence
from typing import Any, TypedDict, final

import numpy as np
import numpy.typing as npt

from aimodels.data import thumbnails
from aimodels.data.dataset import Texts
from aimodels.data.excerpts import excerpt
from aimodels.runs.evaluations import Predictions

NUM_RANDOM_IMAGES = 36
NUM_RANDOM_TEXTS = 16


class Answered(TypedDict):
    """What is written beside examples, one entry per example in each list."""

    examples: list[str]
    targets: list[str]
    predictions: list[str]
    probabilities: list[float]
    losses: list[float]


@final
class ShownImages(Answered):
    """Thumbnails with what is written beside them."""

    images: dict[str, Any]


@final
class ShownTexts(Answered):
    """Beginnings of texts with what is written beside them."""

    texts: list[str]


Shown = ShownImages | ShownTexts


def hardest(rows: Predictions, *, limit: int) -> npt.NDArray[np.int64]:
    """Positions of the examples with the highest losses, the highest first."""
    return np.argsort(-rows.losses, kind="stable")[:limit].astype(np.int64)


def random_choice(num_examples: int, *, limit: int, seed: int) -> npt.NDArray[np.int64]:
    """Positions of a few examples, the same for the same seed, in the order of the data."""
    chosen = np.random.default_rng(seed).choice(num_examples, size=min(limit, num_examples), replace=False)
    return np.sort(chosen).astype(np.int64)


def answered(rows: Predictions, *, positions: npt.NDArray[np.int64], class_names: Sequence[str]) -> Answered:
    """The truth and the answer of the examples at these positions."""
    predicted = rows.predictions[positions]
    return {
        "examples": [rows.examples[position] for position in positions],
        "targets": [class_names[number] for number in rows.targets[positions]],
        "predictions": [class_names[number] for number in predicted],
        "probabilities": [round(float(number), 6) for number in rows.probabilities[positions, predicted]],
        "losses": [round(float(loss), 6) for loss in rows.losses[positions]],
    }


def shown_images(images: npt.NDArray[np.uint8], beside: Answered) -> ShownImages:
    """Images small enough for a JSON file, with what is written beside them."""
    return {"images": thumbnails.encode(thumbnails.shrink(images)), **beside}


def shown_texts(texts: Texts, beside: Answered) -> ShownTexts:
    """The beginnings of texts, with what is written beside them."""
    return {"texts": [excerpt(text) for text in texts.strings], **beside}
