"""The training loop: an epoch of `model.fit`, then what happens between two epochs."""

import time

import tensorflow as tf

from aimodels.config.schema import TokenBudget
from aimodels.errors import FailedError
from aimodels.events import EpochEnded, EpochStarted, StoppedEarly, emit
from aimodels.runs.folder import RunFolder
from aimodels.training.checkpoints import save_best, save_last
from aimodels.training.image_source import broken_images_named
from aimodels.training.preparing import Prepared
from aimodels.training.progress import Progress, after_epoch
from aimodels.training.recording import Ending
from aimodels.training.stopping import LossNotFinite, StepWatcher, StopTraining, deadline, watching_signals
from aimodels.training.tensorboard import write_scalars


def fit(run: RunFolder, prepared: Prepared, *, ending: Ending) -> None:
    """Train epoch by epoch until done, stopped early, out of time or interrupted; `ending` learns which.

    Raises:
        FailedError: the loss is not finite, or memory is exhausted.
    """
    train, progress = prepared.config.train, prepared.progress
    with watching_signals() as signals:
        ends_at = deadline(train.max_time, started_at=time.perf_counter())
        watcher = StepWatcher(run, signals=signals, ends_at=ends_at, steps=prepared.steps.per_epoch)
        try:
            while progress.epochs_done < train.epochs and not progress.stop_reason:
                progress = one_epoch(run, prepared, progress=progress, watcher=watcher)
                ending.progress = progress
        except StopTraining as stop:
            ending.stop(stop, fraction=watcher.fraction)
            if not run.checkpoint("best").exists():
                # Nothing of a first, unfinished epoch is lost.
                save_last(run, prepared.network.whole, epoch=0)
                save_best(run, prepared.network.whole, epoch=0)
    reason = ending.reason or progress.stop_reason
    if reason:
        emit(StoppedEarly(epoch=progress.epochs_done, reason=reason))


def one_epoch(run: RunFolder, prepared: Prepared, *, progress: Progress, watcher: StepWatcher) -> Progress:
    """Train one epoch, write down what it gave, and give the state after it."""
    epoch = progress.epochs_done
    emit(EpochStarted(epoch + 1))
    started_at = time.perf_counter()
    metrics = _fit_epoch(run, prepared, epoch=epoch, watcher=watcher)
    seconds = time.perf_counter() - started_at
    metrics["learning_rate"] = prepared.last_rate
    after = after_epoch(progress, metrics, train=prepared.config.train)
    prepared.rate.reduction.assign(after.reduction)
    is_best = after.best.improved_at == after.epochs_done
    save_last(run, prepared.network.whole, epoch=epoch + 1)
    if is_best:
        save_best(run, prepared.network.whole, epoch=epoch + 1)
    run.add_epoch(metrics, epoch=epoch + 1)
    run.add_timing(epoch=epoch + 1, seconds=seconds, examples_per_second=len(prepared.dataset.train) / seconds)
    if prepared.config.train.tensorboard:
        write_scalars(run.tensorboard, metrics, epoch=epoch + 1)
    emit(_ended(after, metrics, prepared=prepared, seconds=seconds))
    return after


def _fit_epoch(run: RunFolder, prepared: Prepared, *, epoch: int, watcher: StepWatcher) -> dict[str, float]:
    train = prepared.config.train
    try:
        with broken_images_named(prepared.dataset):
            history = prepared.model.fit(
                prepared.batches.epoch(epoch),
                validation_data=prepared.batches.validation(),
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


def _ended(after: Progress, metrics: dict[str, float], *, prepared: Prepared, seconds: float) -> EpochEnded:
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


def _not_finite(run: RunFolder, prepared: Prepared, broken: LossNotFinite) -> FailedError:
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
