"""From targets and probabilities to every score of a classifier.

A score that a split cannot give (a class without examples, a single class) is NaN here, null in the document, and
`reasons` says why. Macro averages are over the classes that have examples.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.config.schema import Evaluate
from aimodels.evaluation import confusions, probabilities
from aimodels.evaluation.confusions import Confusion, Counted
from aimodels.evaluation.probabilities import Calibration, Floats
from aimodels.runs.atomic import finite

NUM_NAMED = 5


@dataclass(frozen=True)
class ClassScores:
    """How well one class is told from the others. `predicted` is how often it was answered."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    roc_auc: float
    pr_auc: float


@dataclass(frozen=True)
class Scores:
    """Everything measured on one split. `metrics` holds the single numbers by name; see `class_metrics`.

    Of two classes the predictions, and with them the accuracy and the confusion matrix, follow the threshold of the
    run, and the areas under the curves are those of class 1; of more classes they are the mean over one-vs-rest curves.
    """

    class_names: tuple[str, ...]
    num_examples: int
    metrics: dict[str, float]
    per_class: tuple[ClassScores, ...]
    confusion_matrix: npt.NDArray[np.int64]
    worst_confusions: tuple[Confusion, ...]
    calibration: Calibration
    reasons: dict[str, str]
    main: str = "accuracy"

    @property
    def accuracy(self) -> float:
        """Share of the examples that were answered rightly."""
        return self.metrics["accuracy"]

    def as_document(self) -> dict[str, Any]:
        """The scores as strict JSON: rows of the confusion matrix are true classes, columns predicted ones."""
        calibration = {name: getattr(self.calibration, name).tolist() for name in ("counts", "confidence", "accuracy")}
        document: dict[str, Any] = finite(
            {
                "num_examples": self.num_examples,
                "class_names": list(self.class_names),
                "metrics": self.metrics,
                "per_class": [asdict(row) for row in self.per_class],
                "confusion_matrix": self.confusion_matrix.tolist(),
                "worst_confusions": [asdict(pair) for pair in self.worst_confusions],
                "calibration": {"error": self.calibration.error, **calibration},
                "reasons": self.reasons,
            }
        )
        return document


def class_metrics(options: Evaluate) -> tuple[str, ...]:
    """The single numbers that `score` gives, in the order of the report."""
    averages = [f"{average}_{name}" for average in ("macro", "weighted") for name in ("precision", "recall", "f1")]
    top_k = [f"top_{k}_accuracy" for k in sorted(set(options.top_k))]
    return ("accuracy", *top_k, *averages, "roc_auc", "pr_auc", "log_loss", "calibration_error", "brier_score")


def score(
    targets: npt.NDArray[np.int64],
    answers: Floats,
    *,
    predictions: npt.NDArray[np.int64],
    class_names: Sequence[str],
    options: Evaluate,
) -> Scores:
    """Every score of the class numbers `predictions` ([N]) and the probabilities `answers` ([N, K]) against `targets`.

    Raises:
        ValueError: the arrays do not belong together, are empty, or hold a number that is not finite.
    """
    num_classes = len(class_names)
    _expect_whole(targets, answers, num_classes=num_classes)
    matrix = confusions.confusion_matrix(targets, predictions, num_classes=num_classes)
    counted = confusions.count(matrix)
    areas = np.array([probabilities.areas(targets == k, answers[:, k]) for k in range(num_classes)])
    calibration = probabilities.calibration(targets, answers, num_bins=options.calibration_bins)
    metrics = {
        "accuracy": float((predictions == targets).mean()),
        **_top_k(probabilities.ranks(targets, answers), options=options, num_classes=num_classes),
        **_averages(counted),
        "roc_auc": _area(areas[:, 0]),
        "pr_auc": _area(areas[:, 1]),
        "log_loss": float(probabilities.losses(targets, answers).mean()),
        "calibration_error": calibration.error,
        "brier_score": probabilities.brier_score(targets, answers),
    }
    return Scores(
        class_names=tuple(class_names),
        num_examples=len(targets),
        metrics=metrics,
        per_class=_per_class(counted, class_names=class_names, predicted=matrix.sum(axis=0), areas=areas),
        confusion_matrix=matrix,
        worst_confusions=confusions.worst_confusions(matrix, class_names=class_names),
        calibration=calibration,
        reasons=_reasons(metrics, counted, class_names=class_names),
    )


def _expect_whole(targets: npt.NDArray[np.int64], answers: Floats, *, num_classes: int) -> None:
    if not len(targets):
        raise ValueError("there are no examples to score")
    if answers.shape != (len(targets), num_classes):
        wanted = [len(targets), num_classes]
        raise ValueError(f"the probabilities must be {wanted} (examples, classes), got {list(answers.shape)}")
    if not np.isfinite(answers).all():
        broken = int((~np.isfinite(answers).all(axis=1)).sum())
        raise ValueError(f"{broken} of {len(answers)} examples have probabilities that are not finite")
    if targets.min() < 0 or targets.max() >= num_classes:
        raise ValueError(f"targets must be 0 to {num_classes - 1}, got {targets.min()} to {targets.max()}")


def _top_k(ranks: npt.NDArray[np.int64], *, options: Evaluate, num_classes: int) -> dict[str, float]:
    return {
        f"top_{k}_accuracy": float((ranks < k).mean()) if k <= num_classes else float("nan")
        for k in sorted(set(options.top_k))
    }


def _averages(counted: Counted) -> dict[str, float]:
    present = counted.support > 0
    averages = {}
    for average, weights in (("macro", None), ("weighted", counted.support[present])):
        for name in ("precision", "recall", "f1"):
            averages[f"{average}_{name}"] = float(np.average(getattr(counted, name)[present], weights=weights))
    return averages


def _area(areas: npt.NDArray[np.float64]) -> float:
    known = areas[np.isfinite(areas)]
    if not len(known):
        return float("nan")
    return float(areas[1]) if len(areas) == 2 else float(known.mean())


def _per_class(
    counted: Counted,
    *,
    class_names: Sequence[str],
    predicted: npt.NDArray[np.int64],
    areas: npt.NDArray[np.float64],
) -> tuple[ClassScores, ...]:
    return tuple(
        ClassScores(
            name=name,
            precision=float(counted.precision[k]),
            recall=float(counted.recall[k]),
            f1=float(counted.f1[k]),
            support=int(counted.support[k]),
            predicted=int(predicted[k]),
            roc_auc=float(areas[k, 0]),
            pr_auc=float(areas[k, 1]),
        )
        for k, name in enumerate(class_names)
    )


def _reasons(metrics: dict[str, float], counted: Counted, *, class_names: Sequence[str]) -> dict[str, str]:
    absent = [name for name, support in zip(class_names, counted.support, strict=True) if not support]
    reasons = {}
    if absent:
        reasons["per_class"] = (
            f"{len(absent)} of {len(class_names)} classes have no examples here "
            f"and are left out of the macro averages: {listed(absent)}"
        )
    for name, value in metrics.items():
        if name.startswith("top_") and np.isnan(value):
            reasons[name] = f"there are only {len(class_names)} classes"
        elif np.isnan(value):
            reasons[name] = "all examples are of one class, so there is nothing to rank"
    return reasons


def listed(names: Iterable[str], *, limit: int = NUM_NAMED) -> str:
    """Names with commas between them, the rest of a long list as a number.

    >>> listed(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    every = list(names)
    rest = len(every) - limit
    return ", ".join(every) if rest <= 0 else f"{', '.join(every[:limit])} and {rest} more"
