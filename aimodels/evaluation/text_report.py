"""Scores as plain text, for `report.txt` and for the terminal."""

import math
from collections.abc import Sequence

from aimodels.data.excerpts import ELLIPSIS, fitted, num_columns, on_one_line
from aimodels.evaluation.scores import ClassScores, Scores
from aimodels.evaluation.shown import Shown, ShownTexts
from aimodels.evaluation.words_read import WordsRead

HEADER = ("", "precision", "recall", "f1", "roc auc", "pr auc", "support")
LONGEST_NAME = 40
LINE = 120
NARROWEST_TEXT = 12


def as_text(scores: Scores, *, title: str, words: WordsRead | None, hardest: Shown) -> str:
    """Every score as a page of plain text; of texts also how they were read, and the hardest of them."""
    parts = [title, single_numbers(scores), *([str(words)] if words else []), per_class_table(scores)]
    if scores.worst_confusions:
        parts.append("most confused\n" + confused_pairs(scores))
    if scores.reasons:
        parts.append("\n".join(f"{name}: {reason}" for name, reason in scores.reasons.items()))
    if "texts" in hardest and hardest["texts"]:
        parts.append("hardest texts\n" + hardest_texts(hardest))
    return "\n\n".join(parts) + "\n"


def single_numbers(scores: Scores) -> str:
    """One line per metric."""
    width = max(map(len, scores.metrics))
    return "\n".join(f"{name:<{width}}  {_number(value)}" for name, value in scores.metrics.items())


def per_class_table(scores: Scores, *, limit: int | None = None) -> str:
    """One line per class with its precision, recall, F1, areas and support, then the averages.

    Of more classes than the limit, those with the lowest F1 are shown, and it is said how many are not.
    """
    rows: list[Sequence[str]] = [HEADER]
    num_hidden = len(scores.per_class) - (limit or len(scores.per_class))
    for row in sorted(scores.per_class, key=_f1_or_best)[:limit] if num_hidden > 0 else scores.per_class:
        scored = (row.precision, row.recall, row.f1, row.roc_auc, row.pr_auc)
        rows.append((_short(row.name), *map(_number, scored), str(row.support)))
    for average in ("macro", "weighted"):
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


def hardest_texts(hardest: ShownTexts, *, width: int = LINE, limit: int | None = None) -> str:
    """One line per text: its loss, truth and answer, and as much of it as the width in columns leaves room for.

    Where the width is that of a page, each text is called by its name as well.
    """
    rows: list[Sequence[str]] = [("loss", "true", "answer", "probability", "example", "text")]
    for position, text in enumerate(hardest["texts"][:limit]):
        rows.append(
            (
                f"{hardest['losses'][position]:.3f}",
                fitted(on_one_line(hardest["targets"][position]), columns=width // 6),
                fitted(on_one_line(hardest["predictions"][position]), columns=width // 6),
                f"{hardest['probabilities'][position]:.2%}",
                _end_of(on_one_line(hardest["examples"][position]), columns=width // 4),
                on_one_line(text),
            )
        )
    if width < LINE:
        rows = [(*row[:4], row[5]) for row in rows]
    *others, texts = zip(*rows, strict=True)
    columns = [_padded(column, to_the_right=number in (0, 3)) for number, column in enumerate(others)]
    before = ["  ".join(cells) for cells in zip(*columns, strict=True)]
    room = max(NARROWEST_TEXT, width - num_columns(before[0]) - 2)
    return "\n".join(f"{cells}  {fitted(text, columns=room)}" for cells, text in zip(before, texts, strict=True))


def _padded(cells: Sequence[str], *, to_the_right: bool) -> list[str]:
    """The cells made equally wide, as a terminal counts."""
    widest = max(map(num_columns, cells))
    filled = [" " * (widest - num_columns(cell)) for cell in cells]
    return [space + cell if to_the_right else cell + space for cell, space in zip(cells, filled, strict=True)]


def _end_of(name: str, *, columns: int) -> str:
    """The end of a name: of a path it says more than the beginning."""
    return name if len(name) <= columns else ELLIPSIS + name[1 - columns :]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
