"""Precision, recall and F1 of each class, with the number of its examples."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import (
    COLOURS,
    MARKERS,
    Series,
    heading,
    legend_below,
    new_figure,
    same_classes,
    short,
)
from aimodels.figure_style.tasks import with_classes
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = True
MOST_CLASSES = 40
SCORES = ("precision", "recall", "f1")


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The scores of each class, from `report.json`.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts a number.
    """
    folder = with_classes(run, split=split)
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
    kept = _kept(series[0])
    every = len(kept) == len(class_names)
    what = "scores of each class" if every else f"the {len(kept)} of {len(class_names)} classes with the lowest F1"
    figure = new_figure(width=8.2, height=max(2.4, 1.3 + 0.24 * len(kept)) + 0.17 * len(series))
    figure.suptitle(heading(series, what), fontsize=10)
    scores = [one.numbers[name][k] for one in series for name in SCORES for k in kept]
    lowest = min((score for score in scores if score is not None and score < 1), default=0.9)
    panels = figure.subplots(1, len(SCORES), sharey=True, sharex=True)
    for panel, name in zip(panels, SCORES, strict=True):
        for position, one in enumerate(series):
            _draw_points(panel, one, scores=[one.numbers[name][k] for k in kept], position=position)
        panel.set_title({"f1": "F1"}.get(name, name))
        panel.set_xlim(lowest - 0.06 * (1 - lowest), 1.0)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    support = series[0].numbers["support"]
    panels[0].set_yticks(range(len(kept)), [f"{short(class_names[k])}  ({support[k]})" for k in kept])
    panels[0].set_ylim(len(kept) - 0.4, -0.6)
    panels[0].set_ylabel("class (its examples)")
    if len(series) > 1:
        legend_below(figure, panels[0], columns=1)
    return figure


def _kept(one: Series) -> list[int]:
    """The classes to show, by number: all in their order, or the worst of very many."""
    f1 = one.numbers["f1"]
    if len(f1) <= MOST_CLASSES:
        return list(range(len(f1)))
    return sorted((k for k in range(len(f1)) if f1[k] is not None), key=lambda k: float(f1[k]))[:MOST_CLASSES]


def _draw_points(panel: "Axes", one: Series, *, scores: Sequence[float | None], position: int) -> None:
    places = [place for place, score in enumerate(scores) if score is not None]
    panel.scatter(
        [score for score in scores if score is not None],
        places,
        color=COLOURS[position % len(COLOURS)],
        marker=MARKERS[position % len(MARKERS)],
        s=26,
        alpha=0.85,
        label=short(one.name, longest=80),
        zorder=3,
        clip_on=False,
    )
