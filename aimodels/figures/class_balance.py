"""How many examples each class has in each split."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import COLOURS, NothingToDraw, Series, heading, new_figure, short
from aimodels.figure_style.tasks import A_NUMBER
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = False
MOST_CLASSES = 40


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The counts that training left behind.

    Raises:
        NothingToDraw: it left none, or the run predicts a number.
    """
    if run.signature["task"] == "regression":
        raise NothingToDraw(A_NUMBER)
    if run.signature["task"] == "none":
        raise NothingToDraw("the run was trained on texts alone")
    path = run.plot_data / "class_balance.json"
    if not path.exists():
        raise NothingToDraw("training kept no class counts")
    numbers: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if run.signature["task"] == "multilabel":
        numbers["of_labels"] = True
    return numbers


def draw(series: Sequence[Series]) -> "Figure":
    """One panel per split; of more than 40 classes those with the fewest training examples."""
    from matplotlib.ticker import MaxNLocator

    [one] = series
    class_names, splits = one.numbers["class_names"], one.numbers["splits"]
    counts = splits["train"]
    kept = list(range(len(class_names)))
    of_labels = "of_labels" in one.numbers
    what = "examples with each label" if of_labels else "examples of each class"
    if len(class_names) > MOST_CLASSES:
        kept = sorted(kept, key=lambda k: int(counts[k]))[:MOST_CLASSES]
        classes = "labels" if of_labels else "classes"
        what = f"the {MOST_CLASSES} of {len(class_names)} {classes} with the fewest training examples"
    figure = new_figure(width=1.6 + 2.4 * len(splits), height=1.1 + 0.26 * len(kept))
    figure.suptitle(heading(series, what), fontsize=10)
    panels = figure.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    for position, (panel, name) in enumerate(zip(panels, splits, strict=True)):
        values = [splits[name][k] for k in kept]
        panel.barh(range(len(kept)), values, color=COLOURS[position], height=0.7)
        for place, value in enumerate(values):
            panel.annotate(
                f"{value:,}", (value, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7.5
            )
        panel.set_title(name if of_labels else f"{name}: {sum(splits[name]):,}")
        panel.set_xlim(0, max(1, *values) * 1.3)
        panel.grid(visible=False, axis="y")
        panel.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    panels[0].set_yticks(range(len(kept)), [short(class_names[k]) for k in kept])
    panels[0].set_ylim(len(kept) - 0.4, -0.6)
    figure.supxlabel("examples", fontsize=9)
    return figure
