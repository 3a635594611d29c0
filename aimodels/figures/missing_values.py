"""How many values of each column are missing, in training against validation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.data.plurals import counted
from aimodels.figure_style import NothingToDraw, Series, heading, legend_below, new_figure, short
from aimodels.figure_style.split_columns import LOOKS, read_columns
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = False
MOST_COLUMNS = 40


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The counts of the columns with any missing value that training left behind, those with the most first.

    Raises:
        NothingToDraw: it left none, because the examples are no rows of a table; or no value is missing.
    """
    columns = read_columns(run)
    holes = [
        {
            "name": column["name"],
            "splits": {name: {key: one[key] for key in ("count", "missing")} for name, one in column["splits"].items()},
        }
        for column in columns
        if any(one["missing"] for one in column["splits"].values())
    ]
    if not holes:
        raise NothingToDraw(f"no value is missing in {counted(len(columns), 'column')}")
    holes.sort(key=lambda column: -max(_percent(one) for one in column["splits"].values()))
    return {"num_columns": len(columns), "columns": holes}


def _percent(one: dict[str, int]) -> float:
    return 100 * one["missing"] / max(1, one["count"])


def draw(series: Sequence[Series]) -> "Figure":
    """A bar per column and split, of at most 40 columns."""
    [one] = series
    columns = one.numbers["columns"][:MOST_COLUMNS]
    splits = list(columns[0]["splits"])
    figure = new_figure(width=6.8, height=1.5 + (0.14 + 0.15 * len(splits)) * len(columns))
    figure.suptitle(heading(series, _title(one.numbers, shown=len(columns))), fontsize=10)
    axes = figure.subplots()
    thickness = 0.78 / len(splits)
    for position, name in enumerate(splits):
        percent = [_percent(column["splits"][name]) for column in columns]
        places = [place + thickness * (position + 0.5) - 0.39 for place in range(len(columns))]
        size = max(column["splits"][name]["count"] for column in columns)
        axes.barh(places, percent, height=thickness, label=f"{name}, {counted(size, 'row')}", **LOOKS[name])
        for place, value, column in zip(places, percent, columns, strict=True):
            text = f"{value:.3g} % ({column['splits'][name]['missing']:,})"
            axes.annotate(text, (value, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7)
    axes.set_yticks(range(len(columns)), [short(column["name"]) for column in columns])
    most = max(_percent(one) for column in columns for one in column["splits"].values())
    axes.set(xlim=(0, 1.25 * most), ylim=(len(columns) - 0.4, -0.6), xlabel="% of the values that are missing")
    axes.grid(visible=False, axis="y")
    legend_below(figure, axes)
    return figure


def _title(numbers: dict[str, Any], *, shown: int) -> str:
    found, every = len(numbers["columns"]), numbers["num_columns"]
    if shown < found:
        return f"missing values, the {shown} columns with the most of {found} with any, of {every}"
    return "missing values" if found == every else f"missing values, in {found} of {every} columns"
