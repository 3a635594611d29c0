"""What a run was asked to be good at, and by which metric it is compared with models that were asked otherwise."""

from dataclasses import dataclass

import numpy as np

from aimodels.config.losses import quantile_of
from aimodels.config.schema import Config
from aimodels.evaluation.measured import Measured
from aimodels.prediction.outputs import EVEN

MEDIAN = 0.5
USUAL_LOSSES = ("auto", "cross_entropy", "mse", "huber")


@dataclass(frozen=True)
class Aim:
    """The metric to compare by. `is_usual` says that the baselines aim at the same: accuracy, or small squared errors.

    `quantile` is what a number is to be above of; None where its mean is wanted, or it is no number.
    """

    metric: str
    is_usual: bool = True
    quantile: float | None = None


def aim_of(config: Config, measured: Measured) -> Aim:
    """What the config asks for, in a metric that these examples can give."""
    task, metrics = measured.rows.task, measured.scores.metrics
    usual = Aim(measured.scores.main, is_usual=_is_usual(config, measured))
    if task == "regression":
        # The best answer for the mean absolute error is the median.
        quantile = MEDIAN if config.train.loss.name == "mae" else quantile_of(config.train.loss)
        metric = "mae" if config.train.loss.name == "mae" else usual.metric
        return Aim(metric, is_usual=usual.is_usual, quantile=quantile)
    # Neither follows the sizes of the classes; the area does not follow the threshold either.
    other = {"binary": "roc_auc", "multiclass": "macro_f1"}.get(task)
    if usual.is_usual or other is None or np.isnan(metrics[other]):
        return usual
    return Aim(other, is_usual=False)


def _is_usual(config: Config, measured: Measured) -> bool:
    rows, train, wanted = measured.rows, measured.chosen.train, config.train
    weighted = train is not None and train.weights is not None
    is_rebalanced = wanted.class_weights != "none" or wanted.sampling != "none"
    is_moved = rows.task == "binary" and config.evaluate.threshold != EVEN
    return wanted.loss.name in USUAL_LOSSES and not (weighted or is_rebalanced or is_moved)
