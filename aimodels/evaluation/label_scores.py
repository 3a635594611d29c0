"""From sets of labels and the probability of each label to every score of a multilabel classifier.

A score that a split cannot give is NaN here, null in the document, and `reasons` says why. Macro averages are over the
labels that occur.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.evaluation.probabilities import Floats, areas, label_losses
from aimodels.evaluation.scores import ClassScores, listed
from aimodels.runs.atomic import finite

AVERAGES = tuple(f"{average}_{name}" for average in ("micro", "macro") for name in ("precision", "recall", "f1"))
METRICS = ("accuracy", "hamming_loss", *AVERAGES, "roc_auc", "pr_auc", "log_loss")
NOTHING_TO_RANK = "no label is there in some examples and absent in others, so there is nothing to rank"


@dataclass(frozen=True)
class LabelScores:
    """Everything measured on one split; accuracy is the share of examples with every label right."""

    class_names: tuple[str, ...]
    num_examples: int
    metrics: dict[str, float]
    per_class: tuple[ClassScores, ...]
    reasons: dict[str, str]
    main: str = "accuracy"

    def as_document(self) -> dict[str, Any]:
        """The scores as strict JSON."""
        document: dict[str, Any] = finite(
            {
                "num_examples": self.num_examples,
                "class_names": list(self.class_names),
                "metrics": self.metrics,
                "per_class": [asdict(row) for row in self.per_class],
                "reasons": self.reasons,
            }
        )
        return document


def score_labels(
    targets: npt.NDArray[np.int64],
    probabilities: Floats,
    *,
    predictions: npt.NDArray[np.int64],
    class_names: Sequence[str],
) -> LabelScores:
    """Every score of the labels `predictions` (0 or 1, [N, K]) and their `probabilities` against `targets` ([N, K]).

    Micro averages count every label of every example alike; macro averages every label. Where a label never occurs and
    is never answered, nothing is divided by zero: it takes no part. The areas are means over the labels.

    Raises:
        ValueError: the arrays do not belong together, are empty, or hold a number that is not finite.
    """
    _expect_whole(targets, probabilities, predictions=predictions, num_labels=len(class_names))
    rows = tuple(
        _of_label(name, targets[:, k] == 1, predictions[:, k] == 1, probability=probabilities[:, k])
        for k, name in enumerate(class_names)
    )
    metrics = {
        "accuracy": float((targets == predictions).all(axis=1).mean()),
        "hamming_loss": float((targets != predictions).mean()),
        **_averages(targets, predictions, rows=rows),
        "roc_auc": _mean([row.roc_auc for row in rows]),
        "pr_auc": _mean([row.pr_auc for row in rows]),
        "log_loss": float(label_losses(targets, probabilities).mean()),
    }
    return LabelScores(
        class_names=tuple(class_names),
        num_examples=len(targets),
        metrics=metrics,
        per_class=rows,
        reasons=_reasons(metrics, rows),
    )


def _averages(
    targets: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], *, rows: Sequence[ClassScores]
) -> dict[str, float]:
    hits, support, predicted = int((targets * predictions).sum()), int(targets.sum()), int(predictions.sum())
    return {
        "micro_precision": _share(hits, predicted),
        "micro_recall": _share(hits, support),
        "micro_f1": _share(2 * hits, predicted + support),
        "macro_precision": _mean([row.precision for row in rows if row.support]),
        "macro_recall": _mean([row.recall for row in rows]),
        "macro_f1": _mean([row.f1 for row in rows]),
    }


def _expect_whole(
    targets: npt.NDArray[np.int64], probabilities: Floats, *, predictions: npt.NDArray[np.int64], num_labels: int
) -> None:
    if not len(targets):
        raise ValueError("there are no examples to score")
    wanted = (len(targets), num_labels)
    for name, array in (("targets", targets), ("probabilities", probabilities), ("predictions", predictions)):
        if array.shape != wanted:
            raise ValueError(f"the {name} must be {list(wanted)} (examples, labels), got {list(array.shape)}")
    if not np.isfinite(probabilities).all():
        raise ValueError("the probabilities must be finite")
    if not np.isin(targets, (0, 1)).all():
        raise ValueError("every target must be 0 or 1")


def _of_label(
    name: str, truth: npt.NDArray[np.bool_], answered: npt.NDArray[np.bool_], *, probability: Floats
) -> ClassScores:
    hits, support, predicted = int((truth & answered).sum()), int(truth.sum()), int(answered.sum())
    roc_auc, pr_auc = areas(truth, probability.astype(np.float64))
    return ClassScores(
        name=name,
        precision=hits / max(predicted, 1) if predicted or support else np.nan,
        recall=_share(hits, support),
        f1=_share(2 * hits, support + predicted) if support else np.nan,
        support=support,
        predicted=predicted,
        roc_auc=roc_auc,
        pr_auc=pr_auc,
    )


def _share(count: int, total: int) -> float:
    return count / total if total else float("nan")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _reasons(metrics: dict[str, float], rows: Sequence[ClassScores]) -> dict[str, str]:
    reasons = {}
    absent = [row.name for row in rows if not row.support]
    if absent:
        reasons["per_class"] = (
            f"{len(absent)} of {len(rows)} labels do not occur here "
            f"and are left out of the macro averages: {listed(absent)}"
        )
    for name, value in metrics.items():
        if np.isnan(value):
            reasons[name] = NOTHING_TO_RANK if name in ("roc_auc", "pr_auc") else _nothing_of(name)
    return reasons


def _nothing_of(name: str) -> str:
    return "no label was answered" if name == "micro_precision" else "no label occurs here"
