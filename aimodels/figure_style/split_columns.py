"""What training noted of every column of its table: for each split how many values there are, are missing, and which.

In `plots/data/columns.json`; numbers are counted in bins, categories by value, the rare ones together as `others`.
"""

import json
from typing import Any

from aimodels.figure_style import COLOURS, NothingToDraw
from aimodels.figure_style.units import labelled
from aimodels.runs.folder import RunFolder

# The hatch tells the splits apart in grey, too.
LOOKS: dict[str, dict[str, Any]] = {
    "train": {"color": COLOURS[0]},
    "validation": {"facecolor": "white", "edgecolor": COLOURS[1], "hatch": "////", "linewidth": 1},
}


def read_columns(run: RunFolder) -> list[dict[str, Any]]:
    """The columns in the order of the table, the target as the last one.

    Raises:
        NothingToDraw: training noted none.
    """
    path = run.plot_data / "columns.json"
    if not path.exists():
        raise NothingToDraw("training kept no counts of columns; it does for rows of a table")
    document = json.loads(path.read_text(encoding="utf-8"))
    columns: list[dict[str, Any]] = document["columns"]
    if document["target"]:
        columns.append(document["target"] | {"name": labelled("target", unit=run.signature["unit"])})
    if not columns:
        raise NothingToDraw("training kept no counts of columns; it does for rows of a table")
    for column in columns:
        column["splits"] = {name: one for name, one in column["splits"].items() if name in LOOKS}
    return columns
