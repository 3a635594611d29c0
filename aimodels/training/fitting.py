"""The training loop: an epoch of `model.fit`, then what happens between two epochs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from aimodels.config.schema import Config, TokenBudget
from aimodels.data.dataset import Dataset
from aimodels.distribution.crew import Crew
from aimodels.distribution.strategy import Placement
from aimodels.errors import FailedError
from aimodels.events import EpochEnded, EpochStarted, StoppedEarly, emit
from aimodels.runs.folder import RunFolder
from aimodels.training.checkpointing import Start, StateKeeper
from aimodels.training.checkpoints import Write
from aimodels.training.ending import Ending
from aimodels.training.image_source import broken_images_named
from aimodels.training.progress import Progress, after_epoch
from aimodels.training.rolling_back import go_back, prepare_to_go_back
from aimodels.training.schedules import LearningRate, Steps
from aimodels.training.state import has_finite_weights
from aimodels.training.stepping import Stepping
from aimodels.training.stopping import LeftEpoch, LossNotFinite, StepWatcher, StopTraining, deadline, watching_signals
from aimodels.training.tensorboard import write_scalars
from aimodels.training.unfreezing import train_layers


class EpochBatches(Protocol):
    """Where the batches of an epoch, and those to validate on, come from."""

    def epoch(self, epoch: int, *, first_step: int = 0) -> tf.data.Dataset:
        """The training batches of one epoch from a step on, both counted from 0."""

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches; None where there is no validation split."""


class Fitted(Protocol):
    """What the loop must know of what it trains: a model that is compiled, its batches, how what it learned is kept."""

    @property
    def config(self) -> Config:
        """What was asked for."""

    @property
    def dataset(self) -> Dataset:
        """The examples."""

    @property
    def model(self) -> Stepping:
        """What `fit` is called on."""

    @property
    def batches(self) -> EpochBatches:
        """What it is given."""

    @property
    def steps(self) -> Steps:
        """How long it takes."""

    @property
    def rate(self) -> LearningRate:
        """The learning rate, which a plateau lowers."""

    @property
    def progress(self) -> Progress:
        """The state before the first epoch."""

    @property
    def placement(self) -> Placement:
        """Where it runs."""

    @property
    def last_rate(self) -> float:
        """The learning rate of the last step that was done."""

    @property
    def frozen(self) -> str:
        """A hash of the weights that never train and are no part of `model`; empty where there are none."""

    def best(self, run: RunFolder, *, epoch: int) -> Write:
        """Copy what was learned, the best so far, for whoever uses the run; what comes back writes it in any thread."""

    def save_last(self, run: RunFolder, *, epoch: int) -> None:
        """Keep what was learned when training ends."""

    def leave(self, run: RunFolder, *, progress: Progress, stop: StopTraining, left: LeftEpoch) -> Progress:
        """Keep what an epoch that was left has learned, if it is to be kept; the state after it."""


Feed = Callable[[Callable[[], None]], EpochBatches]


@dataclass(frozen=True)
class Loop:
    """What every epoch of one training has to do with."""

    run: RunFolder
    prepared: Fitted
    watcher: StepWatcher
    keeper: StateKeeper
    crew: Crew | None = None


def fit(
    run: RunFolder, prepared: Fitted, *, ending: Ending, feed: Feed | None = None, start: Start | None = None
) -> None:
    """Train epoch by epoch until done, stopped early, out of time or interrupted; `ending` learns which.

    `feed` gives the batches where they take a while to be made; it calls what it is given now and then. `start` is
    where a training goes on that was left.

    Raises:
        FailedError: the loss is not finite, or memory is exhausted.
        MachineError: the state cannot be written.
    """
    start = start or Start(prepared.progress)
    with watching_signals(run) as signals, StateKeeper(run, prepared, start=start) as keeper:
        ends_at = deadline(prepared.config.train.max_time, started_at=time.perf_counter())
        watcher = StepWatcher(run, signals=signals, ends_at=ends_at, steps=prepared.steps.per_epoch)
        loop = Loop(run, prepared, watcher, keeper, start.crew)
        if start.state is None:
            prepare_to_go_back(loop)
        try:
            batches = feed(watcher.look if start.crew is None else watcher.beat) if feed else prepared.batches
            _train(loop, batches, ending=ending)
        except StopTraining as stop:
            signals.left()
            ending.stop(stop, fraction=watcher.fraction)
            keeper.keep_left()
            progress = prepared.leave(run, progress=keeper.progress, stop=stop, left=watcher.left)
            if progress.epochs_done:
                ending.progress = progress
        signals.left()
        if signals.received and not ending.reason:
            # It came when nothing was left to train, and what follows training had better not begin.
            ending.stop(signals.as_stop(), fraction=0.0)
        keeper.wait()
        prepared.save_last(run, epoch=keeper.progress.epochs_done)
        _wait_for_chief(start.crew)
    ending.is_complete = not ending.reason
    reason = ending.reason or keeper.progress.stop_reason
    if reason:
        emit(StoppedEarly(epoch=keeper.progress.epochs_done, reason=reason))


def _wait_for_chief(crew: Crew | None) -> None:
    """Nobody leaves before the chief has written what is to be kept: where one ends, schedulers end the others."""
    if crew is None:
        return
    if crew.cluster.is_chief:
        crew.tell(b"written")
    else:
        crew.hear()


def _train(loop: Loop, batches: EpochBatches, *, ending: Ending) -> None:
    train, keeper = loop.prepared.config.train, loop.keeper
    if keeper.progress.epochs_done:
        ending.progress = keeper.progress
    loop.prepared.rate.reduction.assign(keeper.progress.share_of_rate)
    while keeper.progress.epochs_done < train.epochs and not keeper.progress.stop_reason:
        try:
            ending.progress = one_epoch(loop, batches)
        except LossNotFinite as broken:
            go_back(loop, broken)
            ending.progress = keeper.progress if keeper.progress.epochs_done else None


def one_epoch(loop: Loop, batches: EpochBatches) -> Progress:
    """Train one epoch, or the rest of one, write down what it gave, and give the state after it."""
    keeper, watcher = loop.keeper, loop.watcher
    emit(EpochStarted(keeper.progress.epochs_done + 1))
    before = keeper.epoch_seconds_before
    watcher.go_on(keeper.position.step, seconds=before)
    started_at = time.perf_counter()
    metrics = _fit_epoch(loop, batches)
    seconds = before + time.perf_counter() - started_at
    progress = end_epoch(loop.run, loop.prepared, progress=keeper.progress, metrics=metrics, seconds=seconds)
    keeper.end_epoch(progress)
    return progress


def end_epoch(
    run: RunFolder, prepared: Fitted, *, progress: Progress, metrics: dict[str, float], seconds: float
) -> Progress:
    """Write down what one more epoch gave, and give the state after it."""
    epoch = progress.epochs_done
    metrics["learning_rate"] = prepared.last_rate
    after = after_epoch(progress, metrics, train=prepared.config.train)
    prepared.rate.reduction.assign(after.share_of_rate)
    run.add_epoch(metrics, epoch=epoch + 1)
    run.add_timing(epoch=epoch + 1, seconds=seconds, examples_per_second=len(prepared.dataset.train) / seconds)
    if prepared.config.train.tensorboard:
        write_scalars(run.tensorboard, metrics, epoch=epoch + 1)
    emit(_ended(after, metrics, prepared=prepared, seconds=seconds))
    return after


def _fit_epoch(loop: Loop, batches: EpochBatches) -> dict[str, float]:
    prepared, epoch, train = loop.prepared, loop.keeper.position.epoch, loop.prepared.config.train
    if train_layers(prepared.model, epoch=epoch):
        # What trains is part of the graph of a step.
        prepared.model.make_train_function(force=True)
    try:
        with broken_images_named(prepared.dataset):
            found = _measured_epoch(loop, batches, epoch=epoch)
    except tf.errors.ResourceExhaustedError as error:
        raise FailedError(
            f"out of memory in epoch {epoch + 1} with batch size {train.batch_size} on {prepared.placement.device}",
            code="AM402",
            help=f"try {_half(train.batch_size)}; it changes the result, so it is left to you",
        ) from error
    except tf.errors.OpError:
        if loop.crew is not None:
            loop.crew.give_up_the_silent()
        raise
    metrics = {name: found[name] for name in sorted(found, key=_loss_first)}
    if not all(map(_is_finite, metrics.values())) or not has_finite_weights(prepared.model):
        raise LossNotFinite(epoch=epoch + 1, step=prepared.steps.per_epoch, last_finite=None)
    return metrics


def _measured_epoch(loop: Loop, batches: EpochBatches, *, epoch: int) -> dict[str, float]:
    """What an epoch gave, or the rest of one that goes on."""
    prepared, step = loop.prepared, loop.keeper.position.step
    if step == prepared.steps.per_epoch:
        return _validated(loop, batches, epoch=epoch)
    train = batches.epoch(epoch, first_step=step)
    if step:
        # They have values already, which are put back when Keras begins the epoch.
        prepared.model.make_measures(train)
    history = prepared.model.fit(
        train,
        validation_data=batches.validation(),
        initial_epoch=epoch,
        epochs=epoch + 1,
        # The order is decided in the batches; Keras warns when it is asked to shuffle a dataset.
        shuffle=False,
        verbose=0,
        callbacks=[loop.keeper, loop.watcher],
    )
    return {name: float(values[-1]) for name, values in history.history.items()}


def _validated(loop: Loop, batches: EpochBatches, *, epoch: int) -> dict[str, float]:
    """What an epoch gave whose steps were all done when it was left, once it is validated."""
    metrics, validation = dict(loop.keeper.measured), batches.validation()
    loop.watcher.on_epoch_begin(epoch)
    if validation is not None:
        model = loop.prepared.model
        found = model.evaluate(validation, verbose=0, return_dict=True, callbacks=[loop.watcher])
        metrics |= {f"val_{name}": float(value) for name, value in found.items()}
    return metrics


def _half(batch_size: int | TokenBudget) -> str:
    if isinstance(batch_size, int):
        return f"train.batch_size={max(1, batch_size // 2)}"
    return f"train.batch_size.tokens={max(1, batch_size.tokens // 2)}"


def _loss_first(name: str) -> tuple[bool, bool]:
    return name.startswith("val_"), not name.endswith("loss")


def _is_finite(value: float) -> bool:
    return abs(value) < float("inf")


def _ended(after: Progress, metrics: dict[str, float], *, prepared: Fitted, seconds: float) -> EpochEnded:
    stopping, early = after.stopping, prepared.config.train.early_stopping
    return EpochEnded(
        epoch=after.epochs_done,
        epochs=prepared.config.train.epochs,
        metrics=metrics,
        seconds=seconds,
        is_best=after.best.improved_at == after.epochs_done,
        monitor=after.best.metric,
        best=after.best.best,
        best_epoch=after.best.improved_at,
        patience=f"{stopping.since}/{early.patience}" if stopping and early else "",
    )
