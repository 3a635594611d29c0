"""Rows that a user wants answers for: of files, of stdin, and written on the command line as JSON.

A row that cannot be read is kept with what is wrong with it, so that the others are answered.
"""

import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, overload

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import Kind
from aimodels.config.table_format import TableFormat
from aimodels.data.dataset import TableInput
from aimodels.data.table_files import FORMATS, is_csv, is_parquet
from aimodels.data.table_pieces import CsvPlace, ParquetPlace, Piece, TableFiles, Wanted
from aimodels.data.table_problems import no_such_columns
from aimodels.data.table_reading import pieces_of
from aimodels.data.usable_rows import UsableRows, usable_rows
from aimodels.errors import DataError
from aimodels.prediction.kinds import other_kind
from aimodels.prediction.paths import paths_of, shown
from aimodels.prediction.written_rows import written_rows
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    import pyarrow

STDIN = "-"
COPY = "copy-of-stdin"  # its name says no format, so it cannot be that of a table


@dataclass(frozen=True)
class RowRequest:
    """What the user named: rows as JSON objects, and files, folders, patterns or `-` for a CSV file on stdin."""

    written: Sequence[str] = ()
    inputs: Sequence[str] = ()
    limit: int | None = None


@dataclass(frozen=True)
class GivenRows:
    """Some rows, in order. `cells` [N] are their columns as they stand in the file, null where a row is no whole one.

    `names` calls each of them. `table` [M] are the rows at the places `readable` (int64 [M]) as the network takes them;
    `problems` say of the others, by their place, what is wrong. `num_infinite` counts by column the infinite numbers
    that are taken for missing. `is_written` is true of rows of the command line, which are called by what was written.
    """

    cells: "pyarrow.Table"
    names: Sequence[str]
    table: "pyarrow.Table"
    readable: npt.NDArray[np.int64]
    problems: dict[int, str]
    num_infinite: dict[str, int] = field(default_factory=dict)
    is_written: bool = False

    def __len__(self) -> int:
        return len(self.names)

    def first(self, count: int) -> "GivenRows":
        """The first rows."""
        if count >= len(self):
            return self
        readable = self.readable[self.readable < count]
        problems = {place: problem for place, problem in self.problems.items() if place < count}
        table, cells = self.table.slice(0, len(readable)), self.cells.slice(0, count)
        return replace(self, cells=cells, names=self.names[:count], table=table, readable=readable, problems=problems)


@dataclass(frozen=True)
class RowNumbers(Sequence[str]):
    """Names of consecutive rows of a file, `penguins.csv row 17`, made when somebody asks."""

    file: str
    numbers: range

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> "RowNumbers": ...

    def __getitem__(self, index: int | slice) -> "str | RowNumbers":
        """One of them, or several."""
        if isinstance(index, slice):
            return RowNumbers(self.file, self.numbers[index])
        return f"{self.file} row {self.numbers[index]}"


@dataclass(frozen=True)
class Tables:
    """The files that were named, looked at but not yet read, and the rows that were written out.

    `others` are columns of the files that the model does not read.
    """

    request: RowRequest
    files: dict[str, Path]
    input: TableInput
    format: TableFormat
    others: tuple[str, ...]

    def rows(self) -> Iterator[GivenRows]:
        """Every row, those on the command line first; at most as many as were asked for."""
        left = self.request.limit
        for given in self._every():
            given = given if left is None else given.first(left)
            if len(given):
                yield given
            left = None if left is None else left - len(given)
            if left == 0:
                return

    def _every(self) -> Iterator[GivenRows]:
        if self.request.written:
            yield _written(self.request.written, input=self.input, format=self.format)
        for name, path in self.files.items():
            for piece in _pieces(path, self.format, self.input):
                yield _given(piece, name=name, input=self.input, format=self.format)


@contextmanager
def opened(request: RowRequest, *, run: RunFolder, input: TableInput, stdin: BinaryIO) -> Iterator[Tables]:
    """Find the files and look at their columns, before anything slow is done. Stdin is kept in a temporary file.

    Raises:
        MissingError: a file, a folder or a pattern names nothing.
        UsageError: a file is no table, or a row on the command line is no row.
        DataError: a table cannot be read, or lacks a column.
    """
    # A dataset of the user's own may hold rows without ever having read a file.
    format = getattr(run.config.data, "format", TableFormat())
    if input.missing:
        format = format.model_copy(update={"missing": input.missing})
    if request.written:
        _written(request.written, input=input, format=format)
    with TemporaryDirectory(prefix="aimodels-stdin-") as folder:
        files = {name: path for argument in request.inputs for name, path in _files(argument, run, Path(folder))}
        if STDIN in request.inputs:
            with files["stdin"].open("wb") as copy:
                shutil.copyfileobj(stdin, copy)
        others: dict[str, None] = {}
        for path in files.values():
            others |= dict.fromkeys(name for name in _header(path, format, input) if name not in input.names)
        yield Tables(request, files, input, format, tuple(others))


def _files(argument: str, run: RunFolder, folder: Path) -> list[tuple[str, Path]]:
    """The files that an argument names, and what to call each."""
    if argument == STDIN:
        return [("stdin", folder / COPY)]
    what = f"{FORMATS}; or write a row out behind --row"
    paths = paths_of(argument, is_wanted=_is_table, what=what)
    for path in paths:
        if not _is_table(path):
            raise other_kind(run, given=f"files such as {shown(path)}, which is no table by its name ({FORMATS})")
    return [(shown(path), path) for path in paths]


def _is_table(path: Path) -> bool:
    return is_csv(path) or is_parquet(path)


def _header(path: Path, format: TableFormat, input: TableInput) -> tuple[str, ...]:
    """The names of the columns of a file, which has all that are needed."""
    names: list[str] = []
    pieces = _pieces(path, format, input, found=names)
    next(pieces, None)
    pieces.close()
    return tuple(names)


def _pieces(
    path: Path, format: TableFormat, input: TableInput, *, found: list[str] | None = None
) -> Generator[Piece, None, None]:
    """The rows of a file with all of its columns, whose names go into `found`."""

    def choose(path: Path, present: tuple[str, ...]) -> Sequence[str]:
        lacking = [name for name in input.names if name not in present]
        if lacking:
            raise no_such_columns(path, lacking, present=present, delimiter=format.delimiter)
        if found is not None:
            found.extend(present)
        return present

    wanted = Wanted(format, "skip", choose, verbatim=True)
    try:
        yield from pieces_of(path, wanted)
    except DataError as error:
        if path.name != COPY:
            raise
        # Nobody knows of the copy of stdin.
        message, *notes = (text.replace(str(path), "stdin") for text in (error.message, *error.notes))
        raise DataError(message, code=error.code, help=error.help, notes=notes) from error


def _usable(piece: Piece, *, input: TableInput, format: TableFormat) -> UsableRows:
    kinds: dict[str, Kind] = {column.name: column.kind for column in input.columns}
    return usable_rows(piece, files=TableFiles((piece.place.path,), format, "skip"), kinds=kinds)


def _given(piece: Piece, *, name: str, input: TableInput, format: TableFormat) -> GivenRows:
    import pyarrow

    usable = _usable(piece, input=input, format=format)
    count = len(piece.numbers) + len(piece.dropped)
    first = piece.place.first_number if isinstance(piece.place, CsvPlace) else int(piece.numbers[0])
    cells = piece.cells
    readable = usable.numbers - first
    problems: dict[int, str] = {}
    if len(readable) < count:
        whole = np.full(count, -1, dtype=np.int64)
        whole[piece.numbers - first] = np.arange(len(piece.numbers))
        if piece.dropped:
            cells = cells.take(pyarrow.array(whole, mask=whole < 0))
        # Those that are no whole rows come first in `dropped`, then those with a cell that is none of its column.
        is_broken = np.ones(count, dtype=bool)
        is_broken[readable] = False
        places = [*np.flatnonzero(whole < 0), *np.flatnonzero(is_broken & (whole >= 0))]
        problems = {int(place): row.problem for place, row in zip(places, usable.dropped, strict=True)}
    names = RowNumbers(name, range(first, first + count))
    return GivenRows(cells, names, usable.table, readable, problems, usable.num_infinite)


def _written(texts: Sequence[str], *, input: TableInput, format: TableFormat) -> GivenRows:
    """The rows of the command line."""
    cells = written_rows(texts, input=input, decimal=format.decimal_character)
    piece = Piece(cells, np.arange(1, len(texts) + 1), ParquetPlace(Path("--row")))
    given = _given(piece, name="--row", input=input, format=format)
    return replace(given, names=tuple(texts), is_written=True)
