"""Rows and columns: aligned for a person, tabs for a pipe, CSV or Markdown on request. A pipe gets every letter."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Literal

from aimodels.cli.console import Console

# Cells between two columns on a terminal.
BETWEEN = 2
Form = Literal["text", "csv", "markdown"]


def table(console: Console, *, headers: Sequence[str], rows: Sequence[Sequence[str]], form: Form = "text") -> Any:
    """A table for `console.out`."""
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([headers, *rows])
        return text.getvalue().rstrip("\n")
    if form == "markdown":
        lines = [headers, ["---"] * len(headers), *rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    if not console.is_terminal:
        return "\n".join("\t".join(line) for line in [headers, *rows])
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        drawn.add_column(header, overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    return drawn
