"""ROC curves, one class against the rest, with micro and macro averages and the area under each."""

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
AXES = CurveAxes(x="false positive rate", y="true positive rate", area="AUC", corner="left")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The curve of each class, from `predictions.csv`.

    Raises:
        NothingToDraw: the split was not evaluated, holds one class only, or the run predicts a number.
    """
    return read_curves(run, split=split, curve_of=_roc)


def draw(series: Sequence[Series]) -> "Figure":
    """The curves, and the line of a classifier that guesses."""
    figure = draw_curves(series, text="ROC", axes=AXES)
    figure.axes[0].plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (2, 3)))
    return figure


def _roc(truth: npt.NDArray[np.bool_], probability: npt.NDArray[np.float64]) -> Curve:
    from sklearn.metrics import auc, roc_curve

    false_positives, true_positives, _ = roc_curve(truth, probability)
    return Curve(x=false_positives, y=true_positives, area=float(auc(false_positives, true_positives)))
