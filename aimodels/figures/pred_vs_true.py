"""Predicted numbers against the true ones, with R², MAE and RMSE: the nearer to the line, the better."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.data.plurals import counted
from aimodels.figure_style import GREY, Series, heading, new_figure
from aimodels.figure_style.clouds import draw_cloud, read_cloud, span
from aimodels.figure_style.tasks import with_numbers
from aimodels.figure_style.units import in_unit, labelled
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False
SCORES = ("r2", "mae", "rmse")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The pairs from `predictions.csv`, of very many their counts in hexagons; the scores from `report.json`.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts classes.
    """
    folder = with_numbers(run, split=split)
    rows = folder.predictions
    both = span(rows.targets, rows.predictions)
    return {
        "split": folder.name,
        "unit": folder.report["unit"],
        "num_examples": len(rows.targets),
        "metrics": {name: folder.report["metrics"][name] for name in SCORES},
        "cloud": read_cloud(rows.targets, rows.predictions, across=both, up=both),
    }


def draw(series: Sequence[Series]) -> "Figure":
    """The examples, the line on which predicted and true numbers are equal, and the scores above."""
    [one] = series
    unit, metrics, cloud = one.numbers["unit"], one.numbers["metrics"], one.numbers["cloud"]
    figure = new_figure(width=5.6 if cloud["counts"] is None else 6.5, height=5.9)
    scores = f"R² {in_unit(metrics['r2'], unit=None)}, MAE {in_unit(metrics['mae'], unit=unit)}"
    scores += f", RMSE {in_unit(metrics['rmse'], unit=unit)}"
    title = heading(series, f"predicted against true value, {counted(one.numbers['num_examples'], 'example')}")
    figure.suptitle(f"{title}\n{scores}", fontsize=10)
    axes = figure.subplots()
    axes.plot(cloud["across"], cloud["across"], color=GREY, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)
    draw_cloud(figure, axes, cloud)
    axes.set(xlabel=labelled("true value", unit=unit), ylabel=labelled("predicted value", unit=unit))
    return figure
