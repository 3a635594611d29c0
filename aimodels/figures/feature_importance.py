"""How much worse the model becomes when a column is shuffled, with the spread: which columns it lives on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.data.plurals import counted
from aimodels.evaluation.numerals import plain
from aimodels.evaluation.regression_scores import IN_UNIT
from aimodels.figure_style import (
    COLOURS,
    MARKERS,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    measured,
    new_figure,
    short,
)
from aimodels.figure_style.units import in_unit, labelled
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
MOST_COLUMNS = 30
SPREAD: dict[str, Any] = {"ecolor": "black", "elinewidth": 1, "capsize": 2}


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The importance of every column, the most important first, from `importance.json`.

    Raises:
        NothingToDraw: the split was not evaluated, or importance was not measured.
    """
    folder = measured(run, split=split)
    if folder.importance is None:
        raise NothingToDraw("the importance of columns was not measured; it is for rows of a table")
    if not folder.importance["columns"]:
        raise NothingToDraw("the importance of no column was measured")
    in_unit = folder.importance["metric"] in IN_UNIT
    return {"split": folder.name, "unit": folder.report["unit"] if in_unit else None, **folder.importance}


def draw(series: Sequence[Series]) -> "Figure":
    """A bar per column with its deviation, at most 30; of several runs a mark per run in the order of the first one.

    Raises:
        NothingToDraw: the importances of the runs are in different metrics or of different columns.
    """
    first = series[0]
    ranked = [column["name"] for column in first.numbers["columns"]]
    for other in series[1:]:
        _expect_same(first, other)
    names = ranked[:MOST_COLUMNS]
    metric, unit = first.numbers["metric"], first.numbers["unit"]
    figure = new_figure(width=7.2, height=1.6 + 0.24 * len(names) + 0.17 * len(series))
    figure.suptitle("\n".join([heading(series, "importance of the columns"), *_rest(first, unit=unit)]), fontsize=10)
    axes = figure.subplots()
    for position, one in enumerate(series):
        of_name = {column["name"]: column for column in one.numbers["columns"]}
        _draw_run(axes, one, columns=[of_name[name] for name in names], position=position, num_runs=len(series))
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    if axes.get_xlim()[1] - axes.get_xlim()[0] < 1e-9:
        axes.set_xlim(-1, 1)
    axes.set_xlabel(labelled(f"how much worse {metric} becomes when the column is shuffled", unit=unit))
    legend_below(figure, axes, columns=1)
    return figure


def _expect_same(first: Series, other: Series) -> None:
    if first.numbers["metric"] != other.numbers["metric"] or first.numbers["unit"] != other.numbers["unit"]:
        raise NothingToDraw(f"{first.name} and {other.name} measured importance in different metrics")
    columns = [{column["name"] for column in one.numbers["columns"]} for one in (first, other)]
    if columns[0] != columns[1]:
        raise NothingToDraw(f"{first.name} and {other.name} have different columns")


def _draw_run(axes: "Axes", one: Series, *, columns: Sequence[dict[str, Any]], position: int, num_runs: int) -> None:
    numbers = one.numbers
    means, deviations = ([column[name] for column in columns] for name in ("mean", "std"))
    without = in_unit(numbers["baseline"], unit=numbers["unit"])
    measured_on = f"{counted(numbers['num_rows'], 'row')}, {counted(numbers['repeats'], 'shuffle')} each"
    label = f"{numbers['metric']} with nothing shuffled: {without}; {measured_on}"
    colour = COLOURS[position % len(COLOURS)]
    if num_runs == 1:
        label = f"mean and deviation; {label}"
        axes.barh(range(len(columns)), means, xerr=deviations, color=colour, height=0.7, error_kw=SPREAD, label=label)
        return
    places = [place + 0.6 * ((position + 0.5) / num_runs - 0.5) for place in range(len(columns))]
    axes.errorbar(
        means,
        places,
        xerr=deviations,
        linestyle="none",
        marker=MARKERS[position % len(MARKERS)],
        color=colour,
        capsize=2,
        elinewidth=1,
        label=f"{short(one.name, longest=60)}: {label}",
    )


def _rest(one: Series, *, unit: str | None) -> list[str]:
    """What is said of the columns that have no bar."""
    rest = one.numbers["columns"][MOST_COLUMNS:]
    if not rest:
        return []
    total = in_unit(sum(column["mean"] for column in rest), unit=unit)
    each = plain(rest[0]["mean"])
    return [f"without {counted(len(rest), 'more column')}: at most {each} each, together {total}"]
