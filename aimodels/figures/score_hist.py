"""Which probabilities the examples of each class are given: for many classes, those of the true class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import (
    COLOURS,
    LINES,
    Series,
    heading,
    legend_below,
    new_figure,
    same_classes,
    short,
)
from aimodels.figure_style.tasks import with_one_class
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
NUM_BINS = 40
TALLEST = 20  # medians of the bins
RIGHT, WRONG = "answered rightly", "answered wrongly"


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """Counts in bins of equal width over 0..1, from `predictions.csv`.

    Of two classes, the probability of the second one by the true class; of more, that of the true class by whether the
    answer is right.

    Raises:
        NothingToDraw: the split was not evaluated, or the answers are not one class each.
    """
    folder = with_one_class(run, split=split)
    rows, class_names = folder.predictions, folder.report["class_names"]
    if len(class_names) == 2:
        of, probability = class_names[1], rows.probabilities[:, 1]
        groups = {name: rows.targets == number for number, name in enumerate(class_names)}
    else:
        of, probability = "the true class", rows.probabilities[np.arange(len(rows.targets)), rows.targets]
        groups = {RIGHT: rows.predictions == rows.targets, WRONG: rows.predictions != rows.targets}
    return {
        "split": folder.name,
        "class_names": class_names,
        "probability_of": of,
        "counts": {name: _counted(probability[chosen]) for name, chosen in groups.items()},
    }


def _counted(probability: npt.NDArray[np.float32]) -> list[int]:
    counts, _ = np.histogram(np.clip(probability, 0.0, 1.0), bins=NUM_BINS, range=(0.0, 1.0))
    return [int(count) for count in counts]


def draw(series: Sequence[Series]) -> "Figure":
    """The share of each group's examples in every bin: a colour per group for one run, a colour per run for several.

    Raises:
        NothingToDraw: the runs have different classes.
    """
    by = "by the true class" if len(same_classes(series)) == 2 else "by the answer"
    figure = new_figure(width=6.4, height=4.2 + 0.17 * len(series))
    of = short(series[0].numbers["probability_of"])
    figure.suptitle(heading(series, f"probability of {of} {by}"), fontsize=10)
    axes = figure.subplots()
    edges, alone = np.linspace(0, 1, NUM_BINS + 1), len(series) == 1
    heights = []
    for position, one in enumerate(series):
        for number, (name, counts) in enumerate(one.numbers["counts"].items()):
            percent = 100 * np.array(counts) / max(1, sum(counts))
            heights.append(percent)
            colour = COLOURS[(number if alone else position) % len(COLOURS)]
            label = f"{short(name)} ({sum(counts):,})"
            told = label if alone else f"{short(one.name, longest=60)}: {label}"
            axes.stairs(percent, edges, color=colour, linestyle=LINES[number], linewidth=1.5, label=told)
            if alone:
                axes.stairs(percent, edges, color=colour, fill=True, alpha=0.25)
    _scale(axes, np.concatenate(heights))
    axes.set(xlabel=f"probability of {of}", ylabel="% of these examples", xlim=(0, 1))
    legend_below(figure, axes, columns=2 if alone else 1)
    return figure


def _scale(axes: "Axes", heights: npt.NDArray[np.float64]) -> None:
    """A logarithmic axis where the bins of sure answers would leave nothing to be seen of the others."""
    from matplotlib.ticker import FuncFormatter

    filled = heights[heights > 0]
    if filled.max() < TALLEST * np.median(filled):
        axes.set_ylim(bottom=0)
        return
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(filled.min() / 2, 1.5 * filled.max())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
