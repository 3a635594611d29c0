"""The answer to every example of an evaluation, and `predictions.csv`, which is written and read here alone.

classes     example, target, prediction, correct, loss, p_<class> ...
labels      the same; target and prediction are names with | between them
numbers     example, target, prediction, error, loss                       error = prediction - target

Of texts there is also num_tokens, behind the loss.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.runs.atomic import replacing

if TYPE_CHECKING:
    from aimodels.data.dataset import Task
    from aimodels.data.rows import Names

OF_CLASSES = ("example", "target", "prediction", "correct", "loss")
OF_NUMBERS = ("example", "target", "prediction", "error", "loss")
NUM_TOKENS = "num_tokens"
PROBABILITY = "p_"
BETWEEN = "|"
LINES_AT_ONCE = 10_000


@dataclass(frozen=True)
class Predictions:
    """The answer to every example, in the order of the examples.

    `targets` and `predictions` are class numbers (int64 [N]); for multilabel a 0 or 1 per class (int64 [N, K]); for
    regression numbers in the unit of the target (float64 [N]). `probabilities` is [N, K], for regression [N, 0].
    `losses` ([N]) is the cross-entropy, of several labels its mean over them; for regression the squared error.
    `num_tokens` ([N]) is how long each text is before the cut, in words or in pieces with [CLS] and [SEP]; None where
    the examples are no texts.
    """

    examples: "Names"
    targets: npt.NDArray[Any]
    predictions: npt.NDArray[Any]
    losses: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float32]
    num_tokens: npt.NDArray[np.int64] | None = None
    task: "Task" = "multiclass"

    def __len__(self) -> int:
        return len(self.examples)

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Which examples were answered rightly ([N]); of several labels, all of them."""
        equal = self.targets == self.predictions
        return np.asarray(equal.all(axis=1) if self.task == "multilabel" else equal)

    @cached_property
    def errors(self) -> npt.NDArray[np.float64]:
        """How far each number is above the true one ([N]); every report, file and figure has the errors from here."""
        return np.asarray(self.predictions - self.targets, np.float64)


def write_predictions(rows: Predictions, path: Path, *, class_names: Sequence[str]) -> None:
    """Write every answer as a line of CSV.

    Raises:
        MachineError: the disk is full or the folder cannot be written.
    """
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(_header(rows, class_names=class_names))
        targets, predictions = (
            as_written(answers, task=rows.task, class_names=class_names) for answers in (rows.targets, rows.predictions)
        )
        for index, (target, prediction) in enumerate(zip(targets, predictions, strict=True)):
            words = () if rows.num_tokens is None else (int(rows.num_tokens[index]),)
            # str() of a float32 is the shortest text that reads back as the same float32.
            numbers = [str(number) for number in rows.probabilities[index]]
            loss = repr(float(rows.losses[index]))
            verdict = _verdict(rows, index)
            lines.writerow([rows.examples[index], target, prediction, verdict, loss, *words, *numbers])


def _header(rows: Predictions, *, class_names: Sequence[str]) -> list[str]:
    of_texts = () if rows.num_tokens is None else (NUM_TOKENS,)
    if rows.task == "regression":
        return [*OF_NUMBERS, *of_texts]
    return [*OF_CLASSES, *of_texts, *(PROBABILITY + name for name in class_names)]


def _verdict(rows: Predictions, index: int) -> str:
    if rows.task == "regression":
        return repr(float(rows.errors[index]))
    return "true" if rows.correct[index] else "false"


def as_written(answers: npt.NDArray[Any], *, task: "Task", class_names: Sequence[str]) -> Iterator[str]:
    """Targets or predictions as people read them: the name of a class, the names of labels, or a number."""
    if task == "regression":
        return (repr(float(number)) for number in answers)
    if task == "multilabel":
        return (joined(class_names[k] for k in np.flatnonzero(labels).tolist()) for labels in answers)
    return (class_names[number] for number in answers.tolist())


def read_predictions(path: Path, *, task: "Task", class_names: Sequence[str]) -> Predictions:
    """What `write_predictions` wrote.

    Raises:
        OSError, ValueError, KeyError: the file is not there or is something else.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        # As numbers, millions of answers take a tenth of the memory that they take as texts.
        parts = [
            _part(dict(zip(header, zip(*block, strict=True), strict=True)), task=task, class_names=class_names)
            for block in iter(lambda: list(islice(lines, LINES_AT_ONCE)), [])
        ]
    if not parts:
        raise ValueError("no answer is in it")
    return Predictions(
        examples=tuple(part.examples[place] for part in parts for place in range(len(part))),
        targets=np.concatenate([part.targets for part in parts]),
        predictions=np.concatenate([part.predictions for part in parts]),
        losses=np.concatenate([part.losses for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        num_tokens=None if NUM_TOKENS not in header else np.concatenate([part.num_tokens for part in parts]),
        task=task,
    )


def _part(columns: Mapping[str, tuple[str, ...]], *, task: "Task", class_names: Sequence[str]) -> Predictions:
    """Some lines of the file, by column."""
    given = [columns[PROBABILITY + name] for name in class_names] if task != "regression" else []
    return Predictions(
        examples=columns["example"],
        targets=_read(columns["target"], task=task, class_names=class_names),
        predictions=_read(columns["prediction"], task=task, class_names=class_names),
        losses=np.array(columns["loss"], np.float64),
        probabilities=np.array(given, np.float32).reshape(len(given), len(columns["example"])).T,
        num_tokens=np.array(columns[NUM_TOKENS], np.int64) if NUM_TOKENS in columns else None,
        task=task,
    )


def _read(cells: Sequence[str], *, task: "Task", class_names: Sequence[str]) -> npt.NDArray[Any]:
    if task == "regression":
        return np.array(cells, np.float64)
    numbers = {name: index for index, name in enumerate(class_names)}
    if task != "multilabel":
        return np.array([numbers[cell] for cell in cells], np.int64)
    labels = np.zeros((len(cells), len(class_names)), np.int64)
    for row, cell in zip(labels, cells, strict=True):
        row[[numbers[name] for name in parted(cell)]] = 1
    return labels


def joined(names: Iterable[str]) -> str:
    r"""Names in one cell, with | between them; a | in a name itself is written as \|.

    >>> joined(["red", "a|b"])
    'red|a\\|b'
    """
    return BETWEEN.join(re.sub(r"([\\|])", r"\\\1", name) for name in names)


def parted(cell: str) -> list[str]:
    r"""The names that were joined.

    >>> parted("red|a\\|b"), parted("")
    (['red', 'a|b'], [])
    """
    return [re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"(?:\\.|[^\\|])+", cell)]
