"""What a run leaves behind besides its weights: `run.json`, `metrics.json`, the event log, samples, how it ended."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aimodels.config.loading import Loaded
from aimodels.data.class_counts import examples_per_class
from aimodels.data.dataset import TableInput, TextInput
from aimodels.data.thumbnails import encode
from aimodels.distribution.tensorflow_start import move_log
from aimodels.errors import UserError
from aimodels.events import RunEnded, RunStarted, emit, listening
from aimodels.runs.atomic import write_json
from aimodels.runs.environment import environment
from aimodels.runs.event_log import EventLog
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.place import RunPlace
from aimodels.runs.signature import signature_of
from aimodels.training.image_source import broken_images_named
from aimodels.training.stopping import StopTraining
from aimodels.training.table_facts import columns_seen, first_rows, label_of
from aimodels.training.word_facts import in_words, lengths_of, texts_of, word_facts

if TYPE_CHECKING:
    import numpy.typing as npt

    from aimodels.training.preparing import Prepared
    from aimodels.training.progress import Progress

NUM_SAMPLES = 25


@dataclass
class Ending:
    """How a training came to its end, as far as it is known; filled in while it runs."""

    progress: "Progress | None" = None
    reason: str = ""
    signal_number: int = 0
    fraction: float = 0.0
    started_at: float = field(default_factory=time.perf_counter)

    def stop(self, stop: StopTraining, *, fraction: float) -> None:
        """Training was left in the middle of an epoch."""
        self.reason = stop.reason
        self.signal_number = stop.signal_number
        self.fraction = fraction

    @property
    def status(self) -> str:
        """finished, stopped_early or interrupted."""
        if self.signal_number:
            return "interrupted"
        return "stopped_early" if self.reason or (self.progress and self.progress.stop_reason) else "finished"

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.started_at


@contextmanager
def recording(run: RunFolder, loaded: Loaded, prepared: "Prepared", *, where: RunPlace) -> Iterator[Ending]:
    """Begin the run folder, listen while the block trains, and write down how it ended, whatever happens."""
    with kept(
        run,
        begin=lambda: _begin(run, loaded, prepared, where=where),
        started=lambda: _started(run, prepared),
    ) as ending:
        yield ending


@contextmanager
def kept(run: RunFolder, *, begin: Callable[[], None], started: Callable[[], RunStarted]) -> Iterator[Ending]:
    """`begin` writes what is known before the first step; what goes wrong in it leaves no folder."""
    ending = Ending()
    try:
        begin()
    except BaseException:
        run.discard()
        raise
    with listening(EventLog(run.events_file)):
        try:
            emit(started())
            yield ending
        except UserError as error:
            _end(run, ending, status="failed", error={"code": error.code, "message": error.message})
            raise
        except KeyboardInterrupt:
            ending.signal_number = signal.SIGINT
            _end(run, ending, status="interrupted")
            raise
        except BaseException as error:
            _end(run, ending, status="failed", error={"code": "AM900", "message": f"{type(error).__name__}: {error}"})
            raise
        _end(run, ending, status=ending.status)


def _begin(run: RunFolder, loaded: Loaded, prepared: "Prepared", *, where: RunPlace) -> None:
    """Write what is known before the first step."""
    run.start(loaded.config, stem=loaded.name, source=loaded.source, facts=_facts(loaded, prepared, where=where))
    move_log(run.tensorflow_log)
    write_json(run.environment_file, environment())
    write_json(run.signature_file, signature_of(prepared.dataset))
    _keep_samples(run, prepared)
    run.become_latest(where.runs_dir)


def _end(run: RunFolder, ending: Ending, *, status: str, error: dict[str, str] | None = None) -> None:
    progress = ending.progress
    facts: dict[str, Any] = {"status": status, "ended": now(), "seconds": round(ending.seconds, 3), "error": error}
    facts |= {
        "reason": ending.reason or (progress.stop_reason if progress else ""),
        "fraction": ending.fraction,
        "signal_number": ending.signal_number,
    }
    if progress:
        best = {"epoch": progress.best.improved_at, "value": progress.best.best}
        facts |= {"epochs_done": progress.epochs_done, "best": best}
        write_json(run.metrics_file, _metrics(run, progress))
    run.update(**facts)
    emit(RunEnded(run=run.name, status=status, epochs=progress.epochs_done if progress else 0, seconds=ending.seconds))


def _metrics(run: RunFolder, progress: "Progress") -> dict[str, Any]:
    history = run.history()
    epochs = [int(epoch) for epoch in history["epoch"]]

    def row(epoch: int) -> dict[str, float]:
        return {name: values[epochs.index(epoch)] for name, values in history.items() if name != "epoch"}

    best, last = progress.best, epochs[-1]
    return {
        "best": {
            "epoch": best.improved_at,
            "monitor": best.metric,
            "mode": best.mode,
            "value": best.best,
            "all": row(best.improved_at),
        },
        "last": {"epoch": last, "all": row(last)},
    }


def _facts(loaded: Loaded, prepared: "Prepared", *, where: RunPlace) -> dict[str, Any]:
    import hashlib

    provenance, watch = prepared.dataset.provenance, prepared.progress.best
    return {
        "task": prepared.dataset.kind_of_task,
        "dataset": prepared.config.data.name,
        "architecture": prepared.config.model.name,
        "config_sha256": hashlib.sha256(loaded.source.encode()).hexdigest(),
        "data": provenance.description,
        "data_fingerprint": provenance.fingerprint,
        "data_counts": provenance.counts,
        "num_examples": {name: len(split) for name, split in _splits(prepared).items()},
        "num_parameters": int(prepared.model.count_params()),
        "monitor": watch.metric,
        "mode": watch.mode,
        "best": None,
        "epochs_done": 0,
        "epochs_planned": prepared.config.train.epochs,
        "steps_per_epoch": prepared.steps.per_epoch,
        "device": prepared.placement.device,
        "precision": prepared.precision,
        "choices": _choices(prepared),
        **({"words": word_facts(prepared)} if isinstance(prepared.dataset.input, TextInput) else {}),
        "tags": list(where.tags),
        "notes": where.notes,
        "parent": None,
        "error": None,
        "ended": None,
        "seconds": None,
    }


def _splits(prepared: "Prepared") -> dict[str, Any]:
    splits = {name: prepared.dataset.split(name) for name in ("train", "validation", "test")}
    return {name: split for name, split in splits.items() if split is not None}


def _choices(prepared: "Prepared") -> dict[str, str]:
    return {"strategy": prepared.placement.reason, **prepared.speed.reasons}


def _keep_samples(run: RunFolder, prepared: "Prepared") -> None:
    """The first examples as the network will see them, and what the splits hold."""
    if isinstance(prepared.dataset.input, TableInput):
        samples = first_rows(prepared.dataset, count=NUM_SAMPLES)
        write_json(run.plot_data / "columns.json", columns_seen(prepared.dataset))
    else:
        samples = _first_batch(prepared)
    write_json(run.plot_data / "samples.json", samples)
    if isinstance(prepared.dataset.input, TextInput):
        write_json(run.plot_data / "lengths.json", lengths_of(prepared))
    names = prepared.dataset.target.class_names
    if names:
        counts = {name: examples_per_class(split, num_classes=len(names)) for name, split in _splits(prepared).items()}
        write_json(run.plot_data / "class_balance.json", {"class_names": list(names), "splits": counts})


def _first_batch(prepared: "Prepared") -> dict[str, Any]:
    """Images or texts of the first batch, changed at random as they will be."""
    with broken_images_named(prepared.dataset):
        examples, targets, *_ = next(iter(prepared.batches.epoch(0).take(1)))
    labels = _labels(targets.numpy()[:NUM_SAMPLES], prepared=prepared)
    if isinstance(prepared.dataset.input, TextInput):
        return {**texts_of(examples.numpy()[:NUM_SAMPLES], prepared=prepared), "labels": labels}
    return {"images": encode(examples.numpy()[:NUM_SAMPLES]), "labels": labels}


def _labels(targets: "npt.NDArray[Any]", *, prepared: "Prepared") -> list[str]:
    """What the targets of a batch stand for."""
    target, scale = prepared.dataset.target, prepared.batches.scale
    if target.task == "multilabel":
        return [label_of(row, target=target) for row in targets]
    wanted = targets.argmax(axis=-1) if prepared.batches.one_hot else targets.ravel()
    return [label_of(scale.mean + scale.deviation * each, target=target) for each in wanted]


def _started(run: RunFolder, prepared: "Prepared") -> RunStarted:
    config, splits = prepared.config, _splits(prepared)
    optimizer = config.train.optimizer
    return RunStarted(
        run=run.name,
        path=str(run.path),
        task=prepared.dataset.kind_of_task,
        seed=config.seed,
        data=config.data.name,
        num_train=len(splits["train"]),
        num_validation=len(splits.get("validation", ())),
        num_classes=len(prepared.dataset.target.class_names),
        batch_size=config.train.batch_size
        if isinstance(config.train.batch_size, int)
        else str(config.train.batch_size),
        steps_per_epoch=prepared.steps.per_epoch,
        model=config.model.name,
        num_parameters=int(prepared.model.count_params()),
        optimizer=f"{optimizer.name}, {optimizer.schedule.name} {optimizer.learning_rate:.1e}",
        precision=prepared.precision,
        device=prepared.placement.device,
        epochs=config.train.epochs,
        reading=in_words(word_facts(prepared)) if isinstance(prepared.dataset.input, TextInput) else "",
        choices=_choices(prepared),
    )
