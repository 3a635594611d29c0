"""The examples with the highest losses: mistakes the model was sure of, or wrong labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.figure_style import Series, heading
from aimodels.figure_style.captions import CROSS, NO_LABEL, TICK, Caption
from aimodels.figure_style.example_pictures import draw_examples, examples_of
from aimodels.figure_style.tasks import with_classes
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "evaluation"
OVERLAYS = False


def read(run: RunFolder, *, split: str) -> dict[str, Any]:
    """The images, texts or rows and what was answered, from `examples.json`.

    Raises:
        NothingToDraw: the split was not evaluated, or the run predicts a number; `worst` shows its largest errors.
    """
    return examples_of(with_classes(run, split=split), choice="top_losses")


def draw(series: Sequence[Series]) -> "Figure":
    """Each example with the answer, its probability, the truth and the loss.

    Raises:
        NothingToDraw: no examples were kept.
    """
    [one] = series
    columns = [one.numbers[name] for name in ("targets", "predictions", "probabilities", "losses")]
    captions = [
        Caption(
            (
                f"{TICK if target == prediction else CROSS} {prediction or NO_LABEL}, {probability:.0%}",
                f"true {target or NO_LABEL}",
                f"loss {loss:.2f}",
            ),
            is_right=target == prediction,
        )
        for target, prediction, probability, loss in zip(*columns, strict=True)
    ]
    return draw_examples(one.numbers, captions, title=heading(series, f"the {len(captions)} highest losses"))
