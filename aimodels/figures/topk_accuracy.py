"""How often the true class is among the k most probable ones, for tasks of many classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.evaluation.probabilities import ranks
from aimodels.figure_style import (
    MARKERS,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    look,
    new_figure,
    short,
)
from aimodels.figure_style.tasks import with_one_class
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
FEWEST_CLASSES = 10
LARGEST_K = 5


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The accuracy for k from 1 to 5, from `predictions.csv`.

    Raises:
        NothingToDraw: the split was not evaluated, the answers are not one class each, or there are fewer than 10.
    """
    folder = with_one_class(run, split=split)
    num_classes = len(folder.report["class_names"])
    if num_classes < FEWEST_CLASSES:
        raise NothingToDraw(f"there are {num_classes} classes; top-k accuracy is drawn for {FEWEST_CLASSES} or more")
    rows = folder.predictions
    place = ranks(rows.targets, rows.probabilities)
    k = list(range(1, LARGEST_K + 1))
    return {"split": folder.name, "k": k, "accuracy": [float(np.mean(place < limit)) for limit in k]}


def draw(series: Sequence[Series]) -> "Figure":
    """Accuracy against k, each point with its number for a single run."""
    figure = new_figure(width=5.2, height=3.6 + 0.17 * len(series))
    figure.suptitle(heading(series, "top-k accuracy"), fontsize=10)
    axes = figure.subplots()
    for position, one in enumerate(series):
        k, accuracy = one.numbers["k"], one.numbers["accuracy"]
        marker = MARKERS[position % len(MARKERS)]
        axes.plot(k, accuracy, marker=marker, label=short(one.name, longest=80), **look(position))
        if len(series) == 1:
            for at, value in zip(k, accuracy, strict=True):
                text = f"{value:.4f}"
                axes.annotate(text, (at, value), xytext=(5, -11), textcoords="offset points", fontsize=8)
    axes.set(xlabel="k", ylabel="true class among the k most probable")
    axes.set_xticks(series[0].numbers["k"])
    axes.margins(x=0.1, y=0.18)
    if len(series) > 1:
        legend_below(figure, axes, columns=1)
    return figure
