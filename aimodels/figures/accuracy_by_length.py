"""How often texts of a length are answered rightly, with 95 % intervals and how many texts there are of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.data.text_lengths import length_unit
from aimodels.evaluation.intervals import wilson
from aimodels.figure_style import (
    GREY,
    LINES,
    MARKERS,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    look,
    new_figure,
    short,
)
from aimodels.figure_style.equal_bins import bin_starts
from aimodels.figure_style.tasks import with_classes
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
MOST_BINS = 10
FEWEST_TEXTS = 20  # in a bin, where there are that many
LINEAR_UP_TO = 10  # words or pieces; above them the axis is logarithmic


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """Bins of about as many texts each, from `predictions.csv`: the lengths of their texts, right answers, intervals.

    Raises:
        NothingToDraw: the split was not evaluated, its examples are no texts, or the run predicts a number.
    """
    folder = with_classes(run, split=split)
    rows = folder.predictions
    if rows.num_tokens is None:
        raise NothingToDraw("its examples are no texts")
    order = np.argsort(rows.num_tokens, kind="stable")
    starts = bin_starts(rows.num_tokens[order], fewest=FEWEST_TEXTS, most=MOST_BINS)
    lengths = np.split(rows.num_tokens[order], starts[1:])
    right = np.add.reduceat(rows.correct[order], starts, dtype=np.int64)
    counts = np.array([len(bin) for bin in lengths], np.int64)
    interval = wilson(right, counts)
    return {
        "split": folder.name,
        "unit": folder.report["words"].get("unit", "words"),
        "max_length": folder.report["words"]["max_length"],
        "shortest": [int(bin[0]) for bin in lengths],
        "median": [float(np.median(bin)) for bin in lengths],
        "longest": [int(bin[-1]) for bin in lengths],
        "counts": counts.tolist(),
        "accuracy": (right / counts).tolist(),
        "low": interval.low.tolist(),
        "high": interval.high.tolist(),
    }


def draw(series: Sequence[Series]) -> "Figure":
    """Accuracy with its interval at the median length of each bin above, how many texts each bin has below."""
    figure = new_figure(width=6.8, height=4.9 + 0.17 * len(series))
    figure.suptitle(heading(series, "accuracy by length, with 95 % intervals"), fontsize=10)
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]})
    for position, one in enumerate(series):
        numbers, appearance = one.numbers, look(position)
        accuracy = np.array(numbers["accuracy"])
        upper.errorbar(
            numbers["median"],
            accuracy,
            yerr=[accuracy - numbers["low"], numbers["high"] - accuracy],
            marker=MARKERS[position % len(MARKERS)],
            capsize=2.5,
            elinewidth=1,
            label=short(one.name, longest=80),
            **appearance,
        )
        edges = np.array([*numbers["shortest"], numbers["longest"][-1] + 1])
        if len(series) == 1:
            colours = {"color": appearance["color"], "edgecolor": "white"}
            lower.bar(edges[:-1], numbers["counts"], np.diff(edges), align="edge", **colours)
        else:
            lower.stairs(numbers["counts"], edges, **appearance)
    last = max(one.numbers["longest"][-1] for one in series)
    lengths = [(one.numbers["max_length"], one.numbers["unit"]) for one in series]
    cuts = sorted({(cut, unit) for cut, unit in lengths if cut < last})
    for (cut, unit), line in zip(cuts, LINES[1:] * len(cuts), strict=False):
        for panel in (upper, lower):
            panel.axvline(cut, color=GREY, linewidth=1, linestyle=line, label=f"texts are cut at {cut:,} {unit}")
    _number_lengths(lower, first=min(one.numbers["shortest"][0] for one in series), last=last)
    upper.set(ylabel="share of right answers", ylim=(None, 1.01))
    units = " or ".join(sorted({length_unit(unit) for _, unit in lengths}, reverse=True))
    lower.set(xlabel=f"length of the text: {units}", ylabel="texts", ylim=(0, None))
    if len(series) > 1 or cuts:
        legend_below(figure, upper, columns=1)
    return figure


def _number_lengths(axes: "Axes", *, first: int, last: int) -> None:
    """A logarithmic axis, linear near 0 because a text may have no word at all; with plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("symlog", linthresh=LINEAR_UP_TO, linscale=0.5)
    ticks = [0, LINEAR_UP_TO / 2, *(digit * LINEAR_UP_TO * 10**power for power in range(6) for digit in (1, 2, 5))]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(first / 1.1, 1.1 * (last + 1))
