"""The learning rate as a function of the step: warm-up, then the schedule, then what a plateau took away."""

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops
from pydantic import TypeAdapter

from aimodels.config.optimizers import (
    AnySchedule,
    Constant,
    Cosine,
    Exponential,
    Linear,
    OneCycle,
    Optimizer,
    OptimizerSection,
    Plateau,
    Step,
)


@dataclass(frozen=True)
class Steps:
    """How long training is, in optimizer steps."""

    per_epoch: int
    epochs: int

    @property
    def total(self) -> int:
        """Steps of the whole training."""
        return self.per_epoch * self.epochs


@keras.saving.register_keras_serializable(package="aimodels")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """The full rate times the schedule's share of it at a step. `reduction` is lowered by hand on a plateau."""

    def __init__(self, section: OptimizerSection, *, steps: Steps) -> None:
        self.section = section
        self.steps = steps
        self.reduction = keras.Variable(1.0, trainable=False, name="plateau_reduction")

    def __call__(self, step: Any) -> Any:
        """The rate at an optimizer step, counted from 0."""
        position = ops.cast(step, "float32")
        share = self._warmup(position) * _share(self.section.schedule, position, steps=self.steps)
        return self.section.learning_rate * share * self.reduction

    def _warmup(self, position: Any) -> Any:
        steps = self.section.schedule.warmup_epochs * self.steps.per_epoch
        return ops.minimum(1.0, (position + 1.0) / steps) if steps >= 1 else 1.0

    def get_config(self) -> dict[str, Any]:
        """What the rate depends on; the weights of a run hold its optimizer's state."""
        return {"section": self.section.model_dump(), "per_epoch": self.steps.per_epoch, "epochs": self.steps.epochs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LearningRate":
        """The rate from what `get_config` gave."""
        section: OptimizerSection = TypeAdapter(Optimizer).validate_python(config["section"])
        return cls(section, steps=Steps(per_epoch=config["per_epoch"], epochs=config["epochs"]))


def _share(schedule: AnySchedule, position: Any, *, steps: Steps) -> Any:
    """The share of the full rate at `position`, a float32 tensor of optimizer steps."""
    warmup = schedule.warmup_epochs * steps.per_epoch
    epochs_done = ops.maximum(position - warmup, 0.0) / steps.per_epoch
    match schedule:
        case Constant() | Plateau():
            return 1.0
        case Step():
            return schedule.factor ** ops.floor(epochs_done / schedule.every_epochs)
        case Exponential():
            return schedule.factor**epochs_done
        case Cosine():
            progress = _progress(position, start=warmup, end=steps.total)
            return schedule.end_factor + (1.0 - schedule.end_factor) * _half_cosine(progress)
        case Linear():
            progress = _progress(position, start=warmup, end=steps.total)
            return 1.0 - (1.0 - schedule.end_factor) * progress
        case OneCycle():
            return _one_cycle(schedule, position, steps=steps)


def _one_cycle(schedule: OneCycle, position: Any, *, steps: Steps) -> Any:
    peak = schedule.peak_at * steps.total
    rising = 1.0 - _half_cosine(_progress(position, start=0.0, end=peak))
    falling = _half_cosine(_progress(position, start=peak, end=steps.total))
    up = schedule.start_factor + (1.0 - schedule.start_factor) * rising
    down = schedule.end_factor + (1.0 - schedule.end_factor) * falling
    return ops.where(position < peak, up, down)


def _progress(position: Any, *, start: float, end: float) -> Any:
    return ops.clip((position - start) / max(end - start, 1.0), 0.0, 1.0)


def _half_cosine(progress: Any) -> Any:
    """From 1 at progress 0 down to 0 at progress 1."""
    return 0.5 * (1.0 + ops.cos(math.pi * progress))
