"""Precision, recall and F1 of each class, with the number of its examples."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import (
    COLOURS,
    MARKERS,
    Series,
    heading,
    legend_below,
    measured,
    new_figure,
    same_classes,
    short,
)
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
MOST_CLASSES = 40
SCORES = ("precision", "recall", "f1")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The scores of each class, from `report.json`.

    Raises:
        NothingToDraw: the split was not evaluated.
    """
    folder = measured(run, split=split)
    rows = folder.report["per_class"]
    return {
        "split": folder.name,
        "class_names": folder.report["class_names"],
        "support": [row["support"] for row in rows],
        **{name: [row[name] for row in rows] for name in SCORES},
    }


def draw(series: Sequence[Series]) -> "Figure":
    """One panel per score and one line per class; of more than 40 classes those with the lowest F1.

    Raises:
        NothingToDraw: the runs have different classes.
    """
    from matplotlib.ticker import MaxNLocator

    class_names = same_classes(series)
    support, f1 = series[0].numbers["support"], series[0].numbers["f1"]
    kept = list(range(len(class_names)))
    what = "scores of each class"
    if len(class_names) > MOST_CLASSES:
        by_f1 = sorted((k for k in kept if f1[k] is not None), key=lambda k: float(f1[k]))
        kept, what = by_f1[:MOST_CLASSES], f"the {MOST_CLASSES} of {len(class_names)} classes with the lowest F1"
    figure = new_figure(width=8.2, height=max(2.4, 1.3 + 0.24 * len(kept)) + 0.17 * len(series))
    figure.suptitle(heading(series, what), fontsize=10)
    shown = [one.numbers[name][k] for one in series for name in SCORES for k in kept]
    lowest = min((score for score in shown if score is not None and score < 1), default=0.9)
    panels = figure.subplots(1, len(SCORES), sharey=True, sharex=True)
    for panel, name in zip(panels, SCORES, strict=True):
        for position, one in enumerate(series):
            points = [(one.numbers[name][k], place) for place, k in enumerate(kept) if one.numbers[name][k] is not None]
            panel.scatter(
                [score for score, _ in points],
                [place for _, place in points],
                color=COLOURS[position % len(COLOURS)],
                marker=MARKERS[position % len(MARKERS)],
                s=26,
                alpha=1.0 if len(series) == 1 else 0.8,
                label=short(one.name, longest=80),
                zorder=3,
                clip_on=False,
            )
        panel.set_title({"f1": "F1"}.get(name, name))
        panel.set_xlim(lowest - 0.06 * (1 - lowest), 1.0)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    names = [f"{short(class_names[k])}  ({support[k]})" for k in kept]
    panels[0].set_yticks(range(len(kept)), names)
    panels[0].set_ylim(len(kept) - 0.4, -0.6)
    panels[0].set_ylabel("class (its examples)")
    if len(series) > 1:
        legend_below(figure, panels[0], columns=1)
    return figure
