"""Tables read from CSV and Parquet files in one pass, in as much memory as a few chunks take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aimodels.config.columns import Kind
from aimodels.data.cell_types import as_strings
from aimodels.data.csv_pieces import csv_pieces
from aimodels.data.gathering import MOST_BYTES_IN_MEMORY, Gathering
from aimodels.data.parquet_pieces import parquet_pieces
from aimodels.data.row_names import RowNames
from aimodels.data.rows import Rows
from aimodels.data.table_files import is_parquet
from aimodels.data.table_pieces import Piece, TableFiles, Wanted
from aimodels.data.table_problems import BadRow, listed, no_rows, no_such_columns, other_columns
from aimodels.data.usable_rows import UsableRows, tell_infinite, usable_rows
from aimodels.errors import DataError
from aimodels.events import warn

if TYPE_CHECKING:
    import pyarrow

SAMPLE_ROWS = 10_000
MOST_NAMED = 5
ROWS_SKIPPED = "rows skipped"
INFINITE = "infinite numbers taken as missing"
__all__ = ["Reading", "TableFiles", "header_of", "pieces_of", "read", "sample_of"]


@dataclass(frozen=True)
class Reading:
    """A table that was read. `counts` names what was left out or changed, with how often; `other_columns` are those of
    the files that nobody asked for."""

    rows: Rows
    counts: dict[str, int] = field(default_factory=dict)
    other_columns: tuple[str, ...] = ()


def header_of(files: TableFiles) -> tuple[str, ...]:
    """The names of the columns, those of the first file.

    Raises:
        UserError: the first file is not there or broken.
    """
    return tuple(sample_of(files, num_rows=1).column_names)


def sample_of(files: TableFiles, *, num_rows: int = SAMPLE_ROWS) -> "pyarrow.Table":
    """The first rows as they stand in the files: strings of CSV files, the types of Parquet files where all agree.

    Raises:
        UserError: the files are not there or broken.
    """
    import pyarrow

    found: list[pyarrow.Table] = []
    num_found = 0
    for _, piece in _pieces(files, _Asked()):
        found.append(piece.cells)
        num_found += len(piece.cells)
        if num_found >= num_rows:
            break
    if not num_found:
        raise _nothing(files)
    if any(cells.schema != found[0].schema for cells in found):
        found = [_as_strings(cells) for cells in found]
    return pyarrow.concat_tables(found).slice(0, num_rows)


def _as_strings(cells: "pyarrow.Table") -> "pyarrow.Table":
    """Files of several kinds: what each would hold if it were a CSV file."""
    import pyarrow

    columns = [as_strings(column.combine_chunks()) for column in cells.columns]
    return pyarrow.table(columns, names=cells.column_names)


def read(files: TableFiles, *, kinds: Mapping[str, Kind], most_bytes: int = MOST_BYTES_IN_MEMORY) -> Reading:
    """Every row, with the columns that `kinds` names, each as what it is said to be; on disk beyond `most_bytes`.

    Raises:
        UserError: the files are not there or broken, lack a column, or hold a cell that is not of its kind.
    """
    asked = _Asked(kinds)
    names = RowNames(files.paths)
    counting = _Counting()
    least_bytes = sum(path.stat().st_size for path in files.paths)
    with Gathering(least_bytes=least_bytes, most_bytes=most_bytes) as gathering:
        for file, piece in _pieces(files, asked):
            usable = usable_rows(piece, files=files, kinds=kinds)
            counting.add(usable)
            names.extend(usable.numbers, file=file)
            gathering.add(usable.table)
        counting.tell()
        if not len(names):
            raise _nothing(files, num_dropped=counting.num_dropped)
        rows = Rows(gathering.store(names), np.arange(len(names), dtype=np.int64))
    return Reading(rows, counting.counts, asked.others)


class _Counting:
    """What was left out or changed while a table was read."""

    def __init__(self) -> None:
        self.num_dropped = 0
        self._first: list[BadRow] = []
        self._num_infinite: dict[str, int] = {}

    def add(self, usable: UsableRows) -> None:
        self.num_dropped += len(usable.dropped)
        self._first += usable.dropped[: MOST_NAMED - len(self._first)]
        for name, count in usable.num_infinite.items():
            self._num_infinite[name] = self._num_infinite.get(name, 0) + count

    @property
    def counts(self) -> dict[str, int]:
        counts = {ROWS_SKIPPED: self.num_dropped, INFINITE: sum(self._num_infinite.values())}
        return {what: count for what, count in counts.items() if count}

    def tell(self) -> None:
        if self.num_dropped:
            named = "; ".join(f"{row.place}: {row.problem}" for row in self._first)
            more = self.num_dropped - len(self._first)
            warn(
                "AM262",
                f"{self.num_dropped:,} row{'s' * (self.num_dropped > 1)} skipped: {named}"
                + (f"; and {more:,} more" if more else ""),
                help="mend them, or set `data.on_error: fail` to stop at the first",
            )
        tell_infinite(self._num_infinite)


def _nothing(files: TableFiles, *, num_dropped: int = 0) -> DataError:
    where = listed([str(path) for path in files.paths])
    if num_dropped:
        return no_rows(f"{where}: none of the {num_dropped:,} rows can be used")
    return no_rows(f"{where}: there are no rows below the names of the columns")


class _Asked:
    """Which columns are read of each file: those of the kinds, or all as they stand where there are none."""

    def __init__(self, kinds: Mapping[str, Kind] | None = None) -> None:
        self.kinds = kinds
        self.others: tuple[str, ...] = ()
        self._first: tuple[Path, tuple[str, ...]] | None = None

    def choose(self, path: Path, present: tuple[str, ...]) -> Sequence[str]:
        self._first = self._first or (path, present)
        first, expected = self._first
        if set(present) != set(expected):
            lacking, additional = set(expected) - set(present), set(present) - set(expected)
            raise other_columns(path, first=first, lacking=sorted(lacking), additional=sorted(additional))
        if self.kinds is None:
            return expected
        lacking = set(self.kinds) - set(present)
        if lacking:
            raise no_such_columns(path, [name for name in self.kinds if name in lacking], present=present)
        self.others = tuple(name for name in expected if name not in self.kinds)
        return tuple(self.kinds)


def _pieces(files: TableFiles, asked: _Asked) -> Iterator[tuple[int, Piece]]:
    """Every piece, with the number of its file."""
    wanted = Wanted(
        files.format,
        files.on_error,
        asked.choose,
        verbatim=asked.kinds is None,
        numbers=frozenset(name for name, kind in (asked.kinds or {}).items() if kind == "number"),
    )
    for number, path in enumerate(files.paths):
        for piece in pieces_of(path, wanted):
            yield number, piece


def pieces_of(path: Path, wanted: Wanted) -> Iterator[Piece]:
    """The rows of one file, some at a time, with the columns that `wanted` chooses.

    Raises:
        DataError: the file is broken; or a row of a CSV file has too many or too few cells, and must not be skipped.
    """
    return parquet_pieces(path, wanted) if is_parquet(path) else csv_pieces(path, wanted)
