"""Scores of the probabilities themselves: loss, calibration, Brier score, ranking. Arrays in, numbers out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
# Where float32 can no longer tell a probability from 0; scikit-learn clips at the same place.
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Calibration:
    """Confidence against accuracy in bins of equal width over 0..1; the mean of an empty bin is NaN.

    `error` is the expected calibration error: the mean distance of the two, weighted by the bins' counts.
    """

    error: float
    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]


def losses(targets: npt.NDArray[np.int64], probabilities: Floats) -> npt.NDArray[np.float64]:
    """Cross-entropy of each example: minus the natural logarithm of the probability given to its true class ([N])."""
    given = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return np.abs(np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0)))


def label_losses(targets: npt.NDArray[np.int64], probabilities: Floats) -> npt.NDArray[np.float64]:
    """Cross-entropy of each example ([N]): the mean over its labels, of which each is there (1) or not (0)."""
    given = np.where(targets == 1, probabilities, 1.0 - probabilities.astype(np.float64))
    return np.asarray(np.abs(np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0))).mean(axis=1))


def brier_score(targets: npt.NDArray[np.int64], probabilities: Floats) -> float:
    """Mean squared distance between the probabilities and the truth (Brier, 1950).

    For several classes the squares are summed over them (0 best, 2 worst); for two, as is usual, only class 1 counts
    (0 best, 1 worst). Same as scikit-learn's `brier_score_loss(scale_by_half="auto")`.
    """
    truth = np.eye(probabilities.shape[1])[targets]
    sums = np.square(probabilities.astype(np.float64) - truth).sum(axis=1)
    return float(sums.mean() / (2 if probabilities.shape[1] == 2 else 1))


def ranks(targets: npt.NDArray[np.int64], probabilities: Floats) -> npt.NDArray[np.int64]:
    """Place of the true class when the classes are sorted by probability, 0 for the first ([N]).

    Among equal probabilities the class with the lower number comes first, as it does for `argmax`: so the share of
    rank 0 is the accuracy even where a model gives every class the same.

    >>> ranks(np.array([2, 1]), np.array([[0.1, 0.6, 0.3], [0.5, 0.5, 0.0]])).tolist()
    [1, 1]
    """
    own = probabilities[np.arange(len(targets)), targets][:, None]
    earlier = np.arange(probabilities.shape[1]) < targets[:, None]
    places: npt.NDArray[np.int64] = ((probabilities > own) | ((probabilities == own) & earlier)).sum(axis=1)
    return places


def calibration(targets: npt.NDArray[np.int64], probabilities: Floats, *, num_bins: int) -> Calibration:
    """Whether a confidence of 80 % is right 80 times in 100: equal-width bins of the highest probability.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3.
    """
    top = np.clip(probabilities.max(axis=1).astype(np.float64), 0.0, 1.0)
    right = probabilities.argmax(axis=1) == targets
    # Bins are open on the left and closed on the right, as in the paper; a confidence of 0 joins the first.
    bins = np.clip(np.ceil(top * num_bins).astype(np.int64) - 1, 0, num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins)
    filled = np.maximum(counts, 1)
    confidence = np.bincount(bins, weights=top, minlength=num_bins) / filled
    accuracy = np.bincount(bins, weights=right, minlength=num_bins) / filled
    error = float((np.abs(accuracy - confidence) * counts).sum() / len(targets))
    empty = counts == 0
    return Calibration(
        error=error,
        counts=counts,
        confidence=np.where(empty, np.nan, confidence),
        accuracy=np.where(empty, np.nan, accuracy),
    )


def areas(truth: npt.NDArray[np.bool_], probability: Floats) -> tuple[float, float]:
    """Area under the ROC curve and average precision of one class against the rest; NaN unless both occur.

    They are scikit-learn's `roc_auc_score` (trapezoids) and `average_precision_score` (steps, not interpolated).
    """
    if truth.all() or not truth.any():
        return float("nan"), float("nan")
    from sklearn.metrics import average_precision_score, roc_auc_score

    return float(roc_auc_score(truth, probability)), float(average_precision_score(truth, probability))
