"""A classifier of two classes at every threshold: what it would score if it answered yes above that probability."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
USUAL = 0.5


@dataclass(frozen=True)
class OperatingPoints:
    """Scores at each threshold. Precision is NaN where nothing is answered with yes."""

    thresholds: Floats
    precision: Floats
    recall: Floats
    f1: Floats
    accuracy: Floats


def operating_points(truth: npt.NDArray[np.bool_], probability: Floats, *, thresholds: Floats) -> OperatingPoints:
    """The scores of answering yes where the probability is above each of the thresholds; both answers must occur.

    At 0.5 these are the answers of the model itself.
    """
    order = np.argsort(probability, kind="stable")
    # How many examples, and how many true ones, lie at or below a place in the order.
    true_below = np.concatenate([[0], np.cumsum(truth[order])])
    below = np.searchsorted(probability[order], thresholds, side="right")
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
    )


def best_f1(truth: npt.NDArray[np.bool_], probability: Floats) -> OperatingPoints:
    """The one threshold with the highest F1: halfway between two probabilities; among equals the nearest to 0.5."""
    steps = np.unique(np.concatenate([[0.0, 1.0], probability]))
    thresholds = np.concatenate([[USUAL], (steps[1:] + steps[:-1]) / 2])
    f1 = operating_points(truth, probability, thresholds=thresholds).f1
    among = thresholds[f1 == f1.max()]
    nearest = among[np.argmin(np.abs(among - USUAL))]
    return operating_points(truth, probability, thresholds=np.array([nearest]))
