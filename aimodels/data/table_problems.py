"""What can be wrong with a table file, each mistake with its file, its line or row, and the cell."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.errors import DataError

LONGEST_CELL = 60
MOST_NAMED = 20
FIRST_LINE = "the first line of a CSV file holds the names of its columns"
SKIP = "`data.on_error: skip` leaves out such rows and counts them"


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: where it stands (`a.csv:17`), and why, in a few words."""

    place: str
    problem: str


def cell(value: str) -> str:
    """A cell in a message: in quotes, on one line, cut to a length."""
    return f'"{excerpt(on_one_line(value), longest=LONGEST_CELL)}"'


def listed(names: Sequence[str]) -> str:
    """Names of columns in a message, the first of many."""
    shown = ", ".join(excerpt(on_one_line(name), longest=LONGEST_CELL) or '""' for name in names[:MOST_NAMED])
    return f"{shown}, ... ({len(names):,} in all)" if len(names) > MOST_NAMED else shown or "none"


def ragged(place: str, *, found: int, expected: int) -> DataError:
    """The error for a row with more or fewer cells than there are columns."""
    return DataError(
        f"{place}: {cells_found(found, expected)}",
        code="AM251",
        help="a cell with a delimiter or a line break in it must stand in quotes; add the cells that lack, or take out "
        f"what is too much; {SKIP}",
    )


def cells_found(found: int, expected: int) -> str:
    """How many cells a row has in place of how many."""
    return f"the row has {found:,} cell{'s' * (found != 1)}, expected {expected:,}"


def wrong_quoting(place: str, reason: str) -> DataError:
    """The error for quotes that do not match; nobody can tell where the next row begins."""
    return DataError(
        f"{place}: the quotes of the row that begins here do not match ({reason})",
        code="AM252",
        help="a cell with a quote, a delimiter or a line break in it stands in quotes, each quote inside it written "
        'twice: "He said ""no""."; where quotes mean nothing, set `data.format.quote: none`',
    )


def no_number(place: str, *, column: str, value: str) -> DataError:
    """The error for a cell in a column of numbers that is none."""
    return DataError(
        f"{place}, column {column}: {cell(value)} is no number",
        code="AM253",
        help=f"if it stands for a missing value, add it to `data.format.missing`; if the column holds words, declare "
        f"it: `data.columns: {{{column}: category}}`; {SKIP}",
    )


def twice_named(place: str, names: Sequence[str]) -> DataError:
    """The error for columns of the same name."""
    return DataError(
        f"{place}: several columns have the same name: {listed(names)}",
        code="AM254",
        help="give each column a name of its own",
        notes=[FIRST_LINE],
    )


def nameless(place: str, positions: Sequence[int]) -> DataError:
    """The error for columns without a name; positions count from 1."""
    which = ", ".join(map(str, positions[:MOST_NAMED]))
    return DataError(
        f"{place}: column{'s' * (len(positions) > 1)} {which} {'has' if len(positions) == 1 else 'have'} no name",
        code="AM255",
        help="name it in the first line; pandas and R write such a column for the numbers of rows unless told "
        "`to_csv(index=False)` or `row.names=FALSE`",
        notes=[FIRST_LINE],
    )


def no_rows(what: str) -> DataError:
    """The error for a table with nothing in it, `what` says how much nothing."""
    return DataError(what, code="AM256", help="a table needs a line of names and at least one row", notes=[FIRST_LINE])


def not_in_encoding(place: str, *, encoding: str, reason: str) -> DataError:
    """The error for bytes that are no characters in the encoding."""
    return DataError(
        f"{place}: not {encoding}: {reason}",
        code="AM257",
        help="say how the file was saved, `data.format.encoding: latin-1` (cp1252, utf-16, ...), or save it as UTF-8",
    )


def has_nul(place: str) -> DataError:
    """The error for a NUL character, which no text has."""
    return DataError(
        f"{place}: the line holds a NUL character",
        code="AM258",
        help="the file is damaged, of another kind than its name says, or in UTF-16 without its mark "
        "(`data.format.encoding: utf-16-le`); write it again",
    )


def unreadable(path: Path, reason: str) -> DataError:
    """The error for a file that is broken, or is something else than its name says."""
    return DataError(
        f"cannot read {path}: {reason}",
        code="AM259",
        help="it may be cut off, or of another kind than its name says; fetch it or write it again",
    )


def other_columns(path: Path, *, first: Path, lacking: Sequence[str], additional: Sequence[str]) -> DataError:
    """The error for files of one table that have different columns."""
    notes = [f"only in {first}: {listed(lacking)}"] if lacking else []
    notes += [f"only in {path}: {listed(additional)}"] if additional else []
    return DataError(
        f"{path} has other columns than {first}",
        code="AM260",
        help="files that are read together need the same columns, in any order; narrow the pattern, or mend the names",
        notes=notes,
    )


def no_such_columns(
    path: Path, lacking: Sequence[str], *, present: Sequence[str], delimiter: str = "auto"
) -> DataError:
    """The error for columns that are needed and not there; `delimiter` is that of the config."""
    plain = {name.casefold(): name for name in present}
    notes = []
    for name in lacking[:MOST_NAMED]:
        near = difflib.get_close_matches(name.casefold(), plain, n=3, cutoff=0.6)
        notes += [f"near {name}: {listed([plain[word] for word in near])}"] if near else []
    if delimiter != "auto" and len(present) == 1 and any(name in present[0] for name in lacking):
        notes.append(
            f"`data.format.delimiter` is {cell(delimiter)}, and this file has something else between its cells"
        )
    return DataError(
        f"{path} has no column{'s' * (len(lacking) > 1)} {listed(lacking)}",
        code="AM261",
        help="name a column that is there, or add it; capitals and spaces inside a name matter, the order does not",
        notes=[*notes, f"columns found: {listed(present)}"],
    )


def unusable_type(path: Path, *, column: str, holds: str) -> DataError:
    """The error for a Parquet column that holds neither numbers, nor texts, nor dates."""
    return DataError(
        f"column {column} of {path} holds {holds}, expected numbers, texts or dates",
        code="AM263",
        help=f"leave it out, `data.columns: {{{column}: ignore}}`, or write it in another form",
    )
