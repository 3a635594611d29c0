"""A random choice of examples with the true and the predicted class or number."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import Series, heading, measured
from aimodels.figure_style.captions import CROSS, NO_LABEL, TICK, Caption, captions_of_numbers
from aimodels.figure_style.example_pictures import draw_examples, examples_of
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The images, texts or rows and what was answered, from `examples.json`.

    Raises:
        NothingToDraw: the split was not evaluated.
    """
    return examples_of(measured(run, split=split), choice="predictions")


def draw(series: Sequence[Series]) -> "Figure":
    """Green and a tick where the answer is right, red and a cross where it is wrong; numbers with their error.

    Raises:
        NothingToDraw: no examples were kept.
    """
    [one] = series
    of_numbers = "errors" in one.numbers
    captions = captions_of_numbers(one.numbers, unit=one.numbers["unit"]) if of_numbers else _captions(one.numbers)
    return draw_examples(one.numbers, captions, title=heading(series, "random examples"))


def _captions(numbers: dict[str, Any]) -> list[Caption]:
    pairs = zip(numbers["targets"], numbers["predictions"], strict=True)
    return [
        Caption((f"{TICK} {target or NO_LABEL}",), is_right=True)
        if target == prediction
        else Caption((f"{CROSS} {prediction or NO_LABEL}", f"true {target or NO_LABEL}"), is_right=False)
        for target, prediction in pairs
    ]
