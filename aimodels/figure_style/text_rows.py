"""Texts in rows: a bar in the colour of the answer, what stands with the text, and the text on a few lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimodels.data.excerpts import on_one_line
from aimodels.figure_style import GREY, NothingToDraw, new_figure, short
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.fonts import PLACEHOLDER, drawable, inches_of, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 40
MOST_LINES = 4
FONT_SIZE = 8.0
EMPTY = "(empty)"
# In inches.
WIDTH, MARGIN, GAP, BAR_WIDTH, WIDEST_CAPTION = 9.0, 0.16, 0.13, 0.055, 1.75
LINE_HEIGHT, TITLE_HEIGHT = 0.158, 0.42
BESIDE_AT = MARGIN + 2 * BAR_WIDTH


@dataclass(frozen=True)
class _Row:
    """The lines of one row, as they fit."""

    colour: str
    beside: list[str]
    text: list[str]

    @property
    def height(self) -> float:
        """In inches, with the space below it."""
        return LINE_HEIGHT * max(len(self.beside), len(self.text)) + GAP


def draw_rows(texts: Sequence[str], captions: Sequence[Caption], *, title: str) -> "Figure":
    """The texts below each other, cut to a few lines each; of very many the first 40.

    Raises:
        NothingToDraw: there are none.
    """
    if not texts:
        raise NothingToDraw("no texts were kept")
    lines = [short(on_one_line(line)) for caption in captions for line in caption.lines]
    beside = min(WIDEST_CAPTION, max(inches_of(drawable(line), size=FONT_SIZE) for line in lines))
    text_at = BESIDE_AT + beside + MARGIN
    rows = [
        _row(text, caption, text_inches=WIDTH - MARGIN - text_at)
        for text, caption in zip(texts[:MOST_ROWS], captions, strict=False)
    ]
    notes = _notes(texts, lines)
    height = TITLE_HEIGHT + sum(row.height for row in rows) + LINE_HEIGHT * len(notes) + 0.5 * MARGIN
    figure = new_figure(width=WIDTH, height=height)
    figure.set_layout_engine("none")  # everything has its place here
    figure.suptitle(title, fontsize=10, y=1 - 0.5 * TITLE_HEIGHT / height, va="center")
    # The data coordinates of these axes are inches from the upper left corner.
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    top = TITLE_HEIGHT
    for row in rows:
        _draw_row(axes, row, top=top, text_at=text_at)
        top += row.height
    axes.text(MARGIN, top, "\n".join(notes), fontsize=FONT_SIZE, color=GREY, va="top")
    return figure


def _row(text: str, caption: Caption, *, text_inches: float) -> _Row:
    return _Row(
        colour=caption.colour,
        beside=[
            part
            for line in caption.lines
            for part in _wrapped(short(on_one_line(line)), inches=WIDEST_CAPTION, most_lines=1)
        ],
        text=_wrapped(on_one_line(text), inches=text_inches, most_lines=MOST_LINES),
    )


def _wrapped(text: str, *, inches: float, most_lines: int) -> list[str]:
    return wrapped(drawable(text), inches=inches, size=FONT_SIZE, most_lines=most_lines)


def _notes(texts: Sequence[str], lines: Sequence[str]) -> list[str]:
    """What the picture does not show."""
    notes = []
    if len(texts) > MOST_ROWS:
        notes.append(f"and {len(texts) - MOST_ROWS} more, in the JSON file of this picture")
    shown = [*map(on_one_line, texts[:MOST_ROWS]), *lines]
    if any(drawable(text) != text for text in shown):
        notes.append(
            f"{PLACEHOLDER} is a letter that no font here has; the JSON file of this picture has it, "
            "and so will the picture once a font for it is installed, such as Noto Sans CJK"
        )
    return notes


def _draw_row(axes: "Axes", row: _Row, *, top: float, text_at: float) -> None:
    axes.bar(MARGIN, row.height - GAP, bottom=top, width=BAR_WIDTH, align="edge", color=row.colour)
    texts = ((BESIDE_AT, row.beside, "black"), (text_at, row.text or [EMPTY], "black" if row.text else GREY))
    for left, lines, colour in texts:
        # Line by line, so that the lines stand where the bar says, whatever letters are in them.
        for number, line in enumerate(lines):
            baseline = top + (number + 0.76) * LINE_HEIGHT
            axes.text(left, baseline, line, fontsize=FONT_SIZE, color=colour, va="baseline")
