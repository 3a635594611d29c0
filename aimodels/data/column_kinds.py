"""What the columns of a table are, guessed from a sample of their cells, and what was seen in them."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import AnyColumn, CategoryColumn, DateColumn, IgnoredColumn, NumberColumn, TextColumn
from aimodels.data import dates
from aimodels.data.cell_types import holds, is_number, with_point
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.stray_words import LEADING_ZERO, StrayWords, stray_words

if TYPE_CHECKING:
    import pyarrow

# Fewer different values say nothing about whether a column numbers the rows.
FEWEST_IDENTIFIERS = 20
IDENTIFIER_NAME = re.compile(r"(.*[_ .-])?(id|uuid|guid|index|rownum|row)|unnamed.*", re.IGNORECASE)
CAMEL_IDENTIFIER_NAME = re.compile(r".*[a-z]I[dD]")
# Texts of more words than names of things have, most of them different from each other.
WORDS_OF_A_TEXT = 4
LETTERS_OF_A_TEXT = 60
DIFFERENT_TEXTS = 0.5
LONGEST_VALUE = 20


@dataclass(frozen=True)
class Seen:
    """A column in a sample: what it seems to be, and in a few words what is in it.

    `strays` are the few cells that keep it from being numbers or dates.
    """

    column: AnyColumn
    content: str
    num_values: int
    num_missing: int
    num_different: int
    strays: StrayWords | None = None

    @property
    def summary(self) -> str:
        """What was seen, on one line: "342 numbers, 2 missing, 32.1 to 59.6"."""
        noun = {"number": "number", "date": "date", "text": "text"}.get(self.column.kind, "value")
        missing = f", {self.num_missing:,} missing" if self.num_missing else ""
        return f"{self.num_values:,} {noun}{'s' * (self.num_values != 1)}{missing}, {self.content}"


@dataclass(frozen=True)
class Guess:
    """A kind of column, and why or of what."""

    column: AnyColumn
    content: str
    strays: StrayWords | None = None


def seen(name: str, strings: "pyarrow.ChunkedArray", *, decimal: str = ".", is_whole: bool = True) -> Seen:
    """Look at the cells of a column, texts as they stand in the file, null where one is missing.

    Ignored are columns without a value, with one value only (if these are all the rows that there are: a long table may
    be sorted by the column), and those that number the rows or name each of them. Codes with leading zeros are
    categories. Texts are those of several words that hardly come twice.
    """
    import pyarrow.compute as pc

    strings = pc.utf8_trim_whitespace(strings)
    counts = pc.value_counts(strings.combine_chunks().drop_null())
    different, num_values = counts.field("values"), int(pc.sum(counts.field("counts")).as_py() or 0)
    num_missing = len(strings) - num_values
    if is_whole and len(different) == 1 and not num_missing:
        guess = Guess(IgnoredColumn(), f"always {shown(different[0].as_py())}")
    else:
        guess = _guess(name, different, num_values=num_values, decimal=decimal)
        guess = _with_strays(guess, name, strings, decimal=decimal)
    return Seen(guess.column, guess.content, num_values, num_missing, len(different), guess.strays)


def _with_strays(guess: Guess, name: str, strings: "pyarrow.ChunkedArray", *, decimal: str) -> Guess:
    if isinstance(guess.column, NumberColumn | DateColumn) or is_identifier_name(name):
        return guess
    strays = stray_words(strings, decimal=decimal)
    return guess if strays is None else replace(guess, content=f"{guess.content}; {strays.words}", strays=strays)


def _guess(name: str, different: "pyarrow.Array", *, num_values: int, decimal: str) -> Guess:
    if not num_values:
        return Guess(IgnoredColumn(), "nothing in it")
    is_unique = len(different) == num_values >= FEWEST_IDENTIFIERS
    numbers = numbers_in(different, decimal=decimal)
    if numbers is not None and not holds(different, LEADING_ZERO):
        if is_unique and numbers_rows(name, numbers):
            return Guess(IgnoredColumn(), "a number for each row")
        return Guess(NumberColumn(), _range(numbers))
    format = dates.format_of(different)
    if format is not None:
        return Guess(DateColumn(format=format), _period(different, format=format))
    if is_text(different, num_values=num_values):
        return Guess(TextColumn(), f"about {_mean_words(different):.0f} words each")
    if is_unique:
        return Guess(IgnoredColumn(), "a name for each row")
    return Guess(CategoryColumn(), f"{len(different):,} different")


def numbers_in(strings: "pyarrow.Array", *, decimal: str = ".") -> npt.NDArray[np.float64] | None:
    """The numbers that the texts are, float64 [N]; None if one of them is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(is_number(strings, decimal=decimal), min_count=0).as_py():
        return None
    numbers = pc.cast(with_point(strings, decimal=decimal), pa.float64())
    found: npt.NDArray[np.float64] = numbers.to_numpy(zero_copy_only=False)
    return found


def numbers_rows(name: str, numbers: npt.NDArray[np.float64]) -> bool:
    """Whether different numbers seem to count the rows, or to name them."""
    finite = numbers[np.isfinite(numbers)]
    if len(finite) < len(numbers) or np.any(finite != np.floor(finite)):
        return False
    is_counting = finite.max() - finite.min() == len(finite) - 1
    return bool(is_counting) or is_identifier_name(name)


def is_identifier_name(name: str) -> bool:
    """Whether a column is called as those are that name each row: id, patient_id, PassengerId, Unnamed: 0."""
    return bool(IDENTIFIER_NAME.fullmatch(name) or CAMEL_IDENTIFIER_NAME.fullmatch(name))


def is_text(different: "pyarrow.Array", *, num_values: int) -> bool:
    """Whether different values are texts of several words rather than the names of some things."""
    import pyarrow.compute as pc

    if len(different) < DIFFERENT_TEXTS * num_values:
        return False
    letters = float(pc.mean(pc.utf8_length(different)).as_py())
    return _mean_words(different) >= WORDS_OF_A_TEXT or letters >= LETTERS_OF_A_TEXT


def _mean_words(strings: "pyarrow.Array") -> float:
    import pyarrow.compute as pc

    return float(pc.mean(pc.add(pc.count_substring_regex(strings, r"\s+"), 1)).as_py())


def _range(numbers: npt.NDArray[np.float64]) -> str:
    finite = numbers[np.isfinite(numbers)]
    return f"{finite.min():.6g} to {finite.max():.6g}" if len(finite) else "none finite"


def _period(strings: "pyarrow.Array", *, format: str) -> str:
    import pyarrow.compute as pc

    found = pc.min_max(dates.seconds(strings, format=format)).as_py()
    first, last = (str(np.datetime64(found[which], "s"))[:10] for which in ("min", "max"))
    doubt = "; is the day first?" if dates.is_ambiguous(strings, format=format) else ""
    return f"{first} to {last}{doubt}"


def shown(value: str) -> str:
    """A value in a few letters, on one line."""
    return excerpt(on_one_line(value), longest=LONGEST_VALUE)
