"""Rows of a table file, some at a time, with their cells as they stand in the file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from aimodels.config.table_format import TableFormat
from aimodels.data.csv_dialect import Chunk, Dialect
from aimodels.data.table_problems import BadRow

if TYPE_CHECKING:
    import pyarrow

OnError = Literal["fail", "skip"]


@dataclass(frozen=True)
class TableFiles:
    """A table to be read: its files, how they are written, and what is done about a row that cannot be used."""

    paths: tuple[Path, ...]
    format: TableFormat = field(default_factory=TableFormat)
    on_error: OnError = "fail"


@dataclass(frozen=True)
class Wanted:
    """What is read of a file: the columns that `choose` finds among its own.

    Where a file has words only, columns called `numbers` may come as numbers all the same, if every cell of a piece is
    one or missing. `verbatim` leaves everything as it stands, words for missing values too.
    """

    format: TableFormat
    on_error: OnError
    choose: Callable[[Path, tuple[str, ...]], Sequence[str]]
    verbatim: bool = False
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CsvPlace:
    """Where a piece of a CSV file stands. Its lines are counted only when somebody asks, which is slow."""

    chunk: Chunk
    dialect: Dialect
    first_number: int

    @property
    def path(self) -> Path:
        """The file."""
        return self.chunk.path

    def names(self, numbers: Sequence[int]) -> list[str]:
        """How to call rows of these numbers: `a.csv:18`, the line on which they begin."""
        rows = self.dialect.rows(self.chunk)
        return [f"{self.path}:{rows[number - self.first_number].line}" for number in numbers]


@dataclass(frozen=True)
class ParquetPlace:
    """Where a piece of a Parquet file stands."""

    path: Path

    def names(self, numbers: Sequence[int]) -> list[str]:
        """How to call rows of these numbers: `a.parquet row 17`."""
        return [f"{self.path} row {number}" for number in numbers]


@dataclass(frozen=True)
class Piece:
    """Rows of a file, in order. `numbers` are their numbers in the file, int64 [N], the first row being 1.

    `dropped` are rows between them that have another number of cells than the table has columns.
    """

    cells: "pyarrow.Table"
    numbers: npt.NDArray[np.int64]
    place: CsvPlace | ParquetPlace
    dropped: tuple[BadRow, ...] = ()
