"""Small images in a grid, each with a line or two above it and, where it was answered, a coloured border."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import NothingToDraw, new_figure, short
from aimodels.figure_style.captions import Caption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COLUMNS = 6
LETTERS_PER_INCH = 13


def draw_grid(images: npt.NDArray[np.uint8], captions: Sequence[Caption], *, title: str) -> "Figure":
    """The images (uint8, [N, h, w, c]) in a grid, as near to a square as the number allows.

    Raises:
        NothingToDraw: there are none.
    """
    if not captions:
        raise NothingToDraw("no images were kept")
    columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(captions))))
    rows = math.ceil(len(captions) / columns)
    num_lines = max(len(caption.lines) for caption in captions)
    side = 1.25 + 0.25 * _longest(captions) / LETTERS_PER_INCH
    figure = new_figure(width=max(4.0, columns * side), height=0.55 + rows * (side + 0.17 * num_lines))
    figure.suptitle(title, fontsize=10)
    for position, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.grid(visible=False)
        axes.set_xticks([])
        axes.set_yticks([])
        if position >= len(captions):
            axes.set_axis_off()
            continue
        _draw_cell(axes, images[position], caption=captions[position], letters=int(side * LETTERS_PER_INCH))
    return figure


def _draw_cell(axes: Any, image: npt.NDArray[np.uint8], *, caption: Caption, letters: int) -> None:
    if image.shape[2] == 1:
        axes.imshow(image[:, :, 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    else:
        axes.imshow(image[:, :, :3], interpolation="nearest")
    axes.set_title("\n".join(short(line, longest=letters) for line in caption.lines), fontsize=8, color="black", pad=3)
    for spine in axes.spines.values():
        spine.set(visible=True, color=caption.colour, linewidth=0.8 if caption.is_right is None else 2.6)


def _longest(captions: Sequence[Caption]) -> int:
    return min(28, max(len(line) for caption in captions for line in caption.lines))
