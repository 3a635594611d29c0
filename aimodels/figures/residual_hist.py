"""How the errors are spread, beside the normal distribution of their mean and deviation; and their Q-Q plot."""

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import (
    GREY,
    MARKERS,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    look,
    new_figure,
    short,
)
from aimodels.figure_style.tasks import with_numbers
from aimodels.figure_style.units import ERROR, in_unit, labelled
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
SOURCE = "evaluation"
OVERLAYS = True
MOST_BINS = 60
FEWEST_BINS = 8
FAR = 6  # interquartile ranges from the median; what lies farther out would leave nothing to be seen of the rest
MOST_POINTS = 400
MOST_TICKS = 5  # seven digits and a sign still fit side by side
NUM_EXTREMES = 50  # at either end, which the others must not hide
NORMAL = NormalDist()


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The histogram and the quantiles of the errors, from `predictions.csv`.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts classes.
    """
    folder = with_numbers(run, split=split)
    rows = folder.predictions
    errors = np.sort(rows.errors)
    low, high = _range(errors)
    num_bins = int(np.clip(np.sqrt(len(errors)), FEWEST_BINS, MOST_BINS))
    counts, edges = np.histogram(errors, bins=num_bins, range=(low, high))
    ranks = _ranks(len(errors))
    return {
        "split": folder.name,
        "unit": folder.report["unit"],
        "num_examples": len(errors),
        "mean": float(errors.mean()),
        "deviation": float(errors.std()),
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "beyond": int(((errors < low) | (errors > high)).sum()),
        # Hazen's positions: the middle of the share of the distribution that each example stands for.
        "normal": [NORMAL.inv_cdf((rank + 0.5) / len(errors)) for rank in ranks.tolist()],
        "errors": errors[ranks].tolist(),
        "quartiles": np.quantile(errors, (0.25, 0.75)).tolist(),
    }


def _range(ordered: Floats) -> tuple[float, float]:
    """What the histogram shows: everything but what lies very far from the rest; never empty."""
    low, high = float(ordered[0]), float(ordered[-1])
    lower, median, upper = (float(quantile) for quantile in np.quantile(ordered, (0.25, 0.5, 0.75)))
    if upper > lower:
        low, high = max(low, median - FAR * (upper - lower)), min(high, median + FAR * (upper - lower))
    if high > low:
        return low, high
    margin = 0.5 * abs(low) or 1.0
    return low - margin, high + margin


def _ranks(num_examples: int) -> npt.NDArray[np.int64]:
    """Places among the errors in order: all, or of very many both ends and some between them."""
    if num_examples <= MOST_POINTS:
        return np.arange(num_examples)
    ends = np.arange(NUM_EXTREMES)
    between = np.linspace(0, num_examples - 1, MOST_POINTS - 2 * NUM_EXTREMES).round().astype(np.int64)
    return np.unique(np.concatenate([ends, between, num_examples - 1 - ends]))


def draw(series: Sequence[Series]) -> "Figure":
    """The histogram on the left and the quantiles against those of a normal distribution on the right.

    Raises:
        NothingToDraw: the runs predict in different units.
    """
    units = {one.numbers["unit"] for one in series}
    if len(units) > 1:
        raise NothingToDraw("the runs predict in different units")
    [unit] = units
    figure = new_figure(width=9.2, height=4.2 + 0.17 * (len(series) + 1))
    figure.suptitle(heading(series, "distribution of the errors"), fontsize=10)
    left, right = figure.subplots(1, 2)
    left.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (2, 3)))
    for position, one in enumerate(series):
        _draw_histogram(left, one, appearance=look(position), alone=len(series) == 1)
        _draw_quantiles(right, one, position=position)
    error = labelled(ERROR, unit=unit)
    left.locator_params(axis="x", nbins=MOST_TICKS)
    left.set(xlabel=error, ylabel="% of the examples", ylim=(0, None))
    right.set(xlabel="quantile of the standard normal distribution", ylabel=error, title="Q-Q")
    beyond = sum(one.numbers["beyond"] for one in series)
    left.set_title(f"histogram, without {beyond:,} very far out" if beyond else "histogram")
    legend_below(figure, left, columns=2 if len(series) == 1 else 1)
    return figure


def _draw_histogram(axes: "Axes", one: Series, *, appearance: dict[str, Any], alone: bool) -> None:
    numbers = one.numbers
    edges, mean, deviation = np.array(numbers["edges"]), numbers["mean"], numbers["deviation"]
    percent = 100 * np.array(numbers["counts"]) / numbers["num_examples"]
    spread = f"mean {in_unit(mean, unit=numbers['unit'])}, deviation {in_unit(deviation, unit=numbers['unit'])}"
    label = f"errors, {spread}" if alone else f"{short(one.name, longest=60)}: {spread}"
    axes.stairs(percent, edges, linewidth=1.5, label=label, **appearance)
    if not alone:
        return
    axes.stairs(percent, edges, fill=True, alpha=0.25, **appearance)
    if deviation > 0:
        x = np.linspace(edges[0], edges[-1], 200)
        density = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
        bell = 100 * density * (edges[1] - edges[0])
        axes.plot(x, bell, color="black", linestyle="--", linewidth=1.2, label="normal distribution of these")


def _draw_quantiles(axes: "Axes", one: Series, *, position: int) -> None:
    numbers = one.numbers
    normal = np.array(numbers["normal"])
    colour, marker = look(position)["color"], MARKERS[position % len(MARKERS)]
    axes.scatter(normal, numbers["errors"], s=12, color=colour, marker=marker, alpha=0.6, linewidths=0, zorder=2)
    ends = np.array([min(normal.min(), -1.0), max(normal.max(), 1.0)])
    # Through the quartiles, which a few large errors do not move.
    lower, upper = numbers["quartiles"]
    straight = (lower + upper) / 2 + (upper - lower) / (2 * NORMAL.inv_cdf(0.75)) * ends
    axes.plot(ends, straight, linewidth=1.0, color="black" if position == 0 else colour, linestyle="--", zorder=3)
