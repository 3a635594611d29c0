"""How the values of each column are spread, in training against validation: the two should look alike."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import NothingToDraw, Series, heading, new_figure, short
from aimodels.figure_style.split_columns import LOOKS, read_columns
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = False
MOST_COLUMNS = 24
NUM_ACROSS = 4
MOST_VALUES = 8
LONGEST_VALUE = 14


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The counts of numbers in bins and of categories by value that training left behind.

    Of more than 24 columns, those in which training and validation differ most (total variation distance).

    Raises:
        NothingToDraw: it left none, because the examples are no rows of a table; or all columns are dates and texts.
    """
    every = read_columns(run)
    columns = [_counted(column) for column in every if "counts" in column["splits"]["train"]]
    if not columns:
        raise NothingToDraw("there is no column of numbers or categories")
    kept = columns
    if len(columns) > MOST_COLUMNS:
        kept = sorted(columns, key=lambda column: -column["difference"])[:MOST_COLUMNS]
    return {"num_columns": len(columns), "columns": kept}


def _counted(column: dict[str, Any]) -> dict[str, Any]:
    """The edges or values of a column, the counts of each split, and how far the splits are apart (0 to 1)."""
    train = column["splits"]["train"]
    by_value = "values" in train
    counts = {
        name: [*one["counts"], one["others"]] if by_value else one["counts"] for name, one in column["splits"].items()
    }
    shares = [_shares(one) for one in counts.values()]
    return {
        "name": column["name"],
        "values" if by_value else "edges": train["values" if by_value else "edges"],
        "counts": counts,
        "difference": float(0.5 * np.abs(shares[0] - shares[-1]).sum()),
    }


def _shares(counts: Sequence[int]) -> npt.NDArray[np.float64]:
    return np.array(counts) / max(1, sum(counts))


def draw(series: Sequence[Series]) -> "Figure":
    """A small panel per column: lines over the bins of numbers, bars for the values of categories."""
    [one] = series
    columns = one.numbers["columns"]
    across = min(NUM_ACROSS, len(columns))
    down = math.ceil(len(columns) / across)
    figure = new_figure(width=max(4.6, 0.5 + 2.75 * across), height=1.2 + 1.9 * down)
    figure.suptitle(heading(series, _title(one.numbers)), fontsize=10)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(columns) :]:
        panel.set_axis_off()
    for panel, column in zip(panels, columns, strict=False):
        if "values" in column:
            _draw_values(panel, column)
        else:
            _draw_bins(panel, column)
        panel.set_title(short(column["name"]), fontsize=9)
        panel.tick_params(labelsize=7)
    _legend(figure, columns)
    return figure


def _title(numbers: dict[str, Any]) -> str:
    shown, every = len(numbers["columns"]), numbers["num_columns"]
    what = "values of the columns in % of each split"
    if shown == every:
        return what
    return f"{what}, the {shown} of {every} in which training and validation differ most"


def _draw_bins(panel: "Axes", column: dict[str, Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    edges = np.array(column["edges"], np.float64)
    if not any(map(sum, column["counts"].values())):
        _say_nothing_known(panel)
        return
    if edges[0] == edges[-1]:  # one value only
        edges = np.linspace(edges[0] - 0.5, edges[0] + 0.5, len(edges))
    for name, counts in column["counts"].items():
        filled = name == "train"
        colour = {"color": LOOKS["train"]["color"]} if filled else {"color": LOOKS[name]["edgecolor"]}
        panel.stairs(100 * _shares(counts), edges, fill=filled, linewidth=1.4, zorder=2 + (not filled), **colour)
    panel.set_ylim(0, None)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=4))


def _draw_values(panel: "Axes", column: dict[str, Any]) -> None:
    """A bar per split for each of the first values, and for all others together."""
    from matplotlib.ticker import MaxNLocator

    if not any(map(sum, column["counts"].values())):
        _say_nothing_known(panel)
        return
    names = [short(value, longest=LONGEST_VALUE) for value in column["values"][:MOST_VALUES]]
    rest = {name: sum(counts[len(names) :]) for name, counts in column["counts"].items()}
    with_rest = any(rest.values())
    thickness = 0.8 / len(rest)
    for position, (name, counts) in enumerate(column["counts"].items()):
        shown = [*counts[: len(names)], *([rest[name]] if with_rest else [])]
        places = [place + thickness * (position + 0.5) - 0.4 for place in range(len(shown))]
        percent = 100 * np.array(shown) / max(1, sum(counts))
        panel.barh(places, percent, height=thickness, **LOOKS[name])
    panel.set_yticks(range(len(names) + with_rest), [*names, *(["all others"] if with_rest else [])])
    panel.set_ylim(len(names) + with_rest - 0.5, -0.5)
    panel.grid(visible=False, axis="y")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=4))


def _say_nothing_known(panel: "Axes") -> None:
    panel.set(xticks=[], yticks=[])
    panel.text(0.5, 0.5, "all values are missing", transform=panel.transAxes, ha="center", va="center", fontsize=8)


def _legend(figure: "Figure", columns: Sequence[dict[str, Any]]) -> None:
    from matplotlib.patches import Patch

    splits = dict.fromkeys(name for column in columns for name in column["counts"])
    handles = [Patch(label=name, **LOOKS[name]) for name in splits]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
