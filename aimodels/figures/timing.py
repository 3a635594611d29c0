"""How long each epoch took, and how many examples went through per second."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import (
    COLOURS,
    MANY_EPOCHS,
    MARKERS,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    new_figure,
    number_epochs,
    short,
)
from aimodels.runs.atomic import finite
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = True
PANELS = {"seconds": "seconds per epoch", "examples_per_second": "examples per second"}


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The columns of `timing.csv`.

    Raises:
        NothingToDraw: no epoch has ended yet.
    """
    columns = run.timing() if run.timing_file.exists() else {}
    if not columns.get("epoch"):
        raise NothingToDraw("no epoch has ended")
    numbers: dict[str, Any] = finite(columns)
    return numbers


def draw(series: Sequence[Series]) -> "Figure":
    """Two panels over the epochs, from 0 upwards."""
    figure = new_figure(width=7.2, height=4.4 + 0.17 * len(series))
    figure.suptitle(heading(series, "time of training"), fontsize=10)
    panels = figure.subplots(2, 1, sharex=True)
    for panel, (column, label) in zip(panels, PANELS.items(), strict=True):
        for position, one in enumerate(series):
            panel.plot(
                one.numbers["epoch"],
                one.numbers[column],
                color=COLOURS[position % len(COLOURS)],
                marker=MARKERS[position % len(MARKERS)] if len(one.numbers["epoch"]) <= MANY_EPOCHS else None,
                label=short(one.name, longest=80),
            )
        panel.set_ylabel(label)
        panel.set_ylim(0, 1.06 * max(value or 0 for one in series for value in one.numbers[column]))
    panels[-1].set_xlabel("epoch")
    number_epochs(panels[-1], last=int(max(max(one.numbers["epoch"]) for one in series)))
    if len(series) > 1:
        legend_below(figure, panels[0], columns=1)
    return figure
