"""From true numbers and predicted ones to every score of a regression.

A score that a split cannot give is NaN here, null in the document, and `reasons` says why.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.evaluation.intervals import Estimate, estimate, wilson
from aimodels.runs.atomic import finite

Floats = npt.NDArray[np.float64]

METRICS = ("r2", "mae", "rmse", "mape", "median_absolute_error", "max_error", "mean_error")
# Of a run that was trained for a quantile, these say how well it is met.
OF_QUANTILES = ("pinball_loss", "share_below")
# Those in the unit of the target; the others have none.
IN_UNIT = ("mae", "rmse", "median_absolute_error", "max_error", "mean_error", "pinball_loss")


@dataclass(frozen=True)
class RegressionScores:
    """Everything measured on one split. `intervals` are 95 % intervals of some of the metrics, by name.

    `quantile` is the one that the run was trained for, None where it was trained for something else.
    """

    num_examples: int
    unit: str | None
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    reasons: dict[str, str]
    quantile: float | None = None

    @property
    def main(self) -> str:
        """The metric that stands for the others."""
        return "r2" if self.quantile is None else "pinball_loss"

    def as_document(self) -> dict[str, Any]:
        """The scores as strict JSON."""
        document: dict[str, Any] = finite(
            {
                "num_examples": self.num_examples,
                "class_names": [],
                "unit": self.unit,
                **({} if self.quantile is None else {"quantile": self.quantile}),
                "metrics": self.metrics,
                "intervals": self.intervals,
                "reasons": self.reasons,
            }
        )
        return document


def score_numbers(
    targets: Floats, predictions: Floats, *, unit: str | None, quantile: float | None = None
) -> RegressionScores:
    """Every score of the predicted numbers ([N]) against the true ones ([N]).

    `mean_error` is the bias: above zero where the predictions are too large. `mape` is a share, 0.08 for 8 %. Of
    a quantile there are two scores more: the pinball loss, and the share of the targets at or below the answer. The
    intervals are those of the normal distribution, with the standard error by the delta method: R2 and RMSE are
    functions of means over the examples.

    Raises:
        ValueError: the arrays do not belong together, are empty, or hold a number that is not finite.
    """
    _expect_whole(targets, predictions)
    errors = predictions.astype(np.float64) - targets
    sizes = np.abs(errors)
    constant = float(np.var(targets)) == 0 or bool((targets == targets[0]).all())
    estimates = _estimates(targets, errors, constant=constant)
    if quantile is not None:
        estimates |= _of_quantile(errors, quantile=quantile)
    has_zero = bool((targets == 0).any())
    others = {
        "mape": np.nan if has_zero else float(np.mean(sizes / np.abs(targets))),
        "median_absolute_error": float(np.median(sizes)),
        "max_error": float(sizes.max()),
    }
    values = {name: one.value for name, one in estimates.items()} | others
    return RegressionScores(
        num_examples=len(targets),
        unit=unit,
        metrics={name: float(values[name]) for name in number_metrics(quantile)},
        intervals={name: one.interval for name, one in estimates.items() if one.interval is not None},
        reasons=_reasons(constant=constant, num_zeros=int((targets == 0).sum()), num_examples=len(targets)),
        quantile=quantile,
    )


def number_metrics(quantile: float | None) -> tuple[str, ...]:
    """The single numbers that `score_numbers` gives, in the order of the report."""
    return METRICS if quantile is None else (*METRICS, *OF_QUANTILES)


def _estimates(targets: Floats, errors: Floats, *, constant: bool) -> dict[str, Estimate]:
    sizes, mean_squared = np.abs(errors), float(np.mean(np.square(errors)))
    explained, root = np.nan if constant else 1 - mean_squared / float(np.var(targets)), mean_squared**0.5
    return {
        "r2": estimate(explained, influence=_of_r2(targets, errors), highest=1.0),
        "mae": estimate(float(sizes.mean()), influence=sizes, lowest=0.0),
        "rmse": estimate(root, influence=np.square(errors) / (2 * root or 1.0), lowest=0.0),
        "mean_error": estimate(float(errors.mean()), influence=errors),
    }


def _of_quantile(errors: Floats, *, quantile: float) -> dict[str, Estimate]:
    """What is too low costs `quantile` per unit, what is too high the rest of 1 (Koenker and Bassett, 1978)."""
    losses = np.maximum(-quantile * errors, (1 - quantile) * errors)
    below = errors >= 0
    share = wilson(np.array([below.sum()]), np.array([len(errors)]))
    return {
        "pinball_loss": estimate(float(losses.mean()), influence=losses, lowest=0.0),
        "share_below": Estimate(float(below.mean()), (float(share.low[0]), float(share.high[0]))),
    }


def _expect_whole(targets: Floats, predictions: Floats) -> None:
    if not len(targets):
        raise ValueError("there are no examples to score")
    if targets.shape != predictions.shape or targets.ndim != 1:
        raise ValueError(f"one number per example is wanted, got {list(predictions.shape)} for {list(targets.shape)}")
    if not (np.isfinite(targets).all() and np.isfinite(predictions).all()):
        raise ValueError("the numbers must be finite")


def _of_r2(targets: Floats, errors: Floats) -> Floats:
    """How much each example moves R2 = 1 - mean(errors^2) / var(targets), but for a constant."""
    variance = float(np.var(targets)) or 1.0
    unexplained = float(np.mean(np.square(errors))) / variance
    moved: Floats = (unexplained * np.square(targets - targets.mean()) - np.square(errors)) / variance
    return moved


def _reasons(*, constant: bool, num_zeros: int, num_examples: int) -> dict[str, str]:
    reasons = {}
    if num_examples == 1:
        reasons["r2"] = "there is a single example, so nothing varies that could be explained"
    elif constant:
        reasons["r2"] = "all targets are equal, so nothing varies that could be explained"
    if num_zeros:
        reasons["mape"] = f"{num_zeros:,} of {num_examples:,} targets are 0, of which no error is a share"
    return reasons
