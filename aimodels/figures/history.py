"""Learning curves: a panel per metric, train solid and validation dashed, and below them the learning rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.errors import UsageError
from aimodels.evaluation.regression_scores import IN_UNIT
from aimodels.figure_style import (
    COLOURS,
    GREY,
    MANY_EPOCHS,
    MARKERS,
    CurveOptions,
    NothingToDraw,
    Series,
    heading,
    new_figure,
    number_epochs,
    short,
)
from aimodels.figure_style.units import labelled
from aimodels.runs.atomic import finite
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

SOURCE = "training"
OVERLAYS = True
Options = CurveOptions
VALIDATION = "val_"
RATE = "learning_rate"
WHOLE = CurveOptions()
FLAT_FROM = 50
STAR: dict[str, Any] = {"marker": "*", "color": GREY, "markerfacecolor": COLOURS[4], "markeredgecolor": "black"}
LABELS = {"epoch": "epoch", "step": "step", "time": "seconds of training"}


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The columns of `history.csv`, the best epoch, and the three x axes.

    Raises:
        NothingToDraw: no epoch has ended yet.
    """
    columns = run.history() if run.history_file.exists() else {}
    epochs = columns.pop("epoch", [])
    if not epochs:
        raise NothingToDraw("no epoch has ended")
    facts = run.facts()
    steps = facts.get("steps_per_epoch")
    best = run.metrics().get("best") if run.metrics_file.exists() else None
    numbers: dict[str, Any] = finite(
        {
            "epoch": epochs,
            "step": [epoch * steps for epoch in epochs] if steps else None,
            "time": _elapsed(run, epochs=epochs),
            "columns": columns,
            "unit": run.signature["unit"] if run.signature_file.exists() else None,
            "best": {key: best[key] for key in ("epoch", "monitor", "value")} if best else None,
            "stopped_early": facts.get("status") == "stopped_early",
        }
    )
    return numbers


def _elapsed(run: RunFolder, *, epochs: list[float]) -> list[float] | None:
    """Seconds of training at the end of each of these epochs; None where they were not all timed."""
    columns = run.timing() if run.timing_file.exists() else {}
    # What was measured before the first epoch took no training.
    before = [0.0] * (epochs[0] == 0)
    return before + list(accumulate(columns["seconds"])) if columns.get("epoch") == epochs[len(before) :] else None


@dataclass(frozen=True)
class _Run:
    """One run as it is drawn."""

    name: str
    numbers: dict[str, Any]
    x: list[float]
    colour: str
    marker: str

    def values(self, column: str) -> npt.NDArray[np.float64]:
        """A column of the history, NaN where a value is missing."""
        return np.array([np.nan if value is None else value for value in self.numbers["columns"][column]])

    def has(self, column: str) -> bool:
        """Whether the history has this column."""
        return column in self.numbers["columns"]


def draw(series: Sequence[Series], *, options: CurveOptions = WHOLE) -> "Figure":
    """The curves over epochs, steps or seconds. One run has its best epoch marked; several have a colour each.

    Raises:
        UsageError: no run has a metric of that name.
        NothingToDraw: the run does not know its steps or seconds.
    """
    runs = [_as_drawn(one, position=position, axis=options.x) for position, one in enumerate(series)]
    metrics = _metrics(runs, wanted=options.metrics)
    with_rate = not options.metrics and any(run.has(RATE) for run in runs)
    heights = [2.3] * len(metrics) + [0.9] * with_rate
    figure = new_figure(width=7.2, height=sum(heights) + 1.1 + 0.09 * len(runs))
    figure.suptitle(heading(series, "training"), fontsize=10)
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
    for run in runs:
        for panel, metric in zip(panels, metrics, strict=False):
            _draw_curves(panel, run, metric=metric, smooth=options.smooth)
        if with_rate and run.has(RATE):
            panels[-1].plot(run.x, run.values(RATE), color=run.colour, linewidth=1.1, marker=_marker(run))
    unit = series[0].numbers["unit"]
    for panel, label in zip(panels, [*metrics, "learning rate"], strict=False):
        panel.set_ylabel(labelled(label, unit=unit if label in IN_UNIT else None))
        _scale(panel, log=options.log_y or label == "learning rate")
    if len(runs) == 1:
        _mark(panels, runs[0], metrics=metrics)
    panels[-1].set_xlabel(LABELS[options.x])
    if options.x == "epoch":
        first, last = (int(of(of(run.x) for run in runs)) for of in (min, max))
        number_epochs(panels[-1], first=first, last=last)
    figure.legend(handles=_legend(runs), loc="outside lower center", ncols=2 if len(runs) > 1 else 4)
    return figure


def _as_drawn(one: Series, *, position: int, axis: str) -> _Run:
    x = one.numbers[axis]
    if x is None:
        raise NothingToDraw(f"{one.name} does not say its {LABELS[axis].partition(' ')[0].rstrip('s')}s")
    colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)]
    return _Run(name=one.name, numbers=one.numbers, x=x, colour=colour, marker=marker)


def _metrics(runs: Sequence[_Run], *, wanted: Sequence[str]) -> list[str]:
    """The panels: each metric once, whether of train, of validation or of both."""
    columns = [name for run in runs for name in run.numbers["columns"] if name != RATE]
    known = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in columns))
    for name in wanted:
        if name.removeprefix(VALIDATION) not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"no metric of these runs is called {name}",
                code="AM521",
                help=f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}",
            )
    return list(dict.fromkeys(name.removeprefix(VALIDATION) for name in wanted)) or known


def smoothed(values: npt.NDArray[np.float64], *, weight: float) -> npt.NDArray[np.float64]:
    """Exponential moving average without the pull towards a starting value (Adam's bias correction); gaps stay gaps.

    >>> smoothed(np.array([1.0, 3.0]), weight=0.5).tolist()
    [1.0, 2.3333333333333335]
    """
    mean, total, averages = 0.0, 0.0, []
    for value in values:
        if np.isnan(value):
            averages.append(np.nan)
            continue
        mean, total = weight * mean + (1 - weight) * value, weight * total + (1 - weight)
        averages.append(mean / total)
    return np.array(averages)


def _marker(run: _Run) -> str | None:
    """Points are marked while they can be told apart."""
    return run.marker if len(run.x) <= MANY_EPOCHS else None


def _draw_curves(panel: "Axes", run: _Run, *, metric: str, smooth: float) -> None:
    for column, line in ((metric, "-"), (VALIDATION + metric, "--")):
        if not run.has(column):
            continue
        values = run.values(column)
        if smooth:
            panel.plot(run.x, values, color=run.colour, linestyle=line, linewidth=0.8, alpha=0.3)
            values = smoothed(values, weight=smooth)
        panel.plot(run.x, values, color=run.colour, linestyle=line, marker=_marker(run))


def _mark(panels: Sequence["Axes"], run: _Run, *, metrics: Sequence[str]) -> None:
    """A line through the best epoch, and a star on the metric that decided; a line where training stopped early."""
    best, epochs = run.numbers["best"], run.numbers["epoch"]
    if best and best["epoch"] in epochs:
        at = run.x[epochs.index(best["epoch"])]
        for panel in panels:
            panel.axvline(at, color=GREY, linewidth=0.9, linestyle=":")
        decided = best["monitor"].removeprefix(VALIDATION)
        if decided in metrics and best["value"] is not None:
            panels[metrics.index(decided)].plot(at, best["value"], **STAR, markersize=12, zorder=4)
    if run.numbers["stopped_early"]:
        for panel in panels:
            panel.axvline(run.x[-1], color=COLOURS[1], linewidth=0.9)


def _scale(panel: "Axes", *, log: bool) -> None:
    """A logarithmic axis with plain numbers on it, if it is asked for or a curve would lie flat on the other one.

    There is none where nothing is above 0.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    drawn = np.concatenate([np.asarray(line.get_ydata(), np.float64).ravel() for line in panel.get_lines()])
    positive = drawn[drawn > 0]
    if not len(positive) or positive.max() < 2 * positive.min() or not (log or _lies_flat(panel)):
        return
    panel.set_yscale("log", nonpositive="mask")
    decades = np.log10(positive.max() / positive.min())
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def _lies_flat(panel: "Axes") -> bool:
    """Whether a linear axis would hide one of the curves beside another one, or all but the beginning of it."""
    curves = [np.asarray(line.get_ydata(), np.float64) for line in panel.get_lines()]
    known = [curve[np.isfinite(curve)] for curve in curves]
    filled = [curve for curve in known if len(curve)]
    largest, smallest = max(curve.max() for curve in filled), min(np.median(curve) for curve in filled)
    return all(curve.min() > 0 for curve in filled) and bool(largest > FLAT_FROM * smallest)


def _legend(runs: Sequence[_Run]) -> list["Line2D"]:
    """What the lines, the colours and the marks mean."""
    from matplotlib.lines import Line2D

    colour = GREY if len(runs) > 1 else runs[0].colour
    columns = [name for run in runs for name in run.numbers["columns"]]
    handles = []
    if any(not name.startswith(VALIDATION) for name in columns):
        handles.append(Line2D([], [], color=colour, linestyle="-", label="train"))
    if any(name.startswith(VALIDATION) for name in columns):
        handles.append(Line2D([], [], color=colour, linestyle="--", label="validation"))
    if len(runs) > 1:
        return handles + [
            Line2D([], [], color=run.colour, marker=run.marker, label=short(run.name, longest=80)) for run in runs
        ]
    best = runs[0].numbers["best"]
    if best:
        value = "" if best["value"] is None else f", {best['monitor']} {best['value']:.4g}"
        handles.append(Line2D([], [], linestyle=":", label=f"best epoch {best['epoch']}{value}", **STAR, markersize=10))
    if runs[0].numbers["stopped_early"]:
        handles.append(Line2D([], [], color=COLOURS[1], linewidth=0.9, label="stopped early"))
    return handles
