"""Rows of a table as examples: in memory, or on disk where they are too many; read as Arrow tables, some at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 65_536


class RowStore(Protocol):
    """Where rows lie. A column of numbers is Arrow's float64, every other one its string; null is a missing value."""

    @property
    def rows_at_once(self) -> int:
        """How many rows fit into memory without a thought."""

    def __len__(self) -> int: ...

    def table(self, positions: npt.NDArray[np.int64], *, columns: Sequence[str] | None = None) -> "pyarrow.Table":
        """The rows at these positions, in this order; of all columns, or of some."""

    def name_of(self, position: int) -> str:
        """How to call a row in front of the user, as in `penguins.csv row 17`; the first row of a file is row 1."""


class Names(Protocol):
    """What rows are called, by their positions: a tuple of strings, or something that takes less memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> str: ...


@dataclass(frozen=True)
class Rows:
    """Some rows of a store, in an order of their own: those at `positions`, int64 [N]."""

    store: RowStore
    positions: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, indices: npt.NDArray[np.int64]) -> "Rows":
        """The rows at these places, in this order."""
        return Rows(self.store, self.positions[indices])

    def tables(
        self, *, rows_at_once: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator["pyarrow.Table"]:
        """Every row, some at a time, in order; of all columns, or of some."""
        count = rows_at_once or self.store.rows_at_once
        for start in range(0, len(self), count):
            yield self.store.table(self.positions[start : start + count], columns=columns)

    def table(self, *, columns: Sequence[str] | None = None) -> "pyarrow.Table":
        """Every row at once; of all columns, or of some."""
        return self.store.table(self.positions, columns=columns)

    def name_of(self, index: int) -> str:
        """How to call one row in front of the user."""
        return self.store.name_of(int(self.positions[index]))


@dataclass(frozen=True)
class RowsInMemory:
    """A store in memory. `names` calls each row by its file and number; without them it is its position."""

    whole: "pyarrow.Table"
    names: Names = ()

    @property
    def rows_at_once(self) -> int:
        """How many rows are looked at together."""
        return ROWS_AT_ONCE

    def __len__(self) -> int:
        return int(self.whole.num_rows)

    def table(self, positions: npt.NDArray[np.int64], *, columns: Sequence[str] | None = None) -> "pyarrow.Table":
        """The rows at these positions, in this order."""
        return taken(self.whole if columns is None else self.whole.select(list(columns)), positions)

    def name_of(self, position: int) -> str:
        """How to call a row in front of the user."""
        return self.names[position] if len(self.names) else f"row {position + 1}"


def rows_of(table: "pyarrow.Table", *, names: Names = ()) -> Rows:
    """Every row of a table in memory."""
    return Rows(RowsInMemory(table, names), np.arange(table.num_rows, dtype=np.int64))


def taken(table: "pyarrow.Table", positions: npt.NDArray[np.int64]) -> "pyarrow.Table":
    """The rows of a table at some positions, in their order; nothing is copied where they follow one another."""
    if len(positions) and positions[-1] - positions[0] == len(positions) - 1 and (np.diff(positions) == 1).all():
        return table.slice(int(positions[0]), len(positions))
    return table.take(positions)
