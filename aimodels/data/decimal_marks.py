"""What stands before the decimals of a table's numbers, told from a sample of its cells."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aimodels.data.cell_types import holds, is_number

if TYPE_CHECKING:
    import pyarrow

# In a column of numbers so many are; a few cells may be words.
NEARLY_ALL = 0.95
WITH_POINT = r"^[+-]?\d*[.]\d"
WITH_COMMA = r"^[+-]?\d*,\d"
# 1,234 is 1234 in one country and 1.234 in another.
MAY_BE_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+$"


def decimal_of(columns: "Iterable[pyarrow.ChunkedArray]") -> str:
    """A comma if numbers of some column have one before their decimals, and those of none a point; else a point.

    The cells are texts, without white space around them, null where one is missing. Numbers that could be whole, with a
    comma between thousands, do not count.
    """
    import pyarrow.compute as pc

    found = False
    for column in columns:
        values = pc.unique(column).drop_null()
        if _are_numbers(values, decimal=".") and holds(values, WITH_POINT):
            return "."
        if not found and holds(values, WITH_COMMA) and _are_numbers(values, decimal=","):
            decimals = values.filter(pc.match_substring_regex(values, WITH_COMMA))
            found = not pc.all(pc.match_substring_regex(decimals, MAY_BE_THOUSANDS)).as_py()
    return "," if found else "."


def _are_numbers(values: "pyarrow.Array", *, decimal: str) -> bool:
    import pyarrow.compute as pc

    return len(values) > 0 and pc.sum(is_number(values, decimal=decimal)).as_py() >= NEARLY_ALL * len(values)
