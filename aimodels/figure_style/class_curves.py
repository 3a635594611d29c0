"""One-vs-rest curves of a classifier, ROC and precision-recall: their numbers, and the two panels they are drawn in."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import NothingToDraw, Series, heading, legend_below, look, new_figure, short
from aimodels.figure_style.tasks import with_classes
from aimodels.runs.evaluations import Predictions
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
NUM_POINTS = 500
MOST_CLASSES = 10
NUM_WORST = 5
ENLARGE_FROM = 0.9


@dataclass(frozen=True)
class Curve:
    """A curve from left to right with one number for it (an area)."""

    x: Floats
    y: Floats
    area: float


CurveOf = Callable[[npt.NDArray[np.bool_], Floats], Curve]


@dataclass(frozen=True)
class CurveAxes:
    """What the two axes show, and the corner in which a good classifier's curves meet."""

    x: str
    y: str
    area: str
    corner: str


def read_curves(run: RunFolder, *, split: str, curve_of: CurveOf) -> dict[str, Any]:
    """The curve of each class or label, and the micro and macro averages where there are more than two classes.

    Raises:
        NothingToDraw: the split was not evaluated, holds one class only, or the run predicts a number.
    """
    folder = with_classes(run, split=split)
    rows, class_names = folder.predictions, folder.report["class_names"]
    is_binary = len(class_names) == 2 and rows.task != "multilabel"
    truth, curves = _truth(rows), {}
    for number in [1] if is_binary else range(len(class_names)):
        of_class = truth[:, number]
        if of_class.any() and not of_class.all():
            curves[class_names[number]] = curve_of(of_class, rows.probabilities[:, number].astype(np.float64))
    if not curves:
        raise NothingToDraw(f"all examples of {split} are of the same class or labels")
    averages = {} if is_binary else _averages(rows, list(curves.values()), curve_of=curve_of)
    return {
        "split": folder.name,
        "class_names": class_names,
        "of_labels": rows.task == "multilabel",
        "curves": {name: _as_document(curve) for name, curve in curves.items()},
        "averages": {name: _as_document(curve) for name, curve in averages.items()},
        "base_rate": float(truth[:, 1].mean()) if is_binary else None,
    }


def _truth(rows: Predictions) -> npt.NDArray[np.bool_]:
    """Which classes each example is of ([N, K])."""
    if rows.task == "multilabel":
        return np.asarray(rows.targets == 1)
    return np.asarray(np.eye(rows.probabilities.shape[1], dtype=np.bool_)[rows.targets])


def _averages(rows: Predictions, curves: Sequence[Curve], *, curve_of: CurveOf) -> dict[str, Curve]:
    """micro: all (example, class) pairs as one binary task; macro: the mean of the classes' curves and areas."""
    grid = np.linspace(0.0, 1.0, NUM_POINTS)
    mean = np.mean([np.interp(grid, curve.x, curve.y) for curve in curves], axis=0)
    return {
        "micro": curve_of(_truth(rows).ravel(), rows.probabilities.ravel().astype(np.float64)),
        "macro": Curve(x=grid, y=mean, area=float(np.mean([curve.area for curve in curves]))),
    }


def _as_document(curve: Curve) -> dict[str, Any]:
    """A curve with at most `NUM_POINTS` points; those left out are spread evenly, the ends are kept."""
    kept = np.unique(np.linspace(0, len(curve.x) - 1, min(NUM_POINTS, len(curve.x))).round().astype(int))
    return {"x": curve.x[kept].round(6).tolist(), "y": curve.y[kept].round(6).tolist(), "area": curve.area}


def draw_curves(series: Sequence[Series], *, text: str, axes: CurveAxes) -> "Figure":
    """The whole square on the left and, for good classifiers, the corner where the curves meet on the right."""
    lines = _lines_of_one(series[0]) if len(series) == 1 else _lines_of_all(series)
    lowest = min(curve["area"] for _, curve, _ in lines)
    panels = 2 if lowest >= ENLARGE_FROM else 1
    # Sized so that the panels come out square: an aspect set on them would let the layout's parts overlap.
    figure = new_figure(width=4.6 * panels, height=4.9 + 0.165 * math.ceil(len(lines) / panels))
    each = "each label" if series[0].numbers["of_labels"] else "one class against the rest"
    figure.suptitle(heading(series, f"{text}, {each}"), fontsize=10)
    drawn = figure.subplots(1, panels, squeeze=False)[0]
    for panel in drawn:
        for name, curve, appearance in lines:
            panel.plot(curve["x"], curve["y"], label=f"{name} ({axes.area} {curve['area']:.4f})", **appearance)
        panel.set(xlabel=axes.x, ylabel=axes.y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    if panels == 2:
        _enlarge(drawn[1], lines, corner=axes.corner)
    legend_below(figure, drawn[0], columns=panels)
    return figure


def _enlarge(panel: "Axes", lines: Sequence[tuple[str, dict[str, Any], dict[str, Any]]], *, corner: str) -> None:
    """Show a corner just large enough for the worst curve's bend."""
    gaps = []
    for _, curve, _ in lines:
        x, y = np.asarray(curve["x"]), np.asarray(curve["y"])
        gaps.append(np.min(np.maximum(x if corner == "left" else 1 - x, 1 - y)))
    side = float(np.clip(4 * max(gaps), 0.01, 0.5))
    panel.set(
        xlim=(-side / 50, side) if corner == "left" else (1 - side, 1 + side / 50), ylim=(1 - side, 1 + side / 50)
    )
    panel.set_title(f"upper {corner} corner, enlarged")


def _lines_of_one(one: Series) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    numbers = one.numbers
    if not numbers["averages"]:
        return [
            (short(name), curve, look(position)) for position, (name, curve) in enumerate(numbers["curves"].items())
        ]
    lines = [
        (
            "macro average",
            numbers["averages"]["macro"],
            {"color": "black", "linestyle": "-", "linewidth": 2.2, "zorder": 3},
        ),
        (
            "micro average",
            numbers["averages"]["micro"],
            {"color": "black", "linestyle": ":", "linewidth": 2.2, "zorder": 3},
        ),
    ]
    curves = list(numbers["curves"].items())
    if len(curves) > MOST_CLASSES:
        curves = sorted(curves, key=lambda item: float(item[1]["area"]))[:NUM_WORST]
    for position, (name, curve) in enumerate(curves):
        lines.append((short(name), curve, look(position) | {"linewidth": 1.2}))
    return lines


def _lines_of_all(series: Sequence[Series]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    lines = []
    for position, one in enumerate(series):
        averages, curves = one.numbers["averages"], one.numbers["curves"]
        curve = averages["macro"] if averages else next(iter(curves.values()))
        lines.append((short(one.name, longest=80), curve, look(position)))
    return lines
