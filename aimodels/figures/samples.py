"""Training images as the model sees them, augmented, with their labels: shows wrong labels before they are learned."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import NothingToDraw, Series, heading
from aimodels.figure_style.image_grid import Cell, grid_of
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = False


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The images and labels that training left behind.

    Raises:
        NothingToDraw: it left none.
    """
    path = run.plot_data / "samples.json"
    if not path.exists():
        raise NothingToDraw("training kept no samples")
    numbers: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return numbers


def draw(series: Sequence[Series]) -> "Figure":
    """A grid of images with their labels.

    Raises:
        NothingToDraw: no images were kept.
    """
    [one] = series
    cells = [Cell((label,)) for label in one.numbers["labels"]]
    return grid_of(one.numbers["images"], cells, title=heading(series, "training images, augmented, with their labels"))
