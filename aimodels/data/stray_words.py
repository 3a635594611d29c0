"""The few cells that keep a column from being one of numbers or of dates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aimodels.data import dates
from aimodels.data.cell_types import holds, is_number
from aimodels.data.decimal_marks import NEARLY_ALL
from aimodels.data.excerpts import excerpt, on_one_line

if TYPE_CHECKING:
    import pyarrow

LEADING_ZERO = r"^[+-]?0\d"
MARKED_NUMBER = r"^[+-]?(\d+|\d{1,3}(,\d{3})+|\d{1,3}([.]\d{3})+)([.,]\d+)?$"
# A format of dates is looked for in so many different values.
TRIED_ON = 200
MOST_SHOWN = 3
LONGEST_VALUE = 20


@dataclass(frozen=True)
class StrayWords:
    """Nearly all cells of a column are numbers or dates, and `num_strays` of its `num_values` are not, such as `first`.

    With `other_mark` nearly all are numbers, but written with another decimal mark than the table has, or with marks
    between thousands.
    """

    noun: Literal["number", "date"]
    num_values: int
    num_strays: int
    first: tuple[str, ...]
    other_mark: bool = False

    @property
    def quoted(self) -> str:
        """The first ones, as they are shown."""
        shown = ", ".join(f'"{excerpt(on_one_line(value), longest=LONGEST_VALUE)}"' for value in self.first)
        return f"{shown}, ..." if len(self.first) == MOST_SHOWN else shown

    @property
    def words(self) -> str:
        """What is the matter, in a few words: `1 of 2,371 values is no number: "unknown"`."""
        if self.other_mark:
            return f"numbers with other marks: {self.quoted}"
        is_one = self.num_strays == 1
        what = f"is no {self.noun}" if is_one else f"are no {self.noun}s"
        return f"{self.num_strays:,} of {self.num_values:,} values {what}: {self.quoted}"


def stray_words(strings: "pyarrow.ChunkedArray", *, decimal: str = ".") -> StrayWords | None:
    """What keeps texts, without white space around them, from being numbers or dates; None if they are neither.

    Few cells do, or few different ones in up to half of the cells. Codes with leading zeros are no numbers.
    """
    import pyarrow.compute as pc

    counts = pc.value_counts(strings.combine_chunks().drop_null())
    values, times = counts.field("values"), counts.field("counts")
    are_numbers = is_number(values, decimal=decimal)
    if _nearly_all(are_numbers, times):
        is_code = holds(values, LEADING_ZERO)
        return None if is_code else _strays("number", values, times, are_numbers)
    marked = pc.match_substring_regex(values, MARKED_NUMBER)
    if _nearly_all(marked, times) and holds(values, "[.,]") and not holds(values, LEADING_ZERO):
        different = values.filter(pc.invert(are_numbers))
        num_strays = pc.sum(times.filter(pc.invert(are_numbers))).as_py()
        return StrayWords("number", pc.sum(times).as_py(), num_strays, _first(different), other_mark=True)
    are_dates = _are_dates(values)
    return _strays("date", values, times, are_dates) if _nearly_all(are_dates, times) else None


def _strays(
    noun: Literal["number", "date"], values: "pyarrow.Array", times: "pyarrow.Array", fits: "pyarrow.Array"
) -> StrayWords | None:
    import pyarrow.compute as pc

    others = pc.invert(fits)
    num_strays = pc.sum(times.filter(others)).as_py() or 0
    if not num_strays:
        return None
    return StrayWords(noun, pc.sum(times).as_py(), num_strays, _first(values.filter(others)))


def _first(values: "pyarrow.Array") -> tuple[str, ...]:
    return tuple(values.slice(0, MOST_SHOWN).to_pylist())


def _nearly_all(fits: "pyarrow.Array", times: "pyarrow.Array") -> bool:
    import pyarrow.compute as pc

    if not len(fits):
        return False
    different = pc.sum(fits).as_py() / len(fits)
    cells = (pc.sum(times.filter(fits)).as_py() or 0) / pc.sum(times).as_py()
    return bool(cells >= NEARLY_ALL or (different >= NEARLY_ALL and cells >= 1 / 2))


def _are_dates(values: "pyarrow.Array") -> "pyarrow.Array":
    import pyarrow.compute as pc

    tried = values.slice(0, TRIED_ON)
    format = min(dates.FORMATS, key=lambda format: dates.seconds(tried, format=format).null_count)
    return pc.is_valid(dates.seconds(values, format=format))


def advice(strays: StrayWords, *, name: str) -> str:
    """What to write in a config about a column."""
    if strays.other_mark:
        return (
            "say what stands before decimals, `data.format.decimal` (which may not be what separates cells), and write "
            f"nothing between thousands; if it is a category, say so: `data.columns: {{{name}: category}}`"
        )
    return (
        f"if that means that it is missing, say so, `data.format.missing: {missing_list(strays)}` (add every other "
        f"word for it); or declare the column, `data.columns: {{{name}: {strays.noun}}}`, and leave out such rows with "
        f"`data.on_error: skip`; or keep it, `data.columns: {{{name}: category}}`"
    )


def missing_list(strays: StrayWords) -> str:
    """A list for `data.format.missing` that has the first stray word in it."""
    import json

    return f'["", NA, {json.dumps(strays.first[0], ensure_ascii=False)}]'
