"""The examples with the highest losses: mistakes the model was sure of, or wrong labels."""

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
    return {"split": folder.name, **folder.examples["top_losses"]}


def draw(series: Sequence[Series]) -> "Figure":
    """A grid with the answer, its probability, the truth and the loss.

    Raises:
        NothingToDraw: no images were kept.
    """
    [one] = series
    columns = [one.numbers[name] for name in ("targets", "predictions", "probabilities", "losses")]
    cells = [
        Cell(
            (
                f"{TICK if target == prediction else CROSS} {prediction}, {probability:.0%}",
                f"true {target}",
                f"loss {loss:.2f}",
            ),
            is_right=target == prediction,
        )
        for target, prediction, probability, loss in zip(*columns, strict=True)
    ]
    return grid_of(one.numbers["images"], cells, title=heading(series, f"the {len(cells)} highest losses"))
