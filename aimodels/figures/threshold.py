"""Precision, recall, F1 and accuracy against the threshold for answering yes, with the best F1: for two classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.evaluation.numerals import plain
from aimodels.evaluation.operating_points import USUAL, OperatingPoints, best_f1, operating_points
from aimodels.figure_style import (
    COLOURS,
    GREY,
    LINES,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    look,
    new_figure,
    same_classes,
    short,
)
from aimodels.figure_style.tasks import threshold_of, with_one_class
from aimodels.runs.atomic import finite
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
NUM_POINTS = 401
DASHED = (0, (2, 3))
SCORES = {"precision": "precision", "recall": "recall", "f1": "F1", "accuracy": "accuracy"}


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The scores at evenly spaced thresholds, at that of the run and at the best F1, from `predictions.csv`.

    Raises:
        NothingToDraw: the split was not evaluated, there are other than two classes, or all examples are of one.
    """
    folder = with_one_class(run, split=split)
    rows, class_names = folder.predictions, folder.report["class_names"]
    if len(class_names) != 2:
        raise NothingToDraw(f"there are {len(class_names)} classes; a threshold is for two")
    truth, probability = rows.targets == 1, rows.probabilities[:, 1].astype(np.float64)
    if truth.all() or not truth.any():
        raise NothingToDraw(f"all examples of {split} are of one class")
    curve = operating_points(truth, probability, thresholds=np.linspace(0.0, 1.0, NUM_POINTS))
    own = operating_points(truth, probability, thresholds=np.array([threshold_of(folder.report) or USUAL]))
    numbers: dict[str, Any] = finite(
        {
            "split": folder.name,
            "class_names": class_names,
            "threshold": curve.thresholds.tolist(),
            **{name: getattr(curve, name).tolist() for name in SCORES},
            "own": _point(own),
            "best_f1": _point(best_f1(truth, probability)),
        }
    )
    return numbers


def _point(points: OperatingPoints) -> dict[str, float]:
    return {"threshold": float(points.thresholds[0]), **{name: float(getattr(points, name)[0]) for name in SCORES}}


def draw(series: Sequence[Series]) -> "Figure":
    """All four scores of one run in a panel; of several runs a panel per score and a colour per run.

    Raises:
        NothingToDraw: the runs have different classes.
    """
    positive = short(same_classes(series)[1])
    label = f"threshold: {positive} is answered from this probability of it on"
    figure = _draw_one(series[0], label=label) if len(series) == 1 else _draw_all(series, label=label)
    figure.suptitle(heading(series, f"scores of {positive} by the threshold"), fontsize=10)
    return figure


def _draw_one(one: Series, *, label: str) -> "Figure":
    figure = new_figure(width=6.4, height=4.9)
    axes = figure.subplots()
    for position, (name, score) in enumerate(SCORES.items()):
        _draw_curve(axes, one, name=name, label=score, color=COLOURS[position], linestyle=LINES[position])
    best, own = one.numbers["best_f1"], one.numbers["own"]
    _mark(axes, best, label=f"best F1: {best['f1']:.4f} at {best['threshold']:.3f}", marker="*", markersize=12)
    told = f"F1 at {plain(own['threshold'])}, the threshold of the run: {own['f1']:.4f}"
    _mark(axes, own, label=told, marker="o", markersize=6)
    axes.set(xlim=(0, 1), ylim=(-0.02, 1.02), xlabel=label, ylabel="score")
    legend_below(figure, axes, columns=3)
    return figure


def _draw_all(series: Sequence[Series], *, label: str) -> "Figure":
    figure = new_figure(width=8.2, height=6.6 + 0.17 * len(series))
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for panel, (name, score) in zip(panels.flat, SCORES.items(), strict=True):
        for position, one in enumerate(series):
            best = one.numbers["best_f1"]
            told = f"{short(one.name, longest=60)} (best F1 {best['f1']:.4f} at {best['threshold']:.3f})"
            _draw_curve(panel, one, name=name, label=told, **look(position))
            colour = look(position)["color"]
            panel.axvline(one.numbers["own"]["threshold"], color=colour, linewidth=0.8, linestyle=DASHED)
        panel.set(title=score, xlim=(0, 1), ylim=(-0.02, 1.02))
    panels[1, 0].set_xlabel(label, loc="left")
    legend_below(figure, panels[0, 0], columns=1)
    return figure


def _draw_curve(axes: "Axes", one: Series, *, name: str, **appearance: Any) -> None:
    scores = [np.nan if score is None else score for score in one.numbers[name]]
    axes.plot(one.numbers["threshold"], scores, **appearance)


def _mark(axes: "Axes", point: dict[str, float], *, label: str, **appearance: Any) -> None:
    """A line at a threshold, and a mark on the curve of F1."""
    colours: dict[str, Any] = {"color": COLOURS[4], "markeredgecolor": "black"}
    axes.axvline(point["threshold"], color=GREY, linewidth=0.8, linestyle=DASHED)
    axes.plot(point["threshold"], point["f1"], linestyle="none", zorder=4, label=label, **colours, **appearance)
