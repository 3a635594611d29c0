"""What stands with an example in a picture: a line or more, and whether it was answered rightly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aimodels.figure_style import GREY, RIGHT, WRONG
from aimodels.figure_style.units import in_unit

TICK, CROSS = "✓", "✗"
NO_LABEL = "no label"


@dataclass(frozen=True)
class Caption:
    """The lines that stand with one example. `is_right` is None where nothing was answered, or a number."""

    lines: tuple[str, ...]
    is_right: bool | None = None

    @property
    def colour(self) -> str:
        """Green for right, red for wrong, grey for neither; the lines say it as well, with a tick or a cross."""
        return {None: GREY, True: RIGHT, False: WRONG}[self.is_right]


def captions_of_numbers(shown: Mapping[str, Any], *, unit: str | None) -> list[Caption]:
    """The predicted number of each example, the true one, and how far the first is above the second."""
    columns = [shown[name] for name in ("targets", "predictions", "errors")]
    return [
        Caption(
            (
                f"predicted {in_unit(prediction, unit=unit)}",
                f"true {in_unit(target, unit=unit)}",
                f"error {'+' if error > 0 else ''}{in_unit(error, unit=unit)}",
            )
        )
        for target, prediction, error in zip(*columns, strict=True)
    ]
