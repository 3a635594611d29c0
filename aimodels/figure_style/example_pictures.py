"""Examples as a picture, with what stands beside each of them: images in a grid, texts in rows, rows in a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from aimodels.data import thumbnails
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.column_order import most_important_first
from aimodels.figure_style.image_grid import draw_grid
from aimodels.figure_style.table_rows import draw_table
from aimodels.figure_style.text_rows import draw_rows
from aimodels.runs.evaluations import EvaluationFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def examples_of(folder: EvaluationFolder, *, choice: Literal["top_losses", "predictions"]) -> dict[str, Any]:
    """The examples and what was answered, from `examples.json`; the columns of rows by their importance."""
    shown = {"split": folder.name, "unit": folder.report.get("unit"), **folder.examples[choice]}
    if shown.get("rows"):
        names = most_important_first(folder, list(shown["rows"][0]))
        shown["rows"] = [{name: row[name] for name in names} for row in shown["rows"]]
    return shown


def draw_examples(numbers: dict[str, Any], captions: Sequence[Caption], *, title: str) -> "Figure":
    """The `images`, `texts` or `rows` of the numbers, each with its caption.

    Raises:
        NothingToDraw: there are none.
    """
    if "rows" in numbers:
        return draw_table(numbers["rows"], captions, names=numbers.get("examples", ()), title=title)
    if "texts" in numbers:
        return draw_rows(numbers["texts"], captions, title=title)
    return draw_grid(thumbnails.decode(numbers["images"]), captions, title=title)
