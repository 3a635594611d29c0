"""The training loop: an epoch of `model.fit`, then what happens between two epochs."""

import time
from collections.abc import Callable
from typing import Protocol

import keras
import tensorflow as tf

from aimodels.config.schema import Config, TokenBudget
from aimodels.data.dataset import Dataset
from aimodels.distribution.strategy import Placement
from aimodels.errors import FailedError
from aimodels.events import EpochEnded, EpochStarted, StoppedEarly, emit
from aimodels.runs.folder import RunFolder
from aimodels.training.ending import Ending
from aimodels.training.image_source import broken_images_named
from aimodels.training.progress import Progress, after_epoch
from aimodels.training.schedules import LearningRate, Steps
from aimodels.training.stopping import LeftEpoch, LossNotFinite, StepWatcher, StopTraining, deadline, watching_signals
from aimodels.training.tensorboard import write_scalars
from aimodels.training.unfreezing import train_layers


class EpochBatches(Protocol):
    """Where the batches of an epoch, and those to validate on, come from."""

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """The training batches of one epoch, counted from 0."""

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
    def model(self) -> keras.Model:
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

    def save(self, run: RunFolder, *, epoch: int, is_best: bool) -> None:
        """Keep what was learned in the epochs so far."""

    def leave(self, run: RunFolder, *, progress: Progress, stop: StopTraining, left: LeftEpoch) -> Progress:
        """Keep what an epoch that was left has learned, if it is to be kept; the state after it."""


Feed = Callable[[Callable[[], None]], EpochBatches]


def fit(run: RunFolder, prepared: Fitted, *, ending: Ending, feed: Feed | None = None) -> None:
    """Train epoch by epoch until done, stopped early, out of time or interrupted; `ending` learns which.

    `feed` gives the batches where they take a while to be made; it calls what it is given now and then.

    Raises:
        FailedError: the loss is not finite, or memory is exhausted.
    """
    train, progress = prepared.config.train, prepared.progress
    with watching_signals() as signals:
        ends_at = deadline(train.max_time, started_at=time.perf_counter())
        watcher = StepWatcher(run, signals=signals, ends_at=ends_at, steps=prepared.steps.per_epoch)
        try:
            batches = feed(watcher.look) if feed else prepared.batches
            while progress.epochs_done < train.epochs and not progress.stop_reason:
                progress = one_epoch(run, prepared, progress=progress, watcher=watcher, batches=batches)
                ending.progress = progress
        except StopTraining as stop:
            ending.stop(stop, fraction=watcher.fraction)
            progress = prepared.leave(run, progress=progress, stop=stop, left=watcher.left)
            if progress.epochs_done:
                ending.progress = progress
    reason = ending.reason or progress.stop_reason
    if reason:
        emit(StoppedEarly(epoch=progress.epochs_done, reason=reason))


def one_epoch(
    run: RunFolder, prepared: Fitted, *, progress: Progress, watcher: StepWatcher, batches: EpochBatches
) -> Progress:
    """Train one epoch, write down what it gave, and give the state after it."""
    epoch = progress.epochs_done
    emit(EpochStarted(epoch + 1))
    started_at = time.perf_counter()
    metrics = _fit_epoch(run, prepared, epoch=epoch, watcher=watcher, batches=batches)
    return end_epoch(run, prepared, progress=progress, metrics=metrics, seconds=time.perf_counter() - started_at)


def end_epoch(
    run: RunFolder, prepared: Fitted, *, progress: Progress, metrics: dict[str, float], seconds: float
) -> Progress:
    """Write down what one more epoch gave, keep what it learned, and give the state after it."""
    epoch = progress.epochs_done
    metrics["learning_rate"] = prepared.last_rate
    after = after_epoch(progress, metrics, train=prepared.config.train)
    prepared.rate.reduction.assign(after.reduction)
    is_best = after.best.improved_at == after.epochs_done
    prepared.save(run, epoch=epoch + 1, is_best=is_best)
    run.add_epoch(metrics, epoch=epoch + 1)
    run.add_timing(epoch=epoch + 1, seconds=seconds, examples_per_second=len(prepared.dataset.train) / seconds)
    if prepared.config.train.tensorboard:
        write_scalars(run.tensorboard, metrics, epoch=epoch + 1)
    emit(_ended(after, metrics, prepared=prepared, seconds=seconds))
    return after


def _fit_epoch(
    run: RunFolder, prepared: Fitted, *, epoch: int, watcher: StepWatcher, batches: EpochBatches
) -> dict[str, float]:
    train = prepared.config.train
    if train_layers(prepared.model, epoch=epoch):
        # What trains is part of the graph of a step.
        prepared.model.make_train_function(force=True)
    try:
        with broken_images_named(prepared.dataset):
            history = prepared.model.fit(
                batches.epoch(epoch),
                validation_data=batches.validation(),
                initial_epoch=epoch,
                epochs=epoch + 1,
                # The order is decided in the batches; Keras warns when it is asked to shuffle a dataset.
                shuffle=False,
                verbose=0,
                callbacks=[watcher],
            )
    except LossNotFinite as broken:
        raise _not_finite(run, prepared, broken) from broken
    except tf.errors.ResourceExhaustedError as error:
        raise FailedError(
            f"out of memory in epoch {epoch + 1} with batch size {train.batch_size} on {prepared.placement.device}",
            code="AM402",
            help=f"try {_half(train.batch_size)}; it changes the result, so it is left to you",
        ) from error
    metrics = {name: float(history.history[name][-1]) for name in sorted(history.history, key=_loss_first)}
    if not all(map(_is_finite, metrics.values())):
        raise _not_finite(
            run, prepared, LossNotFinite(epoch=epoch + 1, step=prepared.steps.per_epoch, last_finite=None)
        )
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


def _not_finite(run: RunFolder, prepared: Fitted, broken: LossNotFinite) -> FailedError:
    rate = prepared.last_rate
    before = "" if broken.last_finite is None else f"; it was {broken.last_finite:.4g} shortly before"
    kept = (
        "the checkpoints of the last good epoch are kept"
        if run.checkpoint("last").exists()
        else "no epoch was finished"
    )
    return FailedError(
        f"the loss is not a finite number in epoch {broken.epoch}, at or before step {broken.step}{before}",
        code="AM401",
        help=f"the learning rate was {rate:.2g}: try train.optimizer.learning_rate={rate / 10:.2g}, "
        "or train.optimizer.clip.norm=1.0; check the data for extreme values",
        notes=(f"{kept}: {run.checkpoints}",),
    )
