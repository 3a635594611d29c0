"""Cells become what their column is said to be: numbers, or words; whatever stands for a missing value becomes null."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aimodels.config.columns import Kind
from aimodels.config.table_format import TableFormat

if TYPE_CHECKING:
    import pyarrow

# What a float32 can hold, which is what a network computes with.
LARGEST = float(np.finfo(np.float32).max)
NUMBER = r"(?i)^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)$"


@dataclass(frozen=True)
class Typed:
    """A column: float64 for numbers, else string; null is a missing value.

    `bad` says of each row whether its cell is no number; None where all are. Infinite numbers, and those too large for
    a float32, were taken as missing.
    """

    values: "pyarrow.Array"
    bad: "pyarrow.Array | None" = None
    num_infinite: int = 0


def is_simple(kind: "pyarrow.DataType") -> bool:
    """Whether cells of this type are numbers, texts or dates."""
    from pyarrow import types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_date, types.is_timestamp)
    return _holds_numbers(inner) or any(test(inner) for test in tests)


def _holds_numbers(kind: "pyarrow.DataType") -> bool:
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    return any(test(kind) for test in tests)


def typed(cells: "pyarrow.Array", *, kind: Kind, format: TableFormat) -> Typed:
    """Cells of a file, strings from a CSV file or of any simple type from Parquet, as what the column is."""
    if kind == "number":
        return _numbers(cells, format)
    return Typed(_words(as_strings(cells), kind=kind, format=format))


def as_strings(cells: "pyarrow.Array") -> "pyarrow.Array":
    """Cells as they would stand in a CSV file: 1 for 1.0, ISO 8601 for dates and times, as Python shows lists."""
    import pyarrow
    from pyarrow import compute, types

    if not is_simple(cells.type):
        return pyarrow.array([None if cell is None else str(cell) for cell in cells.to_pylist()], pyarrow.string())
    if types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if types.is_string(cells.type):
        return cells
    if types.is_timestamp(cells.type):
        in_seconds = cells.cast(pyarrow.timestamp("s", tz=cells.type.tz), safe=False)
        return compute.strftime(in_seconds, format="%Y-%m-%dT%H:%M:%S")
    return cells.cast(pyarrow.string())


def is_number(strings: "pyarrow.Array", *, decimal: str = ".") -> "pyarrow.Array":
    """Whether each text, without white space around it, is a number; null where it is missing."""
    from pyarrow import compute

    return compute.match_substring_regex(with_point(strings, decimal=decimal), NUMBER)


def holds(strings: "pyarrow.Array", pattern: str) -> bool:
    """Whether one of the texts fits a regular expression."""
    from pyarrow import compute

    return bool(compute.any(compute.match_substring_regex(strings, pattern), min_count=0).as_py())


def with_point(numbers: "pyarrow.Array", *, decimal: str) -> "pyarrow.Array":
    """Numbers with a point before their decimals. Where a comma stands there, a point makes a text no number, or 1.000
    would be taken for 1."""
    from pyarrow import compute

    if decimal == ".":
        return numbers
    return compute.replace_substring(compute.replace_substring(numbers, ".", "_"), decimal, ".")


def _words(cells: "pyarrow.Array", *, kind: Kind, format: TableFormat) -> "pyarrow.Array":
    """White space around a category or a date is no part of it; a text is left as it is."""
    from pyarrow import compute

    bare = compute.utf8_trim_whitespace(cells)
    return compute.if_else(_is_missing(bare, format), None, cells if kind == "text" else bare)


def _is_missing(bare: "pyarrow.Array", format: TableFormat) -> "pyarrow.Array":
    import pyarrow
    from pyarrow import compute

    return compute.is_in(bare, pyarrow.array(format.missing_words, pyarrow.string()))


def _numbers(cells: "pyarrow.Array", format: TableFormat) -> Typed:
    import pyarrow
    from pyarrow import types

    if types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if _holds_numbers(cells.type):
        return _finite(cells.cast(pyarrow.float64(), safe=False))
    cells = as_strings(cells)
    if format.decimal_character == ".":
        try:
            return _finite(cells.cast(pyarrow.float64()))
        except pyarrow.ArrowInvalid:
            pass  # something in it is missing, has white space around it, or is no number
    return _careful_numbers(cells, format)


def _careful_numbers(cells: "pyarrow.Array", format: TableFormat) -> Typed:
    import pyarrow
    from pyarrow import compute

    bare = compute.utf8_trim_whitespace(cells)
    bare = compute.if_else(_is_missing(bare, format), None, bare)
    plain = with_point(bare, decimal=format.decimal_character)
    try:
        return _finite(plain.cast(pyarrow.float64()))
    except pyarrow.ArrowInvalid:
        bad = compute.fill_null(compute.invert(is_number(bare, decimal=format.decimal_character)), fill_value=False)
        found = _finite(compute.if_else(bad, None, plain).cast(pyarrow.float64()))
        return Typed(found.values, bad=bad, num_infinite=found.num_infinite)


def _finite(numbers: "pyarrow.Array") -> Typed:
    """The numbers with null in place of NaN and of what is beyond a float32."""
    from pyarrow import compute

    kept = compute.less_equal(compute.abs(numbers), LARGEST)
    if compute.all(kept).as_py() is not False:
        return Typed(numbers)
    is_nan = compute.is_nan(numbers)
    num_lost = len(numbers) - (compute.sum(kept).as_py() or 0) - numbers.null_count
    num_infinite = num_lost - (compute.sum(is_nan).as_py() or 0)
    return Typed(compute.if_else(kept, numbers, None), num_infinite=num_infinite)
