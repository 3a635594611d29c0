"""A classifier of two classes at every threshold: what it would score if it answered yes from that probability on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Metric = Literal["f1", "balanced_accuracy", "accuracy", "youden"]
USUAL = 0.5


@dataclass(frozen=True)
class OperatingPoints:
    """Scores at each threshold. Precision is NaN where nothing is answered with yes.

    Balanced accuracy is the mean of the recalls of both classes, and Youden's index twice that less 1 (Youden, "Index
    for Rating Diagnostic Tests", Cancer 3, 1950).
    """

    thresholds: Floats
    precision: Floats
    recall: Floats
    f1: Floats
    accuracy: Floats
    balanced_accuracy: Floats

    @property
    def youden(self) -> Floats:
        """Recall of the second class, plus recall of the first one, less 1."""
        return 2 * self.balanced_accuracy - 1


def operating_points(truth: npt.NDArray[np.bool_], probability: Floats, *, thresholds: Floats) -> OperatingPoints:
    """The scores of answering yes where the probability is at or above each threshold; both answers must occur.

    At the threshold of a run these are the answers of its model.
    """
    order = np.argsort(probability, kind="stable")
    # How many examples, and how many true ones, lie below a place in the order.
    true_below = np.concatenate([[0], np.cumsum(truth[order])])
    below = np.searchsorted(probability[order], thresholds, side="left")
    num_examples, num_true = len(truth), int(truth.sum())
    hits = num_true - true_below[below]
    answered = num_examples - below
    false_alarms = answered - hits
    misses = num_true - hits
    return OperatingPoints(
        thresholds=thresholds,
        precision=np.where(answered > 0, hits / np.maximum(answered, 1), np.nan),
        recall=hits / num_true,
        f1=2 * hits / (2 * hits + false_alarms + misses),
        accuracy=(num_examples - false_alarms - misses) / num_examples,
        balanced_accuracy=(hits / num_true + 1 - false_alarms / (num_examples - num_true)) / 2,
    )


def best_f1(truth: npt.NDArray[np.bool_], probability: Floats) -> OperatingPoints:
    """The one threshold with the highest F1."""
    return best_point(truth, probability, metric="f1")


def best_point(truth: npt.NDArray[np.bool_], probability: Floats, *, metric: Metric) -> OperatingPoints:
    """The one threshold with the highest score: halfway between two probabilities; among equals the nearest to 0.5."""
    steps = np.unique(np.concatenate([[0.0, 1.0], probability]))
    thresholds = np.concatenate([[USUAL], (steps[1:] + steps[:-1]) / 2])
    scores = getattr(operating_points(truth, probability, thresholds=thresholds), metric)
    among = thresholds[np.isclose(scores, scores.max(), rtol=0, atol=1e-12)]
    nearest = among[np.argmin(np.abs(among - USUAL))]
    return operating_points(truth, probability, thresholds=np.array([nearest]))
