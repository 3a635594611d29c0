"""The mean error for the values of the columns that matter most: where in the table the model is weak."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.evaluation.numerals import plain
from aimodels.figure_style import COLOURS, NothingToDraw, Series, heading, legend_below, measured, new_figure, short
from aimodels.figure_style.column_order import most_important_first
from aimodels.figure_style.units import in_unit, labelled
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False
MOST_COLUMNS = 6
NUM_ACROSS = 2
LONGEST_LABEL = 22
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The errors by value, from `by_feature.json`: of the most important columns, or of those that vary most.

    Raises:
        NothingToDraw: the split was not evaluated, or its examples are no rows of a table.
    """
    folder = measured(run, split=split)
    if folder.by_feature is None:
        raise NothingToDraw("the evaluation has no errors by column; its examples are no rows of a table")
    columns = [column for column in folder.by_feature["columns"] if any(column["counts"])]
    if not columns:
        raise NothingToDraw("there is no column whose values could be put into bins")
    return {
        "split": folder.name,
        "unit": folder.report["unit"] if folder.task == "regression" else None,
        "error": folder.by_feature["error"],
        "num_columns": len(columns),
        "chosen_by": "importance" if folder.importance else "variation",
        "columns": _ordered(columns, folder=folder)[:MOST_COLUMNS],
    }


def _ordered(columns: list[dict[str, Any]], *, folder: EvaluationFolder) -> list[dict[str, Any]]:
    if folder.importance is None:
        return sorted(columns, key=_variation, reverse=True)
    of_name = {column["name"]: column for column in columns}
    return [of_name[name] for name in most_important_first(folder, list(of_name))]


def _filled(column: dict[str, Any]) -> tuple[list[float], list[float]]:
    """The errors of the bins with examples, and how many those have."""
    pairs = zip(column["errors"], column["counts"], strict=True)
    errors, counts = zip(*((error, count) for error, count in pairs if count and error is not None), strict=True)
    return list(errors), list(counts)


def _variation(column: dict[str, Any]) -> float:
    """How much the error depends on the column: the deviation of its bins, each counted as often as it has examples."""
    errors, counts = _filled(column)
    mean = np.average(errors, weights=counts)
    return float(np.sqrt(np.average((np.array(errors) - mean) ** 2, weights=counts)))


def draw(series: Sequence[Series]) -> "Figure":
    """A panel per column, at most six: a bar per bin or value, with its examples, and the mean over all examples."""
    [one] = series
    columns, unit = one.numbers["columns"], one.numbers["unit"]
    across = min(NUM_ACROSS, len(columns))
    down = math.ceil(len(columns) / across)
    bins = [max(len(column["labels"]) for column in columns[row * across : (row + 1) * across]) for row in range(down)]
    heights = [0.9 + 0.2 * most for most in bins]
    figure = new_figure(width=1.2 + 4.0 * across, height=0.95 + sum(heights))
    figure.suptitle(heading(series, _title(one.numbers)), fontsize=10)
    panels = figure.subplots(down, across, squeeze=False, sharex=True, height_ratios=heights).ravel()
    for panel in panels[len(columns) :]:
        panel.set_axis_off()
    for panel, column in zip(panels, columns, strict=False):
        _draw_column(panel, column, unit=unit)
        panel.set_xlabel(labelled(_error(one.numbers["error"]), unit=unit), fontsize=8)
    largest = max(error for column in columns for error in _filled(column)[0])
    panels[0].set_xlim(0, 1.22 * largest or 1.0)
    legend_below(figure, panels[0])
    return figure


def _title(numbers: dict[str, Any]) -> str:
    shown, every = len(numbers["columns"]), numbers["num_columns"]
    what = f"{_error(numbers['error'])} by column (in brackets: examples)"
    chosen = {"importance": "the most important", "variation": "those in which it varies most"}[numbers["chosen_by"]]
    return what if shown == every else f"{what}, {shown} of {every}: {chosen}"


def _error(kind: str) -> str:
    return {"share wrong": "share of wrong answers"}.get(kind, f"mean {kind}")


def _draw_column(panel: "Axes", column: dict[str, Any], *, unit: str | None) -> None:
    places = range(len(column["labels"]))
    errors, counts = _filled(column)
    mean = float(np.average(errors, weights=counts))
    values = [error or 0.0 for error in column["errors"]]
    panel.barh(places, values, color=COLOURS[0], height=0.7)
    panel.axvline(mean, color="black", linewidth=1, linestyle=(0, (4, 3)), label=f"mean: {in_unit(mean, unit=unit)}")
    for place, value, count in zip(places, values, column["counts"], strict=True):
        text = plain(value) if count else "none"
        panel.annotate(
            text, (value, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7, bbox=PAPER
        )
    labels = zip(column["labels"], column["counts"], strict=True)
    panel.set_yticks(places, [f"{short(label, longest=LONGEST_LABEL)}  ({count:,})" for label, count in labels])
    panel.tick_params(axis="y", labelsize=7.5)
    panel.tick_params(axis="x", labelbottom=True)
    panel.set_ylim(len(column["labels"]) - 0.4, -0.6)
    panel.grid(visible=False, axis="y")
    panel.set_title(short(column["name"], longest=40))
