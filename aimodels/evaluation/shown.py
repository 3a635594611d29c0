"""The examples that are kept to be looked at, as thumbnails, excerpts or rows: the hardest, and a random choice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, final

import numpy as np
import numpy.typing as npt

from aimodels.data import thumbnails
from aimodels.data.dataset import Examples, TableInput, Texts
from aimodels.data.excerpts import excerpt
from aimodels.data.rows import Rows
from aimodels.runs.predictions import Predictions, as_written

if TYPE_CHECKING:
    import pyarrow

NUM_RANDOM_IMAGES = 36
NUM_RANDOM_TEXTS = 16
NUM_RANDOM_ROWS = 16


class Answered(TypedDict):
    """What is written beside examples, one entry per example in each list.

    Of regression, targets and predictions are numbers and there are no probabilities, but `errors`; of several labels
    the probability is that of the whole set, as if labels were independent.
    """

    examples: list[str]
    targets: list[Any]
    predictions: list[Any]
    probabilities: NotRequired[list[float]]
    errors: NotRequired[list[float]]
    losses: list[float]


@final
class ShownImages(Answered):
    """Thumbnails with what is written beside them."""

    images: dict[str, Any]


@final
class ShownTexts(Answered):
    """Beginnings of texts, of pairs also those of the second ones, with what is written beside them."""

    texts: list[str]
    seconds: NotRequired[list[str]]


@final
class ShownRows(Answered):
    """Rows, each with the value of every column that the network sees, as text; "" if it is missing."""

    rows: list[dict[str, str]]


Shown = ShownImages | ShownTexts | ShownRows


def num_random(examples: Examples) -> int:
    """How many examples of this kind are kept of those drawn at random."""
    if isinstance(examples, Rows):
        return NUM_RANDOM_ROWS
    return NUM_RANDOM_TEXTS if isinstance(examples, Texts) else NUM_RANDOM_IMAGES


def hardest(rows: Predictions, *, limit: int) -> npt.NDArray[np.int64]:
    """Positions of the examples with the highest losses, the highest first; of numbers, with the largest errors."""
    return np.argsort(-rows.losses, kind="stable")[:limit].astype(np.int64)


def random_choice(num_examples: int, *, limit: int, seed: int) -> npt.NDArray[np.int64]:
    """Positions of a few examples, the same for the same seed, in the order of the data."""
    chosen = np.random.default_rng(seed).choice(num_examples, size=min(limit, num_examples), replace=False)
    return np.sort(chosen).astype(np.int64)


def answered(rows: Predictions, *, positions: npt.NDArray[np.int64], class_names: Sequence[str]) -> Answered:
    """The truth and the answer of the examples at these positions."""
    targets, predicted = rows.targets[positions], rows.predictions[positions]
    examples = [rows.examples[position] for position in positions]
    losses = _rounded(rows.losses[positions])
    if rows.task == "regression":
        return {
            "examples": examples,
            "targets": targets.tolist(),
            "predictions": predicted.tolist(),
            "errors": rows.errors[positions].tolist(),
            "losses": losses,
        }
    probabilities = rows.probabilities[positions]
    if rows.task == "multilabel":
        certainty = np.where(predicted == 1, probabilities, 1 - probabilities.astype(np.float64)).prod(axis=1)
    else:
        certainty = probabilities[np.arange(len(positions)), predicted]
    return {
        "examples": examples,
        "targets": list(as_written(targets, task=rows.task, class_names=class_names)),
        "predictions": list(as_written(predicted, task=rows.task, class_names=class_names)),
        "probabilities": _rounded(certainty),
        "losses": losses,
    }


def _rounded(numbers: npt.NDArray[Any]) -> list[float]:
    return [round(float(number), 6) for number in numbers]


def shown_images(images: npt.NDArray[np.uint8], beside: Answered) -> ShownImages:
    """Images small enough for a JSON file, with what is written beside them."""
    return {"images": thumbnails.encode(thumbnails.shrink(images)), **beside}


def shown_texts(texts: Texts, beside: Answered) -> ShownTexts:
    """The beginnings of texts, with what is written beside them."""
    shown = ShownTexts(texts=[excerpt(text) for text in texts.strings], **beside)  # type: ignore[typeddict-item]
    if texts.seconds:
        shown["seconds"] = [excerpt(text) for text in texts.seconds]
    return shown


def shown_rows(rows: Rows, beside: Answered, *, input: TableInput) -> ShownRows:
    """The values of the columns that the network sees, with what is written beside them."""
    table = rows.table()
    columns = {name: _as_texts(table.column(name)) for name in input.names}
    values = [{name: column[place] for name, column in columns.items()} for place in range(len(rows))]
    return {"rows": values, **beside}


def _as_texts(column: "pyarrow.ChunkedArray") -> list[str]:
    """A column of a table as people read it: whole numbers without a point, long texts cut, nothing if missing."""
    return ["" if value is None else _as_text(value) for value in column.to_pylist()]


def _as_text(value: float | str) -> str:
    return excerpt(value) if isinstance(value, str) else repr(value).removesuffix(".0")
