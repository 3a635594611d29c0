"""Which classes are taken for which: a matrix, or the worst pairs where there are too many classes for one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.evaluation.confusions import worst_confusions
from aimodels.evaluation.numerals import plain
from aimodels.evaluation.operating_points import USUAL
from aimodels.figure_style import COLOURS, NothingToDraw, Series, heading, new_figure, short
from aimodels.figure_style.tasks import threshold_of, with_one_class
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False
MOST_CLASSES = 30
NUM_PAIRS = 30
LARGE_CELLS_UP_TO = 12
DARK_FROM = 55


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The counts, rows true and columns predicted, from `report.json`; of two classes also the threshold between them.

    Raises:
        NothingToDraw: the split was not evaluated, or the answers are not one class each.
    """
    folder = with_one_class(run, split=split)
    report = folder.report
    return {
        "split": folder.name,
        "class_names": report["class_names"],
        "matrix": report["confusion_matrix"],
        "threshold": threshold_of(report),
    }


def draw(series: Sequence[Series]) -> "Figure":
    """The matrix with counts and row percentages, coloured from 0 to 100 %; above 30 classes, the worst pairs as bars.

    Raises:
        NothingToDraw: there are many classes, and no example was answered wrongly.
    """
    [one] = series
    matrix = np.array(one.numbers["matrix"], np.int64)
    return _draw_pairs(one, matrix) if len(matrix) > MOST_CLASSES else _draw_matrix(one, matrix)


def _draw_matrix(one: Series, matrix: npt.NDArray[np.int64]) -> "Figure":
    names = [short(name) for name in one.numbers["class_names"]]
    large = len(names) <= LARGE_CELLS_UP_TO
    cell, margin = 0.6 if large else 0.44, 0.9 + 0.06 * max(map(len, names))
    side = cell * max(len(names), 4) + margin
    figure = new_figure(width=side + 0.9, height=side + 0.2)
    figure.suptitle(heading([one], "confusion matrix"), fontsize=10)
    axes = figure.subplots()
    totals = matrix.sum(axis=1, keepdims=True)
    percent = 100 * matrix / np.maximum(totals, 1)
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100, aspect="equal")
    axes.grid(visible=False)
    upright = max(map(len, names)) <= 3
    axes.set_xticks(range(len(names)), names, rotation=0 if upright else 45, ha="center" if upright else "right")
    axes.set_yticks(range(len(names)), names)
    if not upright:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set(xlabel=_predicted(one), ylabel="true class")
    _write_cells(axes, matrix, percent=percent, size=8 if large else 6)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("% of the true class")
    return figure


def _predicted(one: Series) -> str:
    """What the columns are; a threshold is told where it is not the usual one."""
    threshold = one.numbers["threshold"]
    if threshold in (None, USUAL):
        return "predicted class"
    return f"predicted class\n{short(one.numbers['class_names'][1])} from a probability of {plain(threshold)} on"


def _write_cells(axes: "Axes", matrix: npt.NDArray[np.int64], *, percent: npt.NDArray[np.float64], size: int) -> None:
    for row, column in np.ndindex(*matrix.shape):
        count, share = int(matrix[row, column]), float(percent[row, column])
        if not count:
            continue
        colour = "white" if share > DARK_FROM else "black"
        axes.text(column, row, f"{count}\n{_percent(share)}", ha="center", va="center", fontsize=size, color=colour)


def _percent(share: float) -> str:
    """A percentage in few letters, which says 100 % and 0 % only where that is exact."""
    if 0 < share < 1:
        return "<1 %"
    if 99 < share < 100:
        return f"{np.floor(share * 10) / 10:.1f} %"
    return f"{share:.0f} %"


def _draw_pairs(one: Series, matrix: npt.NDArray[np.int64]) -> "Figure":
    from matplotlib.ticker import MaxNLocator

    class_names = one.numbers["class_names"]
    pairs = worst_confusions(matrix, class_names=class_names, limit=NUM_PAIRS)
    if not pairs:
        raise NothingToDraw("no example was answered wrongly")
    names = [f"{short(pair.target, longest=24)} → {short(pair.prediction, longest=24)}" for pair in pairs]
    figure = new_figure(width=4.6 + 0.06 * max(map(len, names)), height=1.0 + 0.24 * len(pairs))
    figure.suptitle(heading([one], f"{len(pairs)} most confused pairs of {len(class_names)} classes"), fontsize=10)
    axes = figure.subplots()
    counts = [pair.count for pair in pairs]
    axes.barh(range(len(pairs)), counts, color=COLOURS[0], height=0.7)
    for position, pair in enumerate(pairs):
        axes.annotate(
            f"{pair.count} ({_percent(100 * pair.share)})",
            (pair.count, position),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    axes.set_yticks(range(len(pairs)), names)
    axes.set(xlabel="examples (share of the true class)", xlim=(0, max(counts) * 1.25), ylim=(len(pairs) - 0.4, -0.6))
    axes.set_ylabel("true → predicted class")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
