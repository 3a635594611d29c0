"""Training examples as the model sees them, with their labels: shows wrong ones before they are learned."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.data.plurals import counted
from aimodels.figure_style import NothingToDraw, Series, heading
from aimodels.figure_style.captions import NO_LABEL, Caption
from aimodels.figure_style.example_pictures import draw_examples
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "training"
OVERLAYS = False
KINDS = {
    "images": "images, augmented, with their labels",
    "texts": "texts as the model reads them, with their labels",
    "rows": "rows, with what is to be predicted",
}


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The images, texts or rows and the labels that training left behind.

    Raises:
        NothingToDraw: it left none.
    """
    path = run.plot_data / "samples.json"
    if not path.exists():
        raise NothingToDraw("training kept no samples")
    numbers: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return numbers


def draw(series: Sequence[Series]) -> "Figure":
    """Each image, text or row with its label.

    Raises:
        NothingToDraw: no examples were kept.
    """
    [one] = series
    lengths = _lengths(one.numbers)
    labels = one.numbers["labels"]
    captions = [Caption((label or NO_LABEL, *lengths[place : place + 1])) for place, label in enumerate(labels)]
    [what] = (told for kind, told in KINDS.items() if kind in one.numbers)
    return draw_examples(one.numbers, captions, title=heading(series, f"training {what}"))


def _lengths(numbers: dict[str, Any]) -> list[str]:
    """How long each text is, and how much of it is read where it is cut; empty for what has no length."""
    if "lengths" not in numbers:
        return []
    most, unit = numbers["max_length"], numbers["unit"]
    return [
        f"cut: {most:,} of {length:,} {unit}" if length > most else counted(length, unit.removesuffix("s"))
        for length in numbers["lengths"]
    ]
