"""The hardest texts or rows of a table, a line each, for `report.txt` and for the terminal."""

from collections.abc import Sequence

from aimodels.data.excerpts import ELLIPSIS, fitted, fitted_pair, num_columns, on_one_line
from aimodels.evaluation.numerals import plain
from aimodels.evaluation.shown import Shown

LINE = 120
NARROWEST_TEXT = 12
MISSING = "(missing)"


def has_lines(hardest: Shown) -> bool:
    """Whether examples were kept that can be told in a line each: texts and rows of a table can, images cannot."""
    return "images" not in hardest and bool(hardest["examples"])


def hardest_lines(hardest: Shown, *, width: int = LINE, limit: int | None = None) -> str:
    """A heading, and one line per text or row: its loss or error, truth and answer, and as much of the example as the
    width in columns leaves room for.

    Where the width is that of a page, each is called by its name as well.
    """
    lines = _answers(hardest, width=width) if "errors" not in hardest else _errors(hardest)
    heading, *contents = _contents(hardest)
    rows = [[*lines[0], "example"]]
    for cells, name in zip(lines[1:], hardest["examples"], strict=True):
        rows.append([*cells, _end_of(on_one_line(name), columns=width // 4)])
    if width < LINE:
        rows = [row[:-1] for row in rows]
    rows = rows[: None if limit is None else limit + 1]
    to_the_right = (0, 1, 2) if "errors" in hardest else (0, 3)
    by_column = enumerate(zip(*rows, strict=True))
    columns = [_padded(column, to_the_right=number in to_the_right) for number, column in by_column]
    before = ["  ".join(cells) for cells in zip(*columns, strict=True)]
    room = max(NARROWEST_TEXT, width - num_columns(before[0]) - 2)
    shown = (f"{cells}  {_shown(texts, columns=room)}" for cells, texts in zip(before, contents, strict=False))
    return "\n".join([heading[0], *shown])


def _shown(texts: Sequence[str], *, columns: int) -> str:
    """A text, or the two of a pair with a mark between them."""
    lines = [on_one_line(text) for text in texts]
    return fitted_pair(lines[0], lines[1], columns=columns) if len(lines) == 2 else fitted(lines[0], columns=columns)


def _contents(hardest: Shown) -> list[Sequence[str]]:
    """What the lines are about, what their last column is called, and what stands in it: a text, or two of them."""
    worst = "largest errors" if "errors" in hardest else None
    if "texts" in hardest:
        columns = [hardest["texts"], *([hardest["seconds"]] if "seconds" in hardest else [])]
        return [(worst or "hardest texts",), ("text",), *zip(*columns, strict=True)]
    if "rows" in hardest:
        rows = [", ".join(f"{name} {value or MISSING}" for name, value in row.items()) for row in hardest["rows"]]
        return [(worst or "hardest rows",), ("row",), *((row,) for row in rows)]
    return [("hardest images",), ("image",)]


def _answers(hardest: Shown, *, width: int) -> list[Sequence[str]]:
    lines: list[Sequence[str]] = [("loss", "true", "answer", "probability")]
    for position, loss in enumerate(hardest["losses"]):
        lines.append(
            (
                f"{loss:.3f}",
                fitted(on_one_line(hardest["targets"][position]), columns=width // 6),
                fitted(on_one_line(hardest["predictions"][position]), columns=width // 6),
                f"{hardest['probabilities'][position]:.2%}",
            )
        )
    return lines


def _errors(hardest: Shown) -> list[Sequence[str]]:
    lines: list[Sequence[str]] = [("error", "true", "answer")]
    columns = (hardest["errors"], hardest["targets"], hardest["predictions"])
    return [*lines, *(tuple(map(plain, numbers)) for numbers in zip(*columns, strict=True))]


def _padded(cells: Sequence[str], *, to_the_right: bool) -> list[str]:
    """The cells made equally wide, as a terminal counts."""
    widest = max(map(num_columns, cells))
    filled = [" " * (widest - num_columns(cell)) for cell in cells]
    return [space + cell if to_the_right else cell + space for cell, space in zip(cells, filled, strict=True)]


def _end_of(name: str, *, columns: int) -> str:
    """The end of a name: of a path it says more than the beginning."""
    return name if len(name) <= columns else ELLIPSIS + name[1 - columns :]
