"""Rows written out on the command line as JSON objects, as the cells of a table."""

import difflib
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aimodels.data.dataset import TableInput
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.table_problems import listed
from aimodels.errors import UsageError

if TYPE_CHECKING:
    import pyarrow

EXAMPLE = '--row \'{"bill_length_mm": 39.1, "island": "Torgersen"}\''


def written_rows(texts: Sequence[str], *, input: TableInput, decimal: str = ".") -> "pyarrow.Table":
    """The columns of the input as the strings that would stand in a file, null where a row says nothing of one.

    `decimal` stands before the decimals of numbers in such files. A string is a cell already, and stays as it is.

    Raises:
        UsageError: a text is no JSON object, or says something of a column that the model does not have.
    """
    import pyarrow

    rows = [_checked(_read(text), input=input) for text in texts]
    columns = {name: [_cell(row.get(name), name, decimal=decimal) for row in rows] for name in input.names}
    return pyarrow.table({name: pyarrow.array(cells, pyarrow.string()) for name, cells in columns.items()})


def _read(text: str) -> dict[str, Any]:
    try:
        pairs = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _no_row(text, f"is not JSON: {error}") from error
    if not isinstance(pairs, dict):
        raise _no_row(text, "is no JSON object ({...})")
    return pairs


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{twice[0]} stands in it twice")
    return dict(pairs)


def _checked(row: dict[str, Any], *, input: TableInput) -> dict[str, Any]:
    """The row, if all it names are columns of the model."""
    unknown = [name for name in row if name not in input.names]
    if not unknown:
        return row
    notes = []
    for name in unknown:
        near = difflib.get_close_matches(name, input.names, n=3, cutoff=0.6)
        near = near or [other for other in input.names if other.casefold() == name.casefold()]
        notes += [f"near {listed([name])}: {listed(near)}"] if near else []
    raise UsageError(
        f"the model reads no column{'s' * (len(unknown) > 1)} {listed(unknown)}",
        code="AM164",
        help="leave it out of --row, or write it as the model knows it; columns that are left out are missing values",
        notes=[*notes, f"columns of the model: {listed(input.names)}"],
    )


def _cell(value: Any, name: str, *, decimal: str) -> str | None:
    """A value as it would stand in a CSV file."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, list | dict):
        raise _no_row(json.dumps(value), f"is the value of {name}, which takes a number, a string or null")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, float):
        return str(value).replace(".", decimal)
    text = str(value)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _no_row(text, "holds half of a surrogate pair, which is no character")
    return text


def _no_row(text: str, problem: str) -> UsageError:
    return UsageError(
        f"--row: {excerpt(on_one_line(text), longest=60) or '(empty)'} {problem}",
        code="AM163",
        help=f"write an object of columns and values: {EXAMPLE}",
    )
