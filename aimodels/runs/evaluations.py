"""One evaluation inside a run: its folder `eval/<name>/`, the names of its files, and how they are written and read.

`name` is the split, with what differs from the usual behind it: `test`, `test-last`, `data-my_photos`.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.errors import FailedError
from aimodels.runs.atomic import replacing, write_json, write_text
from aimodels.runs.folder import RunFolder

COLUMNS = ("example", "target", "prediction", "correct", "loss")
NUM_WORDS = "num_words"
PROBABILITY = "p_"


@dataclass(frozen=True)
class Predictions:
    """The answer to every example: class numbers ([N]) and probabilities ([N, K]), in the order of the examples.

    `num_words` ([N]) is how many words each text has, before any are cut off; None where the examples are no texts.
    """

    examples: tuple[str, ...]
    targets: npt.NDArray[np.int64]
    predictions: npt.NDArray[np.int64]
    losses: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float32]
    num_words: npt.NDArray[np.int64] | None = None


class EvaluationFolder:
    """Everything measured on one set of examples. It is whole when `report.json` is there, which is written last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.report_file = path / "report.json"
        self.text_file = path / "report.txt"
        self.predictions_file = path / "predictions.csv"
        self.examples_file = path / "examples.json"
        self.plots = path / "plots"
        self.plot_data = path / "plots" / "data"

    @property
    def name(self) -> str:
        """What the evaluation is called: its folder's name."""
        return self.path.name

    @property
    def is_whole(self) -> bool:
        """Whether the evaluation was written to its end."""
        return self.report_file.exists()

    def write(
        self, *, report: Mapping[str, Any], text: str, predictions: Predictions, examples: Mapping[str, Any]
    ) -> None:
        """Write all four files, in place of an earlier evaluation of this name.

        Raises:
            MachineError: the disk is full or the folder cannot be written.
        """
        self.report_file.unlink(missing_ok=True)
        self._write_predictions(predictions, class_names=report["class_names"])
        write_json(self.examples_file, examples)
        write_text(self.text_file, text)
        write_json(self.report_file, report)

    def _write_predictions(self, rows: Predictions, *, class_names: Sequence[str]) -> None:
        with replacing(self.predictions_file) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            of_texts = () if rows.num_words is None else (NUM_WORDS,)
            lines.writerow([*COLUMNS, *of_texts, *(PROBABILITY + name for name in class_names)])
            for index, example in enumerate(rows.examples):
                target, prediction = int(rows.targets[index]), int(rows.predictions[index])
                correct = "true" if target == prediction else "false"
                # str() of a float32 is the shortest text that reads back as the same float32.
                numbers = [str(number) for number in rows.probabilities[index]]
                loss = repr(float(rows.losses[index]))
                words = () if rows.num_words is None else (int(rows.num_words[index]),)
                lines.writerow([example, class_names[target], class_names[prediction], correct, loss, *words, *numbers])

    @cached_property
    def report(self) -> dict[str, Any]:
        """What `report.json` says.

        Raises:
            FailedError: the file cannot be read.
        """
        return self._document(self.report_file)

    @cached_property
    def examples(self) -> dict[str, Any]:
        """What `examples.json` says: thumbnails or excerpts of the hardest examples and of a random choice.

        Raises:
            FailedError: the file cannot be read.
        """
        return self._document(self.examples_file)

    @cached_property
    def predictions(self) -> Predictions:
        """What `predictions.csv` says.

        Raises:
            FailedError: the file cannot be read.
        """
        class_names = self.report["class_names"]
        numbers = {name: index for index, name in enumerate(class_names)}
        try:
            with self.predictions_file.open(encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            columns = dict(zip(header, zip(*rows, strict=True), strict=True))
            return Predictions(
                examples=columns["example"],
                targets=np.array([numbers[name] for name in columns["target"]], np.int64),
                predictions=np.array([numbers[name] for name in columns["prediction"]], np.int64),
                losses=np.array(columns["loss"], np.float64),
                probabilities=np.array([columns[PROBABILITY + name] for name in class_names], np.float32).T,
                num_words=np.array(columns[NUM_WORDS], np.int64) if NUM_WORDS in columns else None,
            )
        except (OSError, ValueError, KeyError) as error:
            raise self._unreadable(self.predictions_file, error) from error

    def _document(self, path: Path) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._unreadable(path, error) from error
        return document

    def _unreadable(self, path: Path, error: Exception) -> FailedError:
        return FailedError(f"{path} cannot be read: {error}", code="AM506", help="evaluate again: aimodels eval RUN")


def evaluations(run: RunFolder) -> tuple[EvaluationFolder, ...]:
    """The whole evaluations of a run: test first, then validation and train, then the others by name."""
    folders = [EvaluationFolder(path) for path in sorted(run.evaluation("test").parent.glob("*")) if path.is_dir()]
    usual = ("test", "validation", "train")
    order = {name: position for position, name in enumerate(usual)}
    whole = [folder for folder in folders if folder.is_whole]
    return tuple(sorted(whole, key=lambda folder: (order.get(folder.name, len(usual)), folder.name)))
