"""What stands with an example in a picture: a line or more, and whether it was answered rightly."""

from dataclasses import dataclass

from aimodels.figure_style import GREY, RIGHT, WRONG

TICK, CROSS = "✓", "✗"


@dataclass(frozen=True)
class Caption:
    """The lines that stand with one example. `is_right` is None where nothing was answered."""

    lines: tuple[str, ...]
    is_right: bool | None = None

    @property
    def colour(self) -> str:
        """Green for right, red for wrong, grey for neither; the lines say it as well, with a tick or a cross."""
        return {None: GREY, True: RIGHT, False: WRONG}[self.is_right]
