"""How long the training texts of each class are, in words or pieces of words, and where they are cut."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.data.text_lengths import length_unit
from aimodels.figure_style import (
    COLOURS,
    GREY,
    LINES,
    NothingToDraw,
    Series,
    heading,
    legend_below,
    new_figure,
    short,
)
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = False
MOST_CLASSES = 6


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The histograms that training left behind.

    Raises:
        NothingToDraw: it left none, because the examples are no texts.
    """
    path = run.plot_data / "lengths.json"
    if not path.exists():
        raise NothingToDraw("training kept no lengths of texts")
    numbers: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return numbers


def draw(series: Sequence[Series]) -> "Figure":
    """A panel per split with a line per class; of more than six classes those with the most training texts."""
    [one] = series
    splits, cut, unit = one.numbers["splits"], one.numbers["cut"], one.numbers.get("unit", "words")
    sizes = {name: sum(found["counts"]) for name, found in splits["train"].items()}
    kept = sorted(sizes, key=lambda name: -sizes[name])[:MOST_CLASSES]
    what = f"{unit} per text"
    if len(kept) < len(sizes):
        what += f", the {len(kept)} largest of {len(sizes)} classes"
    figure = new_figure(width=6.8, height=1.1 + 2.5 * len(splits))
    figure.suptitle(heading(series, what), fontsize=10)
    panels = figure.subplots(len(splits), 1, sharex=True, squeeze=False)[:, 0].tolist()
    for panel, (name, of_class) in zip(panels, splits.items(), strict=True):
        of_what = "class" if one.numbers["class_names"] else "texts"
        _draw_split(panel, {label: of_class[label] for label in of_class if label in kept}, of_what=of_what)
        panel.axvline(one.numbers["max_length"], color=GREY, linewidth=1.2, linestyle=(0, (2, 3)))
        panel.set_title(f"{name}: {cut[name]:.1%} of the texts are cut at {one.numbers['max_length']:,} {unit}")
    panels[-1].set_xlabel(f"{length_unit(unit)} (the last bin holds all longer texts)")
    legend_below(figure, panels[0], columns=3)
    return figure


def _draw_split(panel: "Axes", of_class: dict[str, Any], *, of_what: str) -> None:
    for position, (name, found) in enumerate(of_class.items()):
        counts, colour = np.array(found["counts"]), COLOURS[position % len(COLOURS)]
        percent = 100 * counts / max(1, counts.sum())
        line = LINES[position % len(LINES)]
        panel.stairs(percent, found["edges"], color=colour, linestyle=line, linewidth=1.5, label=short(name))
        panel.stairs(percent, found["edges"], color=colour, fill=True, alpha=0.12)
    panel.set(ylabel=f"% of the {of_what}", xlim=(0, None), ylim=(0, None))
