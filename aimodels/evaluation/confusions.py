"""Which class was taken for which: the confusion matrix, and precision, recall and F1 from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NUM_WORST = 10


@dataclass(frozen=True)
class Confusion:
    """A pair of classes of which the first was taken for the second; `share` is of all examples of the first."""

    target: str
    prediction: str
    count: int
    share: float


@dataclass(frozen=True)
class Counted:
    """Precision, recall and F1 of each class ([K] each), NaN where a class has no example to be measured on."""

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]
    support: npt.NDArray[np.int64]


def confusion_matrix(
    targets: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], *, num_classes: int
) -> npt.NDArray[np.int64]:
    """How many examples of each class (rows) were predicted as each class (columns).

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), num_classes=2).tolist()
    [[1, 0], [1, 1]]
    """
    cells = np.bincount(targets * num_classes + predictions, minlength=num_classes * num_classes)
    return cells.reshape(num_classes, num_classes).astype(np.int64)


def count(matrix: npt.NDArray[np.int64]) -> Counted:
    """Precision tp / (tp + fp), recall tp / (tp + fn) and F1 2 tp / (2 tp + fp + fn) of each class.

    For every class that has examples they are those of scikit-learn's `precision_recall_fscore_support` with
    `zero_division=0`. A class without examples has no recall and no F1, and a precision (of 0) only if it was predicted
    all the same.
    """
    hits, support, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    present = support > 0
    precision = np.where(present | (predicted > 0), hits / np.maximum(predicted, 1), np.nan)
    recall = np.where(present, hits / np.maximum(support, 1), np.nan)
    f1 = np.where(present, 2 * hits / np.maximum(support + predicted, 1), np.nan)
    return Counted(precision=precision, recall=recall, f1=f1, support=support)


def worst_confusions(
    matrix: npt.NDArray[np.int64], *, class_names: Sequence[str], limit: int = NUM_WORST
) -> tuple[Confusion, ...]:
    """The pairs of classes that are mistaken most often: by the number of examples, then by the share of the class."""
    mistakes = matrix - np.diag(np.diag(matrix))
    shares = mistakes / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    rows, columns = np.nonzero(mistakes)
    order = sorted(
        zip(rows.tolist(), columns.tolist(), strict=True), key=lambda cell: (-mistakes[cell], -shares[cell], cell)
    )
    return tuple(
        Confusion(
            target=class_names[row],
            prediction=class_names[column],
            count=int(mistakes[row, column]),
            share=float(shares[row, column]),
        )
        for row, column in order[:limit]
    )
