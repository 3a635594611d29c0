"""Rows whose cells are what their columns are said to be; what is wrong with the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import Kind
from aimodels.data.cell_types import Typed, is_simple, typed
from aimodels.data.table_pieces import Piece, TableFiles
from aimodels.data.table_problems import BadRow, cell, no_number, unusable_type
from aimodels.events import warn

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class UsableRows:
    """The rows of a piece that can be used: the columns as what they are said to be, and the rows' numbers, int64 [N].

    `kept` are the places of these rows in the piece, None for all of them; `dropped` are the rows that cannot be used.
    `num_infinite` counts, by column, the infinite numbers that were taken as missing.
    """

    table: "pyarrow.Table"
    numbers: npt.NDArray[np.int64]
    kept: npt.NDArray[np.int64] | None
    dropped: tuple[BadRow, ...]
    num_infinite: dict[str, int]


def usable_rows(piece: Piece, *, files: TableFiles, kinds: Mapping[str, Kind]) -> UsableRows:
    """The rows of a piece with the columns of `kinds`.

    Raises:
        DataError: a column holds something else than it is said to, and such rows must not be skipped.
    """
    import pyarrow

    columns: dict[str, Typed] = {}
    for name, kind in kinds.items():
        cells = piece.cells.column(name).combine_chunks()
        if not is_simple(cells.type):
            raise unusable_type(piece.place.path, column=name, holds=str(cells.type))
        columns[name] = typed(cells, kind=kind, format=files.format)
    table = pyarrow.table({name: column.values for name, column in columns.items()})
    num_infinite = {name: column.num_infinite for name, column in columns.items() if column.num_infinite}
    wrong = {name: np.flatnonzero(column.bad) for name, column in columns.items() if column.bad is not None}
    if not wrong:
        return UsableRows(table, piece.numbers, None, piece.dropped, num_infinite)
    if files.on_error == "fail":
        raise _first_problem(piece, wrong)
    dropped = _dropped(piece, wrong)
    kept = np.setdiff1d(np.arange(len(piece.numbers)), np.concatenate(list(wrong.values())))
    return UsableRows(table.take(kept), piece.numbers[kept], kept, (*piece.dropped, *dropped), num_infinite)


def tell_infinite(counts: Mapping[str, int]) -> None:
    """Warn of infinite numbers that were taken as missing, counted by column; if there are any."""
    if counts:
        warn(
            "AM264",
            "numbers that are infinite, or too large for 32 bits, are taken as missing: "
            + ", ".join(f"{name} ({count:,})" for name, count in counts.items()),
            help="mend them in the file if they mean something",
        )


def _first_problem(piece: Piece, wrong: Mapping[str, npt.NDArray[np.int64]]) -> Exception:
    name = min(wrong, key=lambda name: wrong[name][0])
    index = int(wrong[name][0])
    [place] = piece.place.names([int(piece.numbers[index])])
    return no_number(place, column=name, value=str(piece.cells.column(name)[index].as_py()))


def _dropped(piece: Piece, wrong: Mapping[str, npt.NDArray[np.int64]]) -> list[BadRow]:
    first: dict[int, str] = {}
    for name, indices in wrong.items():
        for index in indices.tolist():
            first.setdefault(index, name)
    bad = sorted(first)
    places = piece.place.names(piece.numbers[bad].tolist())
    values = [piece.cells.column(first[index])[index].as_py() for index in bad]
    return [
        BadRow(place, f"column {first[index]}: {cell(str(value))} is no number")
        for index, place, value in zip(bad, places, values, strict=True)
    ]
