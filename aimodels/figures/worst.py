"""The examples with the largest errors of a predicted number: what the model has not learned, or wrong data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import Series, heading
from aimodels.figure_style.captions import captions_of_numbers
from aimodels.figure_style.example_pictures import draw_examples, examples_of
from aimodels.figure_style.tasks import with_numbers
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The examples with the predicted and the true number, from `examples.json`.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts classes.
    """
    return examples_of(with_numbers(run, split=split), choice="top_losses")


def draw(series: Sequence[Series]) -> "Figure":
    """Each example with the predicted number, the true one and the difference; rows with the columns that fit.

    Raises:
        NothingToDraw: no examples were kept.
    """
    [one] = series
    captions = captions_of_numbers(one.numbers, unit=one.numbers["unit"])
    return draw_examples(one.numbers, captions, title=heading(series, f"the {len(captions)} largest errors"))
