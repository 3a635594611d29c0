"""A random choice of examples with the true and the predicted class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import Series, heading
from aimodels.figure_style.captions import CROSS, TICK, Caption
from aimodels.figure_style.example_pictures import draw_examples, read_examples
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The images or texts and what was answered, from `examples.json`.

    Raises:
        NothingToDraw: the split was not evaluated.
    """
    return read_examples(run, split=split, choice="predictions")


def draw(series: Sequence[Series]) -> "Figure":
    """Green and a tick where the answer is right, red and a cross where it is wrong.

    Raises:
        NothingToDraw: no examples were kept.
    """
    [one] = series
    pairs = zip(one.numbers["targets"], one.numbers["predictions"], strict=True)
    captions = [
        Caption((f"{TICK} {target}",), is_right=True)
        if target == prediction
        else Caption((f"{CROSS} {prediction}", f"true {target}"), is_right=False)
        for target, prediction in pairs
    ]
    return draw_examples(one.numbers, captions, title=heading(series, "random examples"))
