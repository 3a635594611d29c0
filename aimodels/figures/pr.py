"""Precision against recall, one class against the rest, with micro and macro averages and average precisions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.figure_style import GREY, Series
from aimodels.figure_style.class_curves import Curve, CurveAxes, draw_curves, read_curves
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
AXES = CurveAxes(x="recall", y="precision", area="AP", corner="right")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The curve of each class, from `predictions.csv`.

    Raises:
        NothingToDraw: the split was not evaluated, holds one class only, or the run predicts a number.
    """
    return read_curves(run, split=split, curve_of=_precision_recall)


def draw(series: Sequence[Series]) -> "Figure":
    """The curves, and for two classes the precision of answering yes to everything."""
    figure = draw_curves(series, text="precision and recall", axes=AXES)
    base_rate = series[0].numbers["base_rate"]
    if base_rate is not None:
        figure.axes[0].axhline(base_rate, color=GREY, linewidth=0.8, linestyle=(0, (2, 3)))
    return figure


def _precision_recall(truth: npt.NDArray[np.bool_], probability: npt.NDArray[np.float64]) -> Curve:
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, probability)
    # scikit-learn's curve runs from recall 1 down to 0; interpolation wants it the other way round.
    return Curve(x=recall[::-1], y=precision[::-1], area=float(average_precision_score(truth, probability)))
