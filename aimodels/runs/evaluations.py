"""One evaluation inside a run: its folder `eval/<name>/`, the names of its files, and how they are written and read.

`name` is the split, with what differs from the usual behind it: `test`, `test-last`, `data-my_photos`.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimodels.errors import FailedError
from aimodels.runs.atomic import write_json, write_text
from aimodels.runs.folder import RunFolder
from aimodels.runs.predictions import Predictions, read_predictions, write_predictions

if TYPE_CHECKING:
    from aimodels.data.dataset import Task

__all__ = ["EvaluationFolder", "Predictions", "evaluations"]


class EvaluationFolder:
    """Everything measured on one set of examples. It is whole when `report.json` is there, which is written last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.report_file = path / "report.json"
        self.text_file = path / "report.txt"
        self.predictions_file = path / "predictions.csv"
        self.examples_file = path / "examples.json"
        self.importance_file = path / "importance.json"
        self.by_feature_file = path / "by_feature.json"
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
        self,
        *,
        report: Mapping[str, Any],
        text: str,
        predictions: Predictions,
        examples: Mapping[str, Any],
        columns: Mapping[str, Any] | None = None,
    ) -> None:
        """Write everything, in place of an earlier evaluation of this name; `columns` is what tables have more:
        `importance` and `by_feature`.

        Raises:
            MachineError: the disk is full or the folder cannot be written.
        """
        self.report_file.unlink(missing_ok=True)
        write_predictions(predictions, self.predictions_file, class_names=report["class_names"])
        write_json(self.examples_file, examples)
        for name, path in (("importance", self.importance_file), ("by_feature", self.by_feature_file)):
            path.unlink(missing_ok=True)
            if columns and name in columns:
                write_json(path, columns[name])
        write_text(self.text_file, text)
        write_json(self.report_file, report)

    @cached_property
    def report(self) -> dict[str, Any]:
        """What `report.json` says.

        Raises:
            FailedError: the file cannot be read.
        """
        return self._document(self.report_file)

    @property
    def task(self) -> "Task":
        """What was predicted. Evaluations that do not say are of classes."""
        task: Task = self.report.get("task", "multiclass")
        return task

    @cached_property
    def importance(self) -> dict[str, Any] | None:
        """How much each column of a table counts; None where that was not measured.

        Raises:
            FailedError: the file cannot be read.
        """
        return self._document(self.importance_file) if self.importance_file.exists() else None

    @cached_property
    def by_feature(self) -> dict[str, Any] | None:
        """The error over the values of each column of a table; None where that was not measured.

        Raises:
            FailedError: the file cannot be read.
        """
        return self._document(self.by_feature_file) if self.by_feature_file.exists() else None

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
        try:
            return read_predictions(self.predictions_file, task=self.task, class_names=self.report["class_names"])
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
