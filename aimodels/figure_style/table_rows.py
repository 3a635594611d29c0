"""Rows of a table as a table: a bar in the colour of the answer, what stands with the row, and the columns that fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aimodels.data.excerpts import on_one_line
from aimodels.figure_style import GREY, LONGEST_NAME, NothingToDraw, new_figure, short
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.fonts import ELLIPSIS, PLACEHOLDER, drawable, inches_of, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 40
HEADER_LINES = 3
FONT_SIZE = 8.0
MISSING = "missing"
# In inches.
NARROWEST, WIDEST, MARGIN, GAP, BAR_WIDTH = 6.0, 12.0, 0.16, 0.14, 0.055
WIDEST_COLUMN, WIDEST_HEADER = 1.75, 1.3
BOLD = 1.13  # bold letters are about so many times as wide as those that are measured
LINE_HEIGHT, ROW_HEIGHT, TITLE_HEIGHT = 0.158, 0.22, 0.42


@dataclass(frozen=True)
class _Column:
    """A column as it fits: the lines of its header, and a line per row. An empty cell is a missing value."""

    header: list[str]
    cells: list[str]
    width: float
    is_feature: bool

    @property
    def is_numbers(self) -> bool:
        """Whether the cells stand at the right."""
        return self.is_feature and all(_is_number(cell) for cell in self.cells if cell)


def draw_table(
    rows: Sequence[dict[str, Any]], captions: Sequence[Caption], *, names: Sequence[str], title: str
) -> "Figure":
    """The rows below each other, of very many the first 40, with as many of their columns as fit, in their order.

    What stands with a row, and what it is called, are its first columns. Numbers stand as they are, None is missing.

    Raises:
        NothingToDraw: there are none.
    """
    if not rows:
        raise NothingToDraw("no rows were kept")
    shown = rows[:MOST_ROWS]
    columns = _fitting([*_beside(captions[:MOST_ROWS]), *_called(names[:MOST_ROWS]), *_features(shown)])
    width = max(NARROWEST, _width(columns))
    header = LINE_HEIGHT * max(len(column.header) for column in columns) + 0.06
    notes = _notes(rows, columns)
    height = TITLE_HEIGHT + header + ROW_HEIGHT * len(shown) + LINE_HEIGHT * len(notes) + MARGIN
    figure = new_figure(width=width, height=height)
    figure.set_layout_engine("none")  # everything has its place here
    figure.suptitle(_one_line(title, inches=width - 2 * MARGIN, size=10), fontsize=10, y=1 - 0.2 / height, va="center")
    # The data coordinates of these axes are inches from the upper left corner.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    top = TITLE_HEIGHT + header
    axes.axhline(top - 0.03, xmin=MARGIN / width, xmax=1 - MARGIN / width, color=GREY, linewidth=0.8)
    for number, caption in enumerate(captions[:MOST_ROWS]):
        bar_top = top + number * ROW_HEIGHT + 0.03
        axes.bar(MARGIN, ROW_HEIGHT - 0.06, bottom=bar_top, width=BAR_WIDTH, align="edge", color=caption.colour)
    left = MARGIN + 2 * BAR_WIDTH
    for column in columns:
        _draw_column(axes, column, left=left, top=top)
        left += column.width + GAP
    axes.text(MARGIN, top + ROW_HEIGHT * len(shown) + 0.06, "\n".join(notes), fontsize=FONT_SIZE, color=GREY, va="top")
    return figure


def _beside(captions: Sequence[Caption]) -> list[_Column]:
    """The lines of the captions, each a column without a header."""
    num_lines = max(len(caption.lines) for caption in captions)
    every = [[*map(short, caption.lines), *[""] * (num_lines - len(caption.lines))] for caption in captions]
    return [_column("", [lines[place] for lines in every], is_feature=False) for place in range(num_lines)]


def _called(names: Sequence[str]) -> list[_Column]:
    """What the rows are called, where they are called anything."""
    return [_column("", [_end_of(name) for name in names], is_feature=False)] if names else []


def _end_of(name: str) -> str:
    """The end of a long name: of a path it says more than the beginning."""
    line = on_one_line(name)
    return line if len(line) <= LONGEST_NAME else ELLIPSIS + line[1 - LONGEST_NAME :]


def _features(rows: Sequence[dict[str, Any]]) -> list[_Column]:
    return [_column(name, [_text(row[name]) for row in rows], is_feature=True) for name in rows[0]]


def _column(name: str, cells: Sequence[str], *, is_feature: bool) -> _Column:
    """A column as wide as its longest cell, up to a limit; its header may stand on three lines."""
    header = wrapped(drawable(on_one_line(name)), inches=WIDEST_HEADER, size=BOLD * FONT_SIZE, most_lines=HEADER_LINES)
    lines = [_one_line(cell, inches=WIDEST_COLUMN, size=FONT_SIZE) for cell in cells]
    widths = [inches_of(line, size=BOLD * FONT_SIZE) for line in header]
    widths += [inches_of(line or MISSING * is_feature, size=FONT_SIZE) for line in lines]
    return _Column(header, lines, max(widths), is_feature)


def _one_line(text: str, *, inches: float, size: float) -> str:
    return "".join(wrapped(drawable(on_one_line(text)), inches=inches, size=size, most_lines=1))


def _fitting(columns: Sequence[_Column]) -> list[_Column]:
    """The columns from the left that fit on a picture of the largest width."""
    kept = list(columns)
    while _width(kept) > WIDEST:
        kept.pop()
    return kept


def _width(columns: Sequence[_Column]) -> float:
    return 2 * MARGIN + 2 * BAR_WIDTH + sum(column.width + GAP for column in columns) - GAP


def _notes(rows: Sequence[dict[str, Any]], columns: Sequence[_Column]) -> list[str]:
    """What the picture does not show."""
    notes = []
    num_shown, num_columns = sum(column.is_feature for column in columns), len(rows[0])
    if num_shown < num_columns:
        notes.append(f"{num_shown} of {num_columns} columns; all of them are in the JSON file of this picture")
    if len(rows) > MOST_ROWS:
        notes.append(f"and {len(rows) - MOST_ROWS} more rows, in the JSON file of this picture")
    if any(PLACEHOLDER in line for column in columns for line in [*column.header, *column.cells]):
        notes.append(f"{PLACEHOLDER} is a letter that no font here has; the JSON file of this picture has it")
    return notes


def _draw_column(axes: "Axes", column: _Column, *, left: float, top: float) -> None:
    at, align = (left + column.width, "right") if column.is_numbers else (left, "left")
    for number, line in enumerate(reversed(column.header)):
        baseline = top - 0.08 - number * LINE_HEIGHT
        axes.text(at, baseline, line, fontsize=FONT_SIZE, fontweight="bold", ha=align, va="baseline")
    for number, line in enumerate(column.cells):
        baseline = top + number * ROW_HEIGHT + 0.15
        text, colour = (line, "black") if line or not column.is_feature else (MISSING, GREY)
        axes.text(at, baseline, text, fontsize=FONT_SIZE, color=colour, ha=align, va="baseline")


def _text(value: float | str | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
