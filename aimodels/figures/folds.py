"""The metrics of each fold of a cross-validation, their mean and deviation, and what simple models reach."""

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.data.plurals import counted
from aimodels.evaluation.numerals import plain
from aimodels.evaluation.regression_scores import IN_UNIT
from aimodels.figure_style import (
    COLOURS,
    LINES,
    MARKERS,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    new_figure,
    short,
)
from aimodels.figure_style.units import labelled
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = True
OF_FOLDS = True  # it shows a cross-validation, which has no model of its own
MOST_METRICS = 6
NUM_ACROSS = 3
PARTS = ("macro_precision", "macro_recall", "micro_", "weighted_", "top_")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """What a cross-validation left in `folds.json`.

    Raises:
        NothingToDraw: the run is no cross-validation, or none of its folds was measured.
    """
    if not run.folds_file.exists():
        raise NothingToDraw("the run is no cross-validation: aimodels train CONFIG --folds 5 makes one")
    numbers: dict[str, Any] = json.loads(run.folds_file.read_text(encoding="utf-8"))
    if not numbers["folds"]:
        raise NothingToDraw("no fold of the cross-validation was measured")
    signature = run.fold(numbers["folds"][0]["number"]).signature_file
    unit = json.loads(signature.read_text(encoding="utf-8"))["unit"] if signature.exists() else None
    return {**numbers, "unit": unit}


def draw(series: Sequence[Series]) -> "Figure":
    """A panel per metric, at most six, the one that decides first: a mark per fold, the mean, and a band around it.

    Raises:
        NothingToDraw: the runs have no metric in common.
    """
    metrics = _metrics(series)
    across = min(NUM_ACROSS, len(metrics))
    down = math.ceil(len(metrics) / across)
    figure = new_figure(width=max(4.6, 1.0 + 2.9 * across), height=1.2 + 2.3 * down + 0.17 * len(series))
    sizes = [len(one.numbers["folds"]) for one in series]
    told = f", {counted(sizes[0], 'fold')}" if len(set(sizes)) == 1 else ""
    figure.suptitle(heading(series, f"cross-validation{told}"), fontsize=10)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(metrics) :]:
        panel.set_axis_off()
    for panel, metric in zip(panels, metrics, strict=False):
        lines = [
            _draw_run(panel, one, metric=metric, position=position, num_runs=len(series))
            for position, one in enumerate(series)
        ]
        if len(series) == 1:
            lines += _draw_baselines(panel, series[0].numbers["baselines"], metric=metric)
        named = labelled(metric, unit=series[0].numbers["unit"] if metric in IN_UNIT else None)
        panel.set_title("\n".join([named, *lines]), fontsize=9)
        _number_folds(panel, last=max(sizes))
    legend_below(figure, panels[0], columns=3 if len(series) == 1 else 1)
    return figure


def _metrics(series: Sequence[Series]) -> list[str]:
    """The metrics that every run knows the mean of: the deciding one first, the parts of others last."""
    first = series[0].numbers
    every = sorted(first["mean"], key=lambda name: (name != first["metric"], name.startswith(PARTS)))
    known = [name for name in every if all(one.numbers["mean"].get(name) is not None for one in series)]
    if not known:
        raise NothingToDraw("there is no metric that all folds have")
    return known[:MOST_METRICS]


def _draw_run(panel: "Axes", one: Series, *, metric: str, position: int, num_runs: int) -> str:
    """Draw the folds of one run, and say their mean and deviation."""
    numbers, colour = one.numbers, COLOURS[position % len(COLOURS)]
    mean, deviation = numbers["mean"][metric], numbers["std"][metric]
    found = [(fold["number"], fold["metrics"].get(metric)) for fold in numbers["folds"]]
    known = [(number, value) for number, value in found if value is not None]
    aside = 0.4 * ((position + 0.5) / num_runs - 0.5)
    alone = num_runs == 1
    panel.plot(
        [number + aside for number, _ in known],
        [value for _, value in known],
        linestyle="none",
        color=colour,
        marker=MARKERS[position % len(MARKERS)],
        markersize=6,
        zorder=3,
        label="one fold" if alone else f"{short(one.name, longest=80)} (line: mean, band: one standard deviation)",
    )
    line = LINES[1 + position % (len(LINES) - 1)]
    panel.axhline(mean, color=colour, linewidth=1.2, linestyle=line, label="mean" if alone else None)
    if deviation is not None:
        label = "one standard deviation around it" if alone else None
        panel.axhspan(mean - deviation, mean + deviation, color=colour, alpha=0.15, linewidth=0, label=label)
    return plain(mean) if deviation is None else f"{plain(mean)} ± {plain(deviation)}"


def _draw_baselines(panel: "Axes", baselines: dict[str, Any], *, metric: str) -> list[str]:
    """Say the mean that each of the simple models reaches, and draw it if it is near enough to be seen."""
    (low, high), told = panel.get_ylim(), []
    for position, (name, spread) in enumerate(baselines.items()):
        mean = spread["mean"].get(metric)
        if mean is None:
            continue
        told.append(f"{short(name)}: {plain(mean)}")
        if low < mean < high:
            colour, line = COLOURS[1 + position % (len(COLOURS) - 1)], LINES[2 + position % 2]
            panel.axhline(mean, color=colour, linewidth=1.2, linestyle=line, label=short(name))
    return told


def _number_folds(panel: "Axes", *, last: int) -> None:
    from matplotlib.ticker import MaxNLocator

    panel.set(xlabel="fold tested on", xlim=(0.5, last + 0.5))
    panel.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    panel.grid(visible=False, axis="x")
