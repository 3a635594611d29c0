"""Rows that are hard to read, on which an export must still answer like its run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TableInput
from aimodels.prediction.table_answering import RawRows
from aimodels.verification.clean_process import as_objects

LARGEST = float(np.finfo(np.float32).max)
NUMBERS = (np.nan, 0.0, -1.5, np.inf, -np.inf, LARGEST, -LARGEST, 1e-45, 2007.0)
# Missing, unseen, of white space, no UTF-8, no date, other dates, of several scripts, long, with a zero in it.
STRINGS = (
    b"",
    b"never seen before",
    b" \t\n",
    b"\xff\xfe \xc3(",
    b"2024-13-45",
    b" 2024-02-29 ",
    b"2024-02-29T23:59:59",
    "Größe 不错 \U0001f468\u200d\U0001f469".encode(),
    b"long " * 5000,
    b"a\0b",
)


def hard_rows(input: TableInput) -> RawRows:
    """One row in which everything is missing, and one per hard value; each column begins with another one of them."""
    strings = (*STRINGS, *(word.encode() for word in input.missing))
    count = max(len(NUMBERS), len(strings))
    columns: dict[str, npt.NDArray[Any]] = {}
    for number, column in enumerate(input.columns):
        if column.kind == "number":
            columns[column.name] = np.array([np.nan, *_turned(NUMBERS, by=number, count=count)], dtype=np.float32)
        else:
            columns[column.name] = as_objects([b"", *_turned(strings, by=number, count=count)])
    return RawRows(columns)


def _turned(values: Sequence[Any], *, by: int, count: int) -> list[Any]:
    return [values[(place + by) % len(values)] for place in range(count)]
