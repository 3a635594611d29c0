"""A random choice of examples with the true and the predicted class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import Series, heading, measured
from aimodels.figure_style.image_grid import CROSS, TICK, Cell, grid_of
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The images and what was answered, from `examples.json`.

    Raises:
        NothingToDraw: the split was not evaluated.
    """
    folder = measured(run, split=split)
    return {"split": folder.name, **folder.examples["predictions"]}


def draw(series: Sequence[Series]) -> "Figure":
    """A grid: green border and a tick where the answer is right, red border and a cross where it is wrong.

    Raises:
        NothingToDraw: no images were kept.
    """
    [one] = series
    pairs = zip(one.numbers["targets"], one.numbers["predictions"], strict=True)
    cells = [
        Cell((f"{TICK} {target}",), is_right=True)
        if target == prediction
        else Cell((f"{CROSS} {prediction}", f"true {target}"), is_right=False)
        for target, prediction in pairs
    ]
    return grid_of(one.numbers["images"], cells, title=heading(series, "random examples"))
