"""Errors against the predicted number, with their running median: a bend or a funnel says what the model misses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import COLOURS, GREY, Series, heading, legend_below, new_figure
from aimodels.figure_style.clouds import draw_cloud, read_cloud, span
from aimodels.figure_style.equal_bins import bin_starts
from aimodels.figure_style.tasks import with_numbers
from aimodels.figure_style.units import ERROR, labelled
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False
MOST_BINS = 20
FEWEST_IN_BIN = 20
FEWEST_BINS = 3  # fewer make no line
RUNNING = ("lower_quartile", "median", "upper_quartile")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The pairs from `predictions.csv`, of very many their counts in hexagons; quartiles along the predictions.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts classes.
    """
    folder = with_numbers(run, split=split)
    rows = folder.predictions
    return {
        "split": folder.name,
        "unit": folder.report["unit"],
        "cloud": read_cloud(
            rows.predictions, rows.errors, across=span(rows.predictions), up=span(rows.errors, np.zeros(1))
        ),
        "running": _running(rows.predictions, rows.errors),
    }


def _running(predictions: npt.NDArray[np.float64], errors: npt.NDArray[np.float64]) -> dict[str, list[float]]:
    """Quartiles of the errors of about as many examples each, from the lowest prediction to the highest."""
    order = np.argsort(predictions, kind="stable")
    starts = bin_starts(predictions[order], fewest=FEWEST_IN_BIN, most=MOST_BINS)
    if len(starts) < FEWEST_BINS:
        return {name: [] for name in ("prediction", *RUNNING)}
    quartiles = np.array([np.quantile(part, (0.25, 0.5, 0.75)) for part in np.split(errors[order], starts[1:])])
    middles = [float(np.median(part)) for part in np.split(predictions[order], starts[1:])]
    return {"prediction": middles, **{name: quartiles[:, at].tolist() for at, name in enumerate(RUNNING)}}


def draw(series: Sequence[Series]) -> "Figure":
    """The examples, the zero line, and the median and quartiles of the errors along the predictions."""
    [one] = series
    unit, cloud, running = one.numbers["unit"], one.numbers["cloud"], one.numbers["running"]
    figure = new_figure(width=6.8, height=4.9)
    figure.suptitle(heading(series, "errors"), fontsize=10)
    axes = figure.subplots()
    draw_cloud(figure, axes, cloud)
    axes.axhline(0, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)
    if running["prediction"]:
        low, median, high = (running[name] for name in RUNNING)
        axes.fill_between(
            running["prediction"],
            low,
            high,
            color=COLOURS[1],
            alpha=0.25,
            linewidth=0,
            label="middle half of the errors",
        )
        axes.plot(running["prediction"], median, color=COLOURS[1], linewidth=2, zorder=4, label="running median")
    axes.set(xlabel=labelled("predicted value", unit=unit), ylabel=labelled(ERROR, unit=unit))
    legend_below(figure, axes)
    return figure
