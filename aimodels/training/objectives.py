"""What is minimised and what is measured while training, for each task and loss."""

from dataclasses import dataclass
from typing import Any

import keras

from aimodels.config.losses import Focal, Huber, Quantile
from aimodels.config.schema import Train
from aimodels.data.dataset import Target
from aimodels.training.target_scale import TargetScale


@dataclass(frozen=True)
class Objective:
    """What is minimised and what is measured. `one_hot`: the loss wants a row per target, not a class number."""

    loss: keras.losses.Loss
    metrics: list[keras.metrics.Metric]
    one_hot: bool


def objective_for(target: Target, train: Train, *, scale: TargetScale) -> Objective:
    """The loss on logits (or on scaled numbers) and the metrics for a task."""
    if target.task == "regression":
        return Objective(_of_numbers(train), _metrics_of_numbers(scale), one_hot=False)
    if target.task == "multilabel":
        return Objective(_of_yes_or_no(train), [keras.metrics.MeanMetricWrapper(_all_right, "accuracy")], one_hot=False)
    if target.task == "binary":
        # A logit of 0 is a probability of one half.
        accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
        return Objective(_of_yes_or_no(train), [accuracy], one_hot=False)
    smoothing, focal = train.label_smoothing, train.loss
    if isinstance(focal, Focal):
        loss: keras.losses.Loss = keras.losses.CategoricalFocalCrossentropy(
            from_logits=True, alpha=1.0, gamma=focal.gamma, label_smoothing=smoothing
        )
    elif smoothing:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    else:
        # Class numbers give the same loss as one-hot rows and need no rows.
        sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return Objective(sparse, [keras.metrics.SparseCategoricalAccuracy(name="accuracy")], one_hot=False)
    return Objective(loss, [keras.metrics.CategoricalAccuracy(name="accuracy")], one_hot=True)


def _of_yes_or_no(train: Train) -> keras.losses.Loss:
    smoothing = train.label_smoothing
    if isinstance(train.loss, Focal):
        return keras.losses.BinaryFocalCrossentropy(from_logits=True, gamma=train.loss.gamma, label_smoothing=smoothing)
    return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)


def _all_right(targets: Any, logits: Any) -> Any:
    """1 for an example all of whose labels are right, [N]; the accuracy that `aimodels eval` reports."""
    right = keras.ops.equal(keras.ops.greater(logits, 0), keras.ops.greater(targets, 0.5))
    return keras.ops.cast(keras.ops.all(right, axis=-1), "float32")


def _of_numbers(train: Train) -> keras.losses.Loss:
    match train.loss:
        case Huber(delta=delta):
            return keras.losses.Huber(delta=delta)
        case Quantile(quantile=quantile):
            return PinballLoss(quantile)
    return keras.losses.MeanAbsoluteError() if train.loss.name == "mae" else keras.losses.MeanSquaredError()


class PinballLoss(keras.losses.Loss):
    """What is too low costs `quantile` per unit, what is too high the rest of 1 (Koenker and Bassett, 1978)."""

    def __init__(self, quantile: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.quantile = quantile

    def call(self, targets: Any, answers: Any) -> Any:
        """Per example, [N]."""
        too_low = targets - answers
        return keras.ops.mean(keras.ops.maximum(self.quantile * too_low, (self.quantile - 1) * too_low), axis=-1)


def _metrics_of_numbers(scale: TargetScale) -> list[keras.metrics.Metric]:
    def absolute_error(targets: Any, answers: Any) -> Any:
        return scale.deviation * keras.ops.mean(keras.ops.abs(targets - answers), axis=-1)

    return [keras.metrics.MeanMetricWrapper(absolute_error, name="mae"), keras.metrics.R2Score(name="r2")]
