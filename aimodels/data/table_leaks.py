"""Columns that predict the target nearly perfectly on their own, which is mostly too good to be true.

Kaufman, Rosset and Perlich, "Leakage in Data Mining: Formulation, Detection, and Avoidance", 2012.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Column, Task
from aimodels.data.raw_columns import raw_numbers

if TYPE_CHECKING:
    import pyarrow

# In fewer rows a column can be right by chance.
FEWEST_ROWS = 60
MOST_COLUMNS = 5_000
FOLDS = 3
NEARLY_PERFECT = 0.99
# Nor is it a leak where hardly anything is left to be predicted: it must save so much of a constant answer's errors.
SAVED = 0.95
DEPTH = 7
BINS = 64
ROWS_PER_BIN = 8
PROMISING = 0.8


@dataclass(frozen=True)
class Leak:
    """A column, and how well it predicts the target, in words."""

    name: str
    words: str


def leaks(
    table: "pyarrow.Table", targets: npt.NDArray[Any], *, columns: Sequence[Column], task: Task
) -> Iterator[Leak]:
    """The columns of numbers and categories that foretell the targets of rows that were not looked at."""
    if len(targets) < FEWEST_ROWS or task == "multilabel":
        return
    folds = np.random.default_rng(0).permutation(len(targets)) % FOLDS
    constant = _share_right(targets, _constant(targets), task)
    for column in columns[:MOST_COLUMNS]:
        if column.kind not in ("number", "category"):
            continue
        answers = _answers(table[column.name], targets, folds=folds, task=task)
        share = max(_share_right(targets, answer, task) for answer in answers)
        if share >= NEARLY_PERFECT and 1 - share <= (1 - SAVED) * (1 - constant):
            what = f"R2 {share:.3f}" if task == "regression" else f"{share:.1%} right"
            yield Leak(column.name, f"{what} on rows kept apart")


def _answers(
    values: "pyarrow.ChunkedArray", targets: npt.NDArray[Any], *, folds: npt.NDArray[np.int64], task: Task
) -> list[npt.NDArray[Any]]:
    """What can be answered from one column alone, in one way or two."""
    import pyarrow as pa

    if not pa.types.is_floating(values.type):
        return [_by_value(values, targets, folds=folds, task=task)]
    numbers = raw_numbers(values)
    known = numbers[np.isfinite(numbers)]
    # Missing numbers are a value of their own, below all others.
    filled = np.where(np.isfinite(numbers), numbers, known.min() - 1 if len(known) else 0)
    answers = [_by_line(filled, targets, folds=folds)] if task == "regression" else []
    binned = _binned(filled, targets, task)
    # A tree takes some time, and many columns have none to spare.
    if _share_right(targets, binned, task) >= PROMISING:
        answers.append(_by_tree(filled, targets, folds=folds, task=task))
    return answers or [binned]


def _binned(numbers: npt.NDArray[np.float32], targets: npt.NDArray[Any], task: Task) -> npt.NDArray[Any]:
    """The most frequent class, or the mean, among numbers of about the same size; their own row included."""
    num_bins = min(BINS, len(numbers) // ROWS_PER_BIN)
    bins = np.empty(len(numbers), dtype=np.int64)
    bins[np.argsort(numbers, kind="stable")] = np.arange(len(numbers)) * num_bins // len(numbers)
    return _answer_per_value(bins, targets, num_bins, task)[bins]


def _constant(targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The most frequent class, or the mean, for every row."""
    if np.issubdtype(targets.dtype, np.integer):
        return np.full(len(targets), np.bincount(targets).argmax())
    return np.full(len(targets), targets.mean())


def _share_right(targets: npt.NDArray[Any], answers: npt.NDArray[Any], task: Task) -> float:
    """Accuracy; of numbers, the share of the variance that is explained."""
    if task != "regression":
        return float((targets == answers).mean())
    return float(1 - np.square(targets - answers).mean() / targets.var()) if targets.var() > 0 else 0.0


def _by_tree(
    numbers: npt.NDArray[np.float32], targets: npt.NDArray[Any], *, folds: npt.NDArray[np.int64], task: Task
) -> npt.NDArray[Any]:
    """What a small tree answers that learned from the other rows."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    answers = np.empty_like(targets)
    for fold in range(FOLDS):
        learned, asked = folds != fold, folds == fold
        kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
        tree = kind(max_depth=DEPTH, random_state=0).fit(numbers[learned, np.newaxis], targets[learned])
        answers[asked] = tree.predict(numbers[asked, np.newaxis])
    return answers


def _by_line(
    numbers: npt.NDArray[np.float32], targets: npt.NDArray[Any], *, folds: npt.NDArray[np.int64]
) -> npt.NDArray[Any]:
    """What the straight line through the other rows answers."""
    answers = np.empty_like(targets)
    for fold in range(FOLDS):
        learned, asked = folds != fold, folds == fold
        wide = numbers.astype(np.float64)
        centre, middle = wide[learned].mean(), targets[learned].mean()
        spread = np.square(wide[learned] - centre).sum()
        slope = ((wide[learned] - centre) * (targets[learned] - middle)).sum() / spread if spread > 0 else 0.0
        answers[asked] = middle + slope * (wide[asked] - centre)
    return answers


def _by_value(
    values: "pyarrow.ChunkedArray", targets: npt.NDArray[Any], *, folds: npt.NDArray[np.int64], task: Task
) -> npt.NDArray[Any]:
    """The most frequent class, or the mean, of the other rows with the same value."""
    import pyarrow.compute as pc

    found = pc.index_in(values, value_set=pc.unique(values), skip_nulls=False).to_numpy()
    codes = np.asarray(found, dtype=np.int64)
    answers = np.empty_like(targets)
    for fold in range(FOLDS):
        learned, asked = folds != fold, folds == fold
        answers[asked] = _answer_per_value(codes[learned], targets[learned], int(codes.max()) + 1, task)[codes[asked]]
    return answers


def _answer_per_value(
    codes: npt.NDArray[np.int64], targets: npt.NDArray[Any], num_values: int, task: Task
) -> npt.NDArray[Any]:
    otherwise = _constant(targets)[0]
    if task == "regression":
        counts = np.bincount(codes, minlength=num_values)
        sums = np.bincount(codes, weights=targets, minlength=num_values)
        return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)
    table = np.zeros((num_values, int(targets.max()) + 1), dtype=np.int64)
    np.add.at(table, (codes, targets), 1)
    best: npt.NDArray[Any] = np.where(table.any(axis=1), table.argmax(axis=1), otherwise)
    return best
