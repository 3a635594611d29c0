"""One run: its folder, the names of its files, and what they mean. Nobody else knows these names.

Training writes a run; evaluation, prediction, figures, export and the `runs` commands only read it.
"""

import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimodels.errors import MissingError, UsageError
from aimodels.runs.atomic import append, cannot_write, csv_line, write_json, write_text
from aimodels.runs.naming import not_finished
from aimodels.runs.reading import columns_in, document_in, unreadable
from aimodels.runs.signature import input_of

if TYPE_CHECKING:
    import keras

    from aimodels.config.schema import Config
    from aimodels.data.dataset import Input

SCHEMA = "aimodels/1"
FINISHED = ("finished", "stopped_early", "interrupted")
CROSS_VALIDATION = "cross_validation"
PRETRAINING = "pretraining"
FOLDS = "folds"


def now() -> str:
    """The time as UTC ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunFolder:
    """The folder of one run. All paths inside are relative to it, so it can be moved or zipped."""

    # Which of several workers it belongs to, where that is not the chief: what it holds does not stay.
    worker: int | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.chief = self
        self.run_file = path / "run.json"
        self.config_file = path / "config.yaml"
        self.resolved_file = path / "config.resolved.yaml"
        self.history_file = path / "history.csv"
        self.timing_file = path / "timing.csv"
        self.events_file = path / "events.jsonl"
        self.metrics_file = path / "metrics.json"
        self.environment_file = path / "env.json"
        self.signature_file = path / "signature.json"
        self.lock_file = path / ".lock"
        self.checkpoints = path / "checkpoints"
        self.states = path / "checkpoints" / "states"
        self.plots = path / "plots"
        self.plot_data = path / "plots" / "data"
        self.encoder = path / "encoder"
        self.encoder_before = path / "checkpoints" / "encoder"
        self.exports = path / "export"
        self.logs = path / "logs"
        self.console_log = path / "logs" / "console.log"
        self.tensorflow_log = path / "logs" / "tensorflow.log"
        self.error_log = path / "logs" / "error.txt"
        self.tensorboard = path / "tensorboard"
        self.folds = path / FOLDS
        self.folds_file = path / "folds.json"
        self.out_of_fold_file = path / "out_of_fold.csv"

    def worker_log(self, worker: int) -> Path:
        """What one of several workers has said, besides the chief."""
        return self.logs / f"worker-{worker}.log"

    @property
    def name(self) -> str:
        """What the run is called: its folder's name; that of a fold begins with its cross-validation's."""
        whole = self.cross_validation
        return f"{whole.name}/{FOLDS}/{self.path.name}" if whole else self.path.name

    @property
    def cross_validation(self) -> "RunFolder | None":
        """The cross-validation that this run is a fold of; None for any other run."""
        if self.path.parent.name != FOLDS:
            return None
        whole = RunFolder(self.path.parent.parent)
        return whole if whole.run_file.exists() else None

    def fold(self, number: int) -> "RunFolder":
        """One of the runs of a cross-validation; they count from 1."""
        return RunFolder(self.folds / str(number))

    def checkpoint(self, which: str) -> Path:
        """The file of a checkpoint: `best` or `last`."""
        return self.checkpoints / f"{which}.keras"

    def evaluation(self, split: str) -> Path:
        """The folder with everything measured on one split."""
        return self.path / "eval" / split

    # --- making a run -------------------------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, *, stem: str, exactly: Path | None = None) -> "RunFolder":
        """Make a new folder `<stem>-NNN` (or `exactly` that one). The file system decides between two that race.

        Raises:
            UsageError: `exactly` exists and is not empty.
            MachineError: the folder cannot be made.
        """
        try:
            if exactly is not None:
                return cls._at(exactly)
            runs_dir.mkdir(parents=True, exist_ok=True)
            number = 1 + max((_number(path.name, stem) for path in runs_dir.iterdir()), default=0)
            while True:
                try:
                    (runs_dir / f"{stem}-{number:03d}").mkdir()
                    return cls(runs_dir / f"{stem}-{number:03d}")
                except FileExistsError:
                    number += 1
        except OSError as error:
            elsewhere = "choose another folder for runs with --runs-dir"
            raise cannot_write(exactly or runs_dir, error, elsewhere=elsewhere) from error

    @classmethod
    def _at(cls, path: Path) -> "RunFolder":
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(
                f"{path} exists and is not an empty folder",
                code="AM501",
                help="a run never writes over another; name a new folder with --run-dir",
            )
        path.mkdir(parents=True, exist_ok=True)
        return cls(path)

    def start(self, config: "Config", *, stem: str, source: str, facts: Mapping[str, Any]) -> None:
        """Write what was asked for, and mark the run as running by this process."""
        from aimodels.config.loading import to_yaml

        # An encoder takes its place when it is whole.
        holds = {CROSS_VALIDATION: (self.folds,), PRETRAINING: ()}.get(facts.get("kind", ""), (self.checkpoints,))
        for folder in (*holds, self.plot_data, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        write_text(self.config_file, source)
        # Named, so that training this file again gives runs of the same name.
        named = config.model_copy(update={"name": stem})
        write_text(self.resolved_file, to_yaml(named))
        identity = {"schema": SCHEMA, "id": secrets.token_hex(4), "name": self.name, "started": now()}
        write_json(self.run_file, identity | self.process() | dict(facts))

    def process(self) -> dict[str, Any]:
        """What `run.json` says of a run that this process trains."""
        return {"status": "running", "host": socket.gethostname(), "pid": os.getpid(), "heartbeat": now()}

    def update(self, **facts: Any) -> None:
        """Change some fields of `run.json`."""
        write_json(self.run_file, self.facts() | facts)

    def discard(self) -> None:
        """Remove a folder that never became a run (a mistake was found before training began)."""
        link = self.path.parent / "latest"
        if link.is_symlink() and os.readlink(link) == self.path.name:
            link.unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def add_epoch(self, metrics: Mapping[str, float], *, epoch: int) -> None:
        """Append one line to `history.csv`; the first epoch decides the columns."""
        if not self.history_file.exists():
            write_text(self.history_file, csv_line(["epoch", *metrics]))
        append(self.history_file, csv_line([epoch, *metrics.values()]))

    def add_timing(self, *, epoch: int, seconds: float, examples_per_second: float) -> None:
        """Append one line to `timing.csv`, which holds what differs between two equal runs."""
        if not self.timing_file.exists():
            write_text(self.timing_file, csv_line(["epoch", "seconds", "examples_per_second"]))
        append(self.timing_file, csv_line([epoch, round(seconds, 3), round(examples_per_second, 1)]))

    def become_latest(self, runs_dir: Path) -> None:
        """Let `latest` in the folder of runs point here: the run has all that it begins with.

        A run that was put elsewhere is the latest one as well, if there is a folder of runs at all. A fold never is.
        """
        if not runs_dir.is_dir() or self.cross_validation:
            return
        link, target = runs_dir / "latest", os.path.relpath(self.path, runs_dir)
        partial = link.with_name(f".latest.{os.getpid()}.tmp")
        try:
            partial.unlink(missing_ok=True)
            partial.symlink_to(target)
            partial.replace(link)
        except OSError:  # a file system without symbolic links, or a folder of that name
            partial.unlink(missing_ok=True)
            write_text(link.with_suffix(".txt"), target + "\n")

    # --- using a run --------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A run that can be used: it has ended and has a checkpoint.

        Raises:
            MissingError: there is no run here, or it has no checkpoint.
            UsageError: it is a cross-validation, whose folds are runs, or a pre-training.
            FailedError: it has not ended.
        """
        run = cls(path)
        if not run.run_file.exists():
            raise MissingError(
                f"{path} is not a run: it has no run.json", code="AM502", help="list them: aimodels runs ls"
            )
        facts = run.facts()
        if facts.get("kind") == CROSS_VALIDATION:
            raise UsageError(
                f"{path} is a cross-validation of {facts.get('folds_planned')} runs and holds no model of its own",
                code="AM550",
                help=f"name one of its runs ({run.fold(1).path}), or train once on everything, without folds",
            )
        if facts.get("kind") == PRETRAINING:
            raise UsageError(
                f"{path} is a pre-training: it holds an encoder, which answers nothing by itself",
                code="AM560",
                help=f"train a model on it: aimodels train CONFIG model.encoder={run.encoder}",
            )
        if facts.get("status") not in FINISHED:
            raise not_finished(run, facts)
        if not run.checkpoint("best").exists():
            raise MissingError(
                f"{path} has no checkpoint {run.checkpoint('best').name}",
                code="AM504",
                help=f"it was removed or never written; see aimodels doctor {run.name}, or train again",
            )
        return run

    def facts(self) -> dict[str, Any]:
        """What `run.json` says.

        Raises:
            FailedError: the file is not readable as JSON; so it is for every other file of a run.
        """
        return document_in(self.run_file)

    @cached_property
    def config(self) -> "Config":
        """The config of the run, with every default filled in."""
        from aimodels.config.loading import load

        if not self.resolved_file.exists():
            raise unreadable(self.resolved_file, "it is not there")
        return load(self.resolved_file).config

    @cached_property
    def signature(self) -> dict[str, Any]:
        """What goes in and what comes out: `signature.json`."""
        return document_in(self.signature_file)

    @property
    def input(self) -> "Input":
        """What kind of examples the run takes."""
        return input_of(self.signature)

    @property
    def threshold(self) -> float:
        """Probability of the second of two classes from which it is the answer."""
        chosen = self.facts().get("threshold")
        if chosen:
            return float(chosen["value"])
        wanted = self.config.evaluate.threshold
        return wanted if isinstance(wanted, float) else 0.5

    def metrics(self) -> dict[str, Any]:
        """What `metrics.json` says: best, last, and an entry per split evaluated later."""
        return document_in(self.metrics_file)

    def history(self) -> dict[str, list[float]]:
        """The columns of `history.csv`. A cut last line (a crash while writing) is left out."""
        return columns_in(self.history_file)

    def timing(self) -> dict[str, list[float]]:
        """The columns of `timing.csv`: epoch, seconds, examples_per_second."""
        return columns_in(self.timing_file)

    def model(self, checkpoint: str = "best") -> "keras.Model":
        """The trained Keras model, from raw input to logits."""
        from aimodels.runs.loading import load_model

        return load_model(self, checkpoint)


def _number(name: str, stem: str) -> int:
    head, _, tail = name.rpartition("-")
    return int(tail) if head == stem and tail.isdecimal() else 0
