"""What training knows of itself between two epochs: the best value, how long nothing improved, when to stop."""

import math
from dataclasses import dataclass, replace

from aimodels.config.optimizers import Plateau
from aimodels.config.schema import Train
from aimodels.data.dataset import Dataset, TableInput
from aimodels.data.plurals import counted
from aimodels.errors import ConfigError, Problem

HIGHER_IS_BETTER = ("accuracy", "next_accuracy", "auc", "precision", "recall", "f1", "r2")
# What is measured besides the loss, where it is not the accuracy.
MEASURED = {"regression": ("mae", "r2"), "none": ("accuracy", "perplexity")}


@dataclass(frozen=True)
class Watch:
    """One metric under observation. `improved_at` is the epoch (from 1) of its best value, 0 before the first.

    Between two epochs of equal accuracy the one with the lower loss is better, where `tie_breaker` names that loss.
    """

    metric: str
    mode: str
    best: float
    improved_at: int = 0
    since: int = 0
    min_delta: float = 0.0
    tie_breaker: str = ""
    best_at_tie: float = math.inf

    def after(self, epoch: int, metrics: dict[str, float]) -> "Watch":
        """The watch after an epoch with these metrics."""
        value = metrics[self.metric]
        gain = value - self.best if self.mode == "max" else self.best - value
        loss = metrics[self.tie_breaker] if self.tie_breaker else math.inf
        if gain > self.min_delta or self.improved_at == 0 or (gain == 0 and loss < self.best_at_tie):
            return replace(self, best=value, improved_at=epoch, since=0, best_at_tie=loss)
        return replace(self, since=self.since + 1)


@dataclass(frozen=True)
class Progress:
    """The state of a training between two epochs; everything a resumed run needs besides the weights.

    `reduction` is what plateaus have left of the learning rate, `rollback_share` what rollbacks have; `rollbacks` is
    how often the loss was not finite.
    """

    epochs_done: int
    best: Watch
    stopping: Watch | None
    plateau: Watch | None
    reduction: float = 1.0
    stop_reason: str = ""
    rollbacks: int = 0
    rollback_share: float = 1.0

    @property
    def share_of_rate(self) -> float:
        """What plateaus and rollbacks have left of the learning rate."""
        return self.reduction * self.rollback_share


def begin(train: Train, dataset: Dataset) -> Progress:
    """The state before the first epoch.

    Raises:
        ConfigError: a metric to watch needs a validation split, and there is none.
    """
    schedule = train.optimizer.schedule
    stopping, plateau = train.early_stopping, schedule if isinstance(schedule, Plateau) else None
    return Progress(
        epochs_done=0,
        best=_with_tie_breaker(watch(train.monitor, train=train, dataset=dataset, where="train.monitor")),
        stopping=None
        if stopping is None
        else replace(
            watch(stopping.monitor, train=train, dataset=dataset, where="train.early_stopping.monitor"),
            min_delta=stopping.min_delta,
        ),
        plateau=None
        if plateau is None
        else watch(plateau.monitor, train=train, dataset=dataset, where="train.optimizer.schedule.monitor"),
    )


def _with_tie_breaker(watched: Watch) -> Watch:
    return (
        replace(watched, tie_breaker=watched.metric.replace("accuracy", "loss")) if watched.mode == "max" else watched
    )


def watch(wanted: str, *, train: Train, dataset: Dataset, where: str) -> Watch:
    """A watch on a metric; `auto` stands for that of `train.monitor`, or the usual one for the task."""
    metric = wanted if wanted != "auto" else train.monitor
    if metric == "auto":
        # Of few rows or of classes of unequal size, accuracy hardly tells two epochs apart.
        by_loss = dataset.target.task in MEASURED or isinstance(dataset.input, TableInput)
        metric = "loss" if by_loss else "accuracy"
        metric = metric if dataset.validation is None else f"val_{metric}"
    known = ["loss", *MEASURED.get(dataset.target.task, ("accuracy",))]
    if dataset.validation is not None:
        known += [f"val_{name}" for name in known]
    if metric not in known:
        message = f"`{where}` names the metric {metric!r}, which this training does not measure"
        missing = metric.startswith("val_") and dataset.validation is None
        reason = "there is no validation split: set `data.validation: 0.1`; or use" if missing else "there are:"
        raise ConfigError(
            [Problem(code="AM308", message=message, path=where, help=f"{reason} {', '.join(known)}")], source="train"
        )
    mode = "max" if metric.removeprefix("val_") in HIGHER_IS_BETTER else "min"
    return Watch(metric=metric, mode=mode, best=-math.inf if mode == "max" else math.inf)


def after_epoch(progress: Progress, metrics: dict[str, float], *, train: Train) -> Progress:
    """The state after one more epoch."""
    epoch = progress.epochs_done + 1
    best = progress.best.after(epoch, metrics)
    stopping = progress.stopping and progress.stopping.after(epoch, metrics)
    plateau = progress.plateau and progress.plateau.after(epoch, metrics)
    reduction, schedule = progress.reduction, train.optimizer.schedule
    if plateau and isinstance(schedule, Plateau) and plateau.since >= schedule.patience:
        reduction = max(schedule.min_factor, reduction * schedule.factor)
        plateau = replace(plateau, since=0)
    reason = ""
    if stopping and train.early_stopping and stopping.since >= train.early_stopping.patience:
        reason = f"{stopping.metric} did not improve for {counted(stopping.since, 'epoch')}"
    return replace(
        progress,
        epochs_done=epoch,
        best=best,
        stopping=stopping,
        plateau=plateau,
        reduction=reduction,
        stop_reason=reason,
    )
