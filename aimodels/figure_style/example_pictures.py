"""Examples as a picture, with what stands beside each of them: images in a grid, texts in rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from aimodels.data import thumbnails
from aimodels.figure_style import measured
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.image_grid import draw_grid
from aimodels.figure_style.text_rows import draw_rows
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def read_examples(run: RunFolder, *, split: str, choice: Literal["top_losses", "predictions"]) -> dict[str, Any]:
    """The examples and what was answered, from `examples.json`.

    Raises:
        NothingToDraw: the split was not evaluated.
    """
    folder = measured(run, split=split)
    return {"split": folder.name, **folder.examples[choice]}


def draw_examples(numbers: dict[str, Any], captions: Sequence[Caption], *, title: str) -> "Figure":
    """The `images` or the `texts` of the numbers, each with its caption.

    Raises:
        NothingToDraw: there are none.
    """
    if "texts" in numbers:
        return draw_rows(numbers["texts"], captions, title=title)
    return draw_grid(thumbnails.decode(numbers["images"]), captions, title=title)
