"""Which evaluations a figure can show: those of classes, of one class per example, or of numbers."""

from typing import Any

from aimodels.figure_style import NothingToDraw, measured
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import RunFolder

A_NUMBER = "the run predicts a number; this is for classes"


def with_classes(run: RunFolder, *, split: str) -> EvaluationFolder:
    """An evaluation of answers that are classes, one or several per example.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts a number.
    """
    folder = measured(run, split=split)
    if folder.task == "regression":
        raise NothingToDraw(A_NUMBER)
    return folder


def with_one_class(run: RunFolder, *, split: str) -> EvaluationFolder:
    """An evaluation of answers that are one class each.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts a number, or any number of labels.
    """
    folder = with_classes(run, split=split)
    if folder.task == "multilabel":
        raise NothingToDraw("an example may have several labels; this is for one class per example")
    return folder


def with_numbers(run: RunFolder, *, split: str) -> EvaluationFolder:
    """An evaluation of answers that are numbers.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts classes.
    """
    folder = measured(run, split=split)
    if folder.task != "regression":
        raise NothingToDraw("the run predicts classes; this is for a predicted number")
    return folder


def threshold_of(report: dict[str, Any]) -> float | None:
    """The probability from which the second of two classes was the answer; None for other tasks."""
    threshold: float | None = report.get("threshold")
    return threshold
