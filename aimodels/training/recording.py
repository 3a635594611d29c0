"""What a run leaves behind besides its weights: `run.json`, samples."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from aimodels import discovery
from aimodels.config.loading import Loaded
from aimodels.config.schema import Config
from aimodels.data.class_counts import examples_per_class
from aimodels.data.dataset import Dataset, Split, TableInput, TextInput
from aimodels.data.thumbnails import encode
from aimodels.distribution.tensorflow_start import move_log
from aimodels.events import RunStarted
from aimodels.runs.atomic import write_json
from aimodels.runs.environment import environment
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace
from aimodels.runs.signature import signature_of
from aimodels.training.checkpointing import Start
from aimodels.training.ending import Ending, kept
from aimodels.training.image_source import broken_images_named
from aimodels.training.resuming import go_on_in, goes_on_in, resumed_event
from aimodels.training.table_facts import columns_seen, first_rows, label_of
from aimodels.training.word_facts import (
    facts_of_texts,
    lengths_of,
    sampled_texts,
    text_samples,
    texts_in_words,
    warn_of_cut,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from aimodels.distribution.strategy import Placement
    from aimodels.training.preparing import Prepared
    from aimodels.training.progress import Progress
    from aimodels.training.schedules import Steps
    from aimodels.training.speed import Speed

NUM_SAMPLES = 25


class Recorded(Protocol):
    """What is written down of anything that is trained."""

    @property
    def config(self) -> Config:
        """What was asked for."""

    @property
    def dataset(self) -> Dataset:
        """The examples."""

    @property
    def num_parameters(self) -> int:
        """The numbers that what is saved consists of."""

    @property
    def num_trainable(self) -> int:
        """The numbers that train in some epoch."""

    @property
    def progress(self) -> "Progress":
        """The state before the first epoch."""

    @property
    def steps(self) -> "Steps":
        """How long it takes."""

    @property
    def placement(self) -> "Placement":
        """Where it runs."""

    @property
    def precision(self) -> str:
        """The number format of the layers."""

    @property
    def speed(self) -> "Speed":
        """How the loop is driven."""

    @property
    def choices(self) -> dict[str, str]:
        """What else was chosen, and why; what is empty is not told."""


@contextmanager
def recording(
    run: RunFolder, loaded: Loaded, prepared: "Prepared", *, where: RunPlace, start: Start
) -> Iterator[Ending]:
    """Begin the run folder, or go on in it, listen while the block trains, and write down how it ended, whatever
    happens."""
    resumed = resumed_event(run, prepared, start=start) if goes_on_in(run, where) else None
    with kept(
        run,
        begin=lambda: (
            _go_on(run, loaded, prepared, where=where, start=start)
            if resumed
            else _begin(run, loaded, prepared, where=where)
        ),
        started=lambda: started(run, prepared, reading=texts_in_words(prepared)),
        resumed=resumed,
    ) as ending:
        yield ending


def _begin(run: RunFolder, loaded: Loaded, prepared: "Prepared", *, where: RunPlace) -> None:
    """Write what is known before the first step."""
    facts = facts_of(loaded, prepared, where=where)
    if texts := facts_of_texts(prepared):
        facts["words"] = texts
    warn_of_cut(prepared)
    begin(run, loaded, prepared, facts=facts)
    _keep_samples(run, prepared)
    run.become_latest(where.runs_dir)


def _go_on(run: RunFolder, loaded: Loaded, prepared: "Prepared", *, where: RunPlace, start: Start) -> None:
    go_on_in(run, loaded, where=where, start=start, num_replicas=prepared.placement.num_replicas)
    # It may have been killed before all of this was written, or have lost it since.
    if start.state is None or not (run.environment_file.exists() and run.signature_file.exists()):
        write_what_it_takes(run, prepared)
    if start.state is None:
        _keep_samples(run, prepared)


def begin(run: RunFolder, loaded: Loaded, prepared: Recorded, *, facts: dict[str, Any]) -> None:
    """Write what was asked for, these facts, where it runs and what it takes."""
    run.start(loaded.config, stem=loaded.name, source=loaded.source, facts=facts)
    move_log(run.tensorflow_log)
    write_what_it_takes(run, prepared)


def write_what_it_takes(run: RunFolder, prepared: Recorded) -> None:
    """Write where it runs and what it takes."""
    write_json(run.environment_file, environment())
    write_json(run.signature_file, signature_of(prepared.dataset))


def facts_of(loaded: Loaded, prepared: Recorded, *, where: RunPlace) -> dict[str, Any]:
    """What `run.json` says of anything that is trained, before its first step."""
    import hashlib

    provenance, watch = prepared.dataset.provenance, prepared.progress.best
    architecture = discovery.plugin("architectures", prepared.config.model.name)
    identity_of = getattr(architecture, "encoder_identity", None)
    return {
        "task": prepared.dataset.kind_of_task,
        "dataset": prepared.config.data.name,
        "architecture": prepared.config.model.name,
        "config_sha256": hashlib.sha256(loaded.source.encode()).hexdigest(),
        "asked_data": loaded.asked.data.model_dump(mode="json") if loaded.asked else None,
        "data": provenance.description,
        "data_fingerprint": provenance.fingerprint,
        "data_counts": provenance.counts,
        "encoder_identity": identity_of(prepared.config.model) if identity_of else None,
        "num_examples": prepared.dataset.num_examples,
        "num_parameters": prepared.num_parameters,
        "num_trainable": prepared.num_trainable,
        "monitor": watch.metric,
        "mode": watch.mode,
        "best": None,
        "epochs_done": 0,
        "epochs_planned": prepared.config.train.epochs,
        "steps_per_epoch": prepared.steps.per_epoch,
        "device": prepared.placement.device,
        "num_replicas": prepared.placement.num_replicas,
        "precision": prepared.precision,
        "choices": _choices(prepared),
        "tags": list(where.tags),
        "notes": where.notes,
        "parent": None,
        "error": None,
        "ended": None,
        "seconds": None,
    }


def _splits(prepared: Recorded) -> dict[str, Split]:
    splits = {name: prepared.dataset.split(name) for name in ("train", "validation", "test")}
    return {name: split for name, split in splits.items() if split is not None}


def _choices(prepared: Recorded) -> dict[str, str]:
    chosen = {name: told for name, told in prepared.choices.items() if told}
    return {"strategy": prepared.placement.reason, **prepared.speed.reasons, **chosen}


def _keep_samples(run: RunFolder, prepared: "Prepared") -> None:
    """Some examples as the network will see them, and what the splits hold."""
    if isinstance(prepared.dataset.input, TableInput):
        samples = first_rows(prepared.dataset, count=NUM_SAMPLES)
        write_json(run.plot_data / "columns.json", columns_seen(prepared.dataset))
    elif isinstance(prepared.dataset.input, TextInput):
        samples = _texts(prepared)
    else:
        samples = _first_batch(prepared)
    write_json(run.plot_data / "samples.json", samples)
    if isinstance(prepared.dataset.input, TextInput):
        write_json(run.plot_data / "lengths.json", lengths_of(prepared))
    names = prepared.dataset.target.class_names
    if names:
        counts = {name: examples_per_class(split, num_classes=len(names)) for name, split in _splits(prepared).items()}
        write_json(run.plot_data / "class_balance.json", {"class_names": list(names), "splits": counts})


def _texts(prepared: "Prepared") -> dict[str, Any]:
    """Texts of every length, changed at random as they will be. A batch has texts of one length only."""
    positions = sampled_texts(prepared, count=NUM_SAMPLES)
    ids, targets, *_ = prepared.batches.sample(positions)
    samples = text_samples(prepared, positions=positions, ids=ids.numpy())
    return {**samples, "labels": _labels(targets.numpy(), prepared=prepared)}


def _first_batch(prepared: "Prepared") -> dict[str, Any]:
    """Images of the first batch, changed at random as they will be."""
    with broken_images_named(prepared.dataset):
        examples, targets, *_ = prepared.batches.sample(prepared.batches.order(0).batch(0)[:NUM_SAMPLES])
    return {"images": encode(examples.numpy()), "labels": _labels(targets.numpy(), prepared=prepared)}


def _labels(targets: "npt.NDArray[Any]", *, prepared: "Prepared") -> list[str]:
    """What the targets of a batch stand for."""
    target, scale = prepared.dataset.target, prepared.batches.scale
    if target.task == "multilabel":
        return [label_of(row, target=target) for row in targets]
    wanted = targets.argmax(axis=-1) if prepared.batches.one_hot else targets.ravel()
    return [label_of(scale.mean + scale.deviation * each, target=target) for each in wanted]


def started(run: RunFolder, prepared: Recorded, *, reading: str) -> RunStarted:
    """The event that says what begins; `reading` is what became of the texts, if it is about texts."""
    config, splits = prepared.config, _splits(prepared)
    optimizer = config.train.optimizer
    return RunStarted(
        run=run.name,
        path=str(run.chief.path),
        worker=run.worker,
        task=prepared.dataset.kind_of_task,
        seed=config.seed,
        data=config.data.name,
        num_train=len(splits["train"]),
        num_validation=len(splits["validation"]) if "validation" in splits else 0,
        num_classes=len(prepared.dataset.target.class_names),
        batch_size=config.train.batch_size
        if isinstance(config.train.batch_size, int)
        else str(config.train.batch_size),
        steps_per_epoch=prepared.steps.per_epoch,
        model=config.model.name,
        num_parameters=prepared.num_parameters,
        num_trainable=prepared.num_trainable if prepared.num_trainable < prepared.num_parameters else None,
        optimizer=f"{optimizer.name}, {optimizer.schedule.name} {optimizer.learning_rate:.1e}",
        precision=prepared.precision,
        device=prepared.placement.device,
        epochs=config.train.epochs,
        reading=reading,
        choices=_choices(prepared),
    )
