"""Training examples as the model sees them, with their labels: shows wrong ones before they are learned."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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
    captions = [Caption((label or NO_LABEL,)) for label in one.numbers["labels"]]
    [what] = (told for kind, told in KINDS.items() if kind in one.numbers)
    return draw_examples(one.numbers, captions, title=heading(series, f"training {what}"))
