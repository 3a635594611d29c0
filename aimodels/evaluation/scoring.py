"""Which scores belong to which task: of classes, of several labels, or of numbers."""

from collections.abc import Sequence

from aimodels.config.schema import Evaluate
from aimodels.data.dataset import Task
from aimodels.evaluation import label_scores
from aimodels.evaluation.label_scores import LabelScores, score_labels
from aimodels.evaluation.regression_scores import RegressionScores, number_metrics, score_numbers
from aimodels.evaluation.scores import Scores, class_metrics, score
from aimodels.runs.predictions import Predictions

AnyScores = Scores | LabelScores | RegressionScores


def metric_names(options: Evaluate, task: Task, *, quantile: float | None = None) -> tuple[str, ...]:
    """The single numbers that are measured of a task, in the order of the report."""
    if task == "regression":
        return number_metrics(quantile)
    return label_scores.METRICS if task == "multilabel" else class_metrics(options)


def score_rows(
    rows: Predictions,
    *,
    class_names: Sequence[str],
    unit: str | None = None,
    quantile: float | None = None,
    options: Evaluate,
) -> AnyScores:
    """Every score of these answers, by their task; `unit` is that of a predicted number, `quantile` which one it is.

    Raises:
        ValueError: targets and answers do not belong together, are empty, or not finite.
    """
    if rows.task == "regression":
        return score_numbers(rows.targets, rows.predictions, unit=unit, quantile=quantile)
    if rows.task == "multilabel":
        return score_labels(rows.targets, rows.probabilities, predictions=rows.predictions, class_names=class_names)
    return score(
        rows.targets, rows.probabilities, predictions=rows.predictions, class_names=class_names, options=options
    )
