"""Examples as a picture, with what stands beside each of them: images in a grid, texts in rows, rows in a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from aimodels.data import thumbnails
from aimodels.data.excerpts import BETWEEN_TEXTS, excerpt
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.column_order import most_important_first
from aimodels.figure_style.image_grid import draw_grid
from aimodels.figure_style.table_rows import draw_table
from aimodels.figure_style.text_rows import EMPTY, draw_rows
from aimodels.runs.evaluations import EvaluationFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LONGEST_OF_A_PAIR = 180  # characters, about two of the lines that a text has


def examples_of(folder: EvaluationFolder, *, choice: Literal["top_losses", "predictions"]) -> dict[str, Any]:
    """The examples and what was answered, from `examples.json`; the columns of rows by their importance."""
    shown = {"split": folder.name, "unit": folder.report.get("unit"), **folder.examples[choice]}
    if shown.get("rows"):
        names = most_important_first(folder, list(shown["rows"][0]))
        shown["rows"] = [{name: row[name] for name in names} for row in shown["rows"]]
    return shown


def _texts(numbers: dict[str, Any]) -> list[str]:
    """The texts; of pairs so much of both, with a mark between them, that both can be seen."""
    if "seconds" not in numbers:
        return list(numbers["texts"])
    pairs = zip(numbers["texts"], numbers["seconds"], strict=True)
    return [BETWEEN_TEXTS.join(excerpt(text, longest=LONGEST_OF_A_PAIR) or EMPTY for text in pair) for pair in pairs]


def draw_examples(numbers: dict[str, Any], captions: Sequence[Caption], *, title: str) -> "Figure":
    """The `images`, `texts` or `rows` of the numbers, each with its caption.

    Raises:
        NothingToDraw: there are none.
    """
    if "rows" in numbers:
        return draw_table(numbers["rows"], captions, names=numbers.get("examples", ()), title=title)
    if "texts" in numbers:
        return draw_rows(_texts(numbers), captions, title=title)
    return draw_grid(thumbnails.decode(numbers["images"]), captions, title=title)
