"""The threshold of a classifier of two classes: chosen on the validation split after training, kept with the run."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from aimodels.config.schema import BestThreshold
from aimodels.data.dataset import Split, SplitName
from aimodels.evaluation.answered import answered_rows
from aimodels.evaluation.chosen import own_split
from aimodels.evaluation.operating_points import Floats, Metric, best_point
from aimodels.events import phase, warn
from aimodels.runs.folder import RunFolder

SPLIT: SplitName = "validation"


@dataclass(frozen=True)
class ChosenThreshold:
    """From which probability of the second class on it is the answer, and its score there; as in `run.json`."""

    value: float
    metric: Metric
    on: str
    score: float


def choose_threshold(run: RunFolder) -> ChosenThreshold | None:
    """Choose the threshold if the config asks for it, and write it into `run.json`; None where it stays as it is.

    From then on every answer of the run follows it: predictions, evaluations and exports.

    Raises:
        UserError: the data is gone or has changed, or the answers are not finite.
    """
    wanted = run.config.evaluate.threshold
    if not isinstance(wanted, BestThreshold) or run.signature["task"] != "binary":
        return None
    split = own_split(run, name=SPLIT).split
    truth = split.targets == 1
    if truth.all() or not truth.any():
        warn(
            "AM541",
            "all examples of the validation split are of one class, so no threshold can be chosen: it stays at 0.5",
            help="keep a larger share of the examples for validation (data.validation), or set evaluate.threshold",
        )
        return None
    with phase("choosing the threshold"):
        chosen = best_threshold(truth, _probability(run, split), metric=wanted.maximise)
    run.update(threshold=asdict(chosen))
    return chosen


def best_threshold(truth: npt.NDArray[np.bool_], probability: Floats, *, metric: Metric) -> ChosenThreshold:
    """The threshold with the highest score, as a float32, which is what probabilities are compared as.

    >>> best_threshold(np.array([False, True, True]), np.array([0.1, 0.2, 0.9]), metric="f1").value
    0.15000000596046448
    """
    point = best_point(truth, probability, metric=metric)
    exact = float(point.thresholds[0])
    below = probability[probability < exact]
    value = np.float32(exact)
    # Halfway between two neighbours among the float32 there is none, and the lower one must not be taken in as well.
    if len(below) and value <= np.float32(below.max()):
        value = np.nextafter(value, np.float32(1))
    score = float(getattr(point, metric)[0])
    return ChosenThreshold(value=float(value), metric=metric, on=SPLIT, score=score)


def _probability(run: RunFolder, split: Split) -> Floats:
    """The probability of the second class, [N]."""
    from aimodels.prediction.predict import Predictor

    rows = answered_rows(run, split, answers=Predictor(run).answer(split.examples))
    return rows.probabilities[:, 1].astype(np.float64)
