"""From a config to a finished pre-training: the whole way on one screen, in the order of the data."""

import math
import os
import time
from dataclasses import dataclass

from aimodels.config.loading import Loaded
from aimodels.data.dataset import Dataset
from aimodels.data.loading import load_dataset
from aimodels.data.pretraining_suitability import check_suits_pretraining
from aimodels.distribution.strategy import cluster_for, place
from aimodels.distribution.tensorflow_start import choose_devices
from aimodels.errors import FailedError
from aimodels.events import EpochEnded, emit, phase, warn
from aimodels.pretraining.ability import check_pretraining_without_data
from aimodels.pretraining.preparing import PreparedPretraining, prepare
from aimodels.pretraining.recording import recording
from aimodels.pretraining.texts import texts_alone
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace
from aimodels.training.crewed import met, run_of
from aimodels.training.ending import Ending
from aimodels.training.fitting import fit
from aimodels.training.preparing import resolved
from aimodels.training.resuming import start_of
from aimodels.training.seeding import seed_everything


def pretrain(loaded: Loaded, where: RunPlace) -> RunFolder:
    """Go on pre-training the encoder of a config on its texts, and give the run folder, which holds the encoder.

    Raises:
        UserError: whatever the user can mend, before a folder is made where possible.
    """
    cluster = cluster_for(loaded.config.train, os.environ)
    loaded, dataset = _read(loaded)
    config = loaded.config
    with met(cluster, loaded, dataset) as crew:
        placement = place(config.train, cluster=cluster)
        seed_everything(config.seed, deterministic=config.train.deterministic)
        with phase("building model"), placement.strategy.scope():
            prepared = prepare(config, dataset, placement=placement)
        with run_of(crew, loaded, where) as run:
            start = start_of(run, prepared, where=where, crew=crew)
            with recording(run, loaded, prepared, where=where, start=start) as ending:
                if start.state is None:
                    _tell_before(run, prepared)
                fit(run, prepared, ending=ending, start=start)
                _warn_if_worse(run, ending)
    return run


@dataclass(frozen=True)
class DryRun:
    """What would be trained, and what it says to one batch before that."""

    num_parameters: int
    num_windows: int
    loss: float


def dry_run(loaded: Loaded) -> DryRun:
    """Read and build everything, and take the loss of the first batch.

    Raises:
        UserError: whatever would also stop the training.
    """
    loaded, dataset = _read(loaded)
    placement = place(loaded.config.train)
    seed_everything(loaded.config.seed, deterministic=loaded.config.train.deterministic)
    with placement.strategy.scope():
        prepared = prepare(loaded.config, dataset, placement=placement)
    loss = prepared.model.evaluate(
        prepared.batches.epoch(0).take(prepared.placement.num_local), verbose=0, return_dict=True
    )["loss"]
    if not math.isfinite(loss):
        raise FailedError(
            "the loss of the first batch is not a finite number",
            code="AM401",
            help="look at the encoder's files; train.precision=float32 rules out numbers of half the size",
        )
    return DryRun(prepared.num_parameters, len(prepared.batches.windows), float(loss))


def _read(loaded: Loaded) -> tuple[Loaded, Dataset]:
    """The config with what was inferred, and the texts."""
    config = loaded.config
    check_pretraining_without_data(config)
    choose_devices(config.train.device)
    with phase("reading data"):
        dataset = load_dataset(config.data, seed=config.seed)
    check_suits_pretraining(config, dataset=dataset)
    return resolved(loaded, dataset), texts_alone(dataset)


def _tell_before(run: RunFolder, prepared: PreparedPretraining) -> None:
    """Measure the encoder as it is, which is the first line of the history; nothing without a validation split."""
    started_at = time.perf_counter()
    measured = prepared.measured()
    if not measured:
        return
    unknown = float("nan")
    metrics = dict.fromkeys(prepared.metric_names, unknown) | measured | {"learning_rate": unknown}
    run.add_epoch(metrics, epoch=0)
    epochs, watched = prepared.config.train.epochs, prepared.progress.best.metric
    seconds = time.perf_counter() - started_at
    emit(EpochEnded(epoch=0, epochs=epochs, metrics=metrics, seconds=seconds, is_best=False, monitor=watched))


def _warn_if_worse(run: RunFolder, ending: Ending) -> None:
    progress = ending.progress
    # What another worker than the chief has written down begins where the run went on.
    if progress is None or run.worker is not None:
        return
    history = run.history()
    if 0 not in history["epoch"]:
        return
    was, now = (history["val_perplexity"][history["epoch"].index(each)] for each in (0, progress.best.improved_at))
    if now >= was:
        warn(
            "AM561",
            f"perplexity did not fall: {was:.4g} before, {now:.4g} in the best epoch",
            help="train longer, with a lower learning rate and a warm-up, or on more texts; the encoder of the run is "
            "no better than the one it began with",
        )
