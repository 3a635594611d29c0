"""How often answers of a confidence are right, and how many answers have that confidence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.figure_style import GREY, MARKERS, Series, heading, legend_below, look, new_figure, short
from aimodels.figure_style.tasks import with_one_class
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """Count, mean confidence and accuracy of each bin of equal width, from `report.json`.

    Raises:
        NothingToDraw: the split was not evaluated, or the answers are not one class each.
    """
    folder = with_one_class(run, split=split)
    calibration: dict[str, Any] = folder.report["calibration"]
    return {"split": folder.name, **calibration}


def draw(series: Sequence[Series]) -> "Figure":
    """Accuracy against confidence above, the share of the examples in each bin below."""
    figure = new_figure(width=5.2, height=5.8 + 0.17 * len(series))
    figure.suptitle(heading(series, "calibration"), fontsize=10)
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]})
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (2, 3)), label="perfectly calibrated")
    for position, one in enumerate(series):
        numbers, appearance = one.numbers, look(position)
        filled = [bin for bin, count in enumerate(numbers["counts"]) if count]
        upper.plot(
            [numbers["confidence"][bin] for bin in filled],
            [numbers["accuracy"][bin] for bin in filled],
            marker=MARKERS[position % len(MARKERS)],
            label=f"{short(one.name, longest=80)} (ECE {numbers['error']:.4f})",
            **appearance,
        )
        counts = np.array(numbers["counts"])
        edges = np.linspace(0, 1, len(counts) + 1)
        alone = len(series) == 1
        lower.stairs(100 * counts / counts.sum(), edges, fill=alone, alpha=0.6 if alone else 1.0, **appearance)
    upper.set(ylabel="share of right answers", xlim=(-0.01, 1.01), ylim=(-0.02, 1.02))
    lower.set(xlabel="confidence: probability of the answered class", ylabel="% of examples")
    legend_below(figure, upper, columns=1)
    return figure
