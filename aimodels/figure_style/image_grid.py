"""Small images in rows, each with a line or two above it and, where it was answered, a coloured border."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data import thumbnails
from aimodels.figure_style import GREY, RIGHT, WRONG, NothingToDraw, new_figure, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TICK, CROSS = "✓", "✗"
MOST_COLUMNS = 6
LETTERS_PER_INCH = 13


@dataclass(frozen=True)
class Cell:
    """What stands with one image. `is_right` is None where nothing was answered."""

    lines: tuple[str, ...]
    is_right: bool | None = None


def draw_grid(images: npt.NDArray[np.uint8], cells: Sequence[Cell], *, title: str) -> "Figure":
    """The images (uint8, [N, h, w, c]) in a grid, as near to a square as the number allows."""
    columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(cells))))
    rows = math.ceil(len(cells) / columns)
    num_lines = max(len(cell.lines) for cell in cells)
    side = 1.25 + 0.25 * _longest(cells) / LETTERS_PER_INCH
    figure = new_figure(width=max(4.0, columns * side), height=0.55 + rows * (side + 0.17 * num_lines))
    figure.suptitle(title, fontsize=10)
    for position, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.grid(visible=False)
        axes.set_xticks([])
        axes.set_yticks([])
        if position >= len(cells):
            axes.set_axis_off()
            continue
        _draw_cell(axes, images[position], cell=cells[position], letters=int(side * LETTERS_PER_INCH))
    return figure


def grid_of(document: dict[str, Any], cells: Sequence[Cell], *, title: str) -> "Figure":
    """The encoded images of a document in a grid.

    Raises:
        NothingToDraw: there are none.
    """
    if not cells:
        raise NothingToDraw("no images were kept")
    return draw_grid(thumbnails.decode(document), cells, title=title)


def _draw_cell(axes: Any, image: npt.NDArray[np.uint8], *, cell: Cell, letters: int) -> None:
    if image.shape[2] == 1:
        axes.imshow(image[:, :, 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    else:
        axes.imshow(image[:, :, :3], interpolation="nearest")
    colour = {None: GREY, True: RIGHT, False: WRONG}[cell.is_right]
    axes.set_title("\n".join(short(line, longest=letters) for line in cell.lines), fontsize=8, color="black", pad=3)
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=0.8 if cell.is_right is None else 2.6)


def _longest(cells: Sequence[Cell]) -> int:
    return min(28, max(len(line) for cell in cells for line in cell.lines))
