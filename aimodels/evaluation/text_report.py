"""Scores as plain text, for `report.txt` and for the terminal."""

import math
from collections.abc import Sequence

from aimodels.evaluation.example_lines import hardest_lines, has_lines
from aimodels.evaluation.label_scores import LabelScores
from aimodels.evaluation.numerals import percent, plain
from aimodels.evaluation.regression_scores import IN_UNIT, RegressionScores
from aimodels.evaluation.scores import ClassScores, Scores
from aimodels.evaluation.scoring import AnyScores
from aimodels.evaluation.shown import Shown

HEADER = ("", "precision", "recall", "f1", "roc auc", "pr auc", "support")
LONGEST_NAME = 40


def as_text(scores: AnyScores, *, title: str, beside: Sequence[str] = (), hardest: Shown) -> str:
    """Every score as a page of plain text; `beside` are paragraphs on how the examples were read, and the like."""
    parts = [title, single_numbers(scores), *beside, *of_classes(scores)]
    if scores.reasons:
        parts.append("\n".join(f"{name}: {reason}" for name, reason in scores.reasons.items()))
    if has_lines(hardest):
        parts.append(hardest_lines(hardest))
    return "\n\n".join(parts) + "\n"


def single_numbers(scores: AnyScores) -> str:
    """One line per metric; of numbers in their unit, with the 95 % interval where there is one."""
    width = max(map(len, scores.metrics))
    if not isinstance(scores, RegressionScores):
        return "\n".join(f"{name:<{width}}  {_number(value)}" for name, value in scores.metrics.items())
    shown = {name: _measured(value, name=name, unit=scores.unit) for name, value in scores.metrics.items()}
    widest = max(map(len, shown.values()))
    return "\n".join(
        f"{name:<{width}}  {text:<{widest}}  {_between(scores, name)}".rstrip() for name, text in shown.items()
    )


def _between(scores: RegressionScores, name: str) -> str:
    if name not in scores.intervals:
        return ""
    low, high = scores.intervals[name]
    asked = f"; asked for: {scores.quantile:.4g}" if name == "share_below" else ""
    return f"95 % interval: {plain(low)} to {plain(high)}{asked}"


def _measured(value: float, *, name: str, unit: str | None) -> str:
    if name == "mape" and not math.isnan(value):
        return percent(value, decimals=2)
    return f"{plain(value)} {_short(unit)}" if unit and name in IN_UNIT else plain(value)


def of_classes(scores: AnyScores, *, most_classes: int | None = None, most_pairs: int | None = None) -> list[str]:
    """The tables about single classes: scores of each, and which were taken for which; of numbers there are none."""
    if isinstance(scores, RegressionScores):
        return []
    parts = [per_class_table(scores, limit=most_classes)]
    if isinstance(scores, Scores) and scores.worst_confusions:
        parts.append("most confused\n" + confused_pairs(scores, limit=most_pairs))
    return parts


def per_class_table(scores: Scores | LabelScores, *, limit: int | None = None) -> str:
    """One line per class with its precision, recall, F1, areas and support, then the averages.

    Of more classes than the limit, those with the lowest F1 are shown, and it is said how many are not.
    """
    rows: list[Sequence[str]] = [HEADER]
    num_hidden = len(scores.per_class) - (limit or len(scores.per_class))
    for row in sorted(scores.per_class, key=_f1_or_best)[:limit] if num_hidden > 0 else scores.per_class:
        scored = (row.precision, row.recall, row.f1, row.roc_auc, row.pr_auc)
        rows.append((_short(row.name), *map(_number, scored), str(row.support)))
    for average in ("macro", "weighted") if isinstance(scores, Scores) else ("micro", "macro"):
        averaged = [scores.metrics[f"{average}_{name}"] for name in ("precision", "recall", "f1")]
        rows.append((f"{average} average", *map(_number, averaged), "", "", str(scores.num_examples)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    lines.insert(-2, "")
    if num_hidden > 0:
        lines.insert(-3, f"and {num_hidden} classes with a higher F1")
    return "\n".join(line.rstrip() for line in lines)


def _f1_or_best(row: ClassScores) -> float:
    return 1.0 if math.isnan(row.f1) else row.f1


def confused_pairs(scores: Scores, *, limit: int | None = None) -> str:
    """One line per pair of classes that were mistaken, the most frequent first."""
    pairs = scores.worst_confusions[:limit]
    names = [(_short(pair.target), _short(pair.prediction)) for pair in pairs]
    widths = [max(len(name[side]) for name in names) for side in (0, 1)]
    return "\n".join(
        f"  {target:<{widths[0]}} taken for {prediction:<{widths[1]}}  {pair.count:>5} times, "
        f"{pair.share:.1%} of its examples"
        for (target, prediction), pair in zip(names, pairs, strict=True)
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
