"""The rows of a CSV file: chunks of its text, parsed by pyarrow; by Python's csv where that finds something wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aimodels.data.csv_chunks import Chunk, CsvFile, Row, lines_of, opened_csv
from aimodels.data.table_pieces import CsvPlace, Piece, Wanted
from aimodels.data.table_problems import BadRow, cells_found, ragged

if TYPE_CHECKING:
    import pyarrow


def csv_pieces(path: Path, wanted: Wanted) -> Iterator[Piece]:
    """The rows of a CSV file, with the columns that `wanted` chooses, all of them strings.

    Raises:
        DataError: the file is broken; a row has another number of cells than the first line, and must not be skipped.
    """
    with opened_csv(path, wanted.format) as file:
        parsing = _Parsing(file, tuple(wanted.choose(path, file.names)), wanted)
        first_number = 1
        for chunk in file.chunks:
            piece = parsing.fast(chunk, first_number)
            if piece is None:
                piece = parsing.slow(chunk, first_number)
            first_number += len(piece.numbers) + len(piece.dropped)
            yield piece


@dataclass(frozen=True)
class _Parsing:
    file: CsvFile
    columns: tuple[str, ...]
    wanted: Wanted

    def fast(self, chunk: Chunk, first_number: int) -> Piece | None:
        """The rows of a chunk; None if pyarrow finds something wrong, which it says too little about."""
        import pyarrow
        from pyarrow import csv

        dialect, format = self.file.dialect, self.wanted.format
        try:
            cells = csv.read_csv(
                pyarrow.BufferReader(chunk.text),
                csv.ReadOptions(use_threads=False, column_names=self.file.names, block_size=len(chunk.text) + 1),
                csv.ParseOptions(
                    delimiter=dialect.delimiter, quote_char=dialect.quote or False, newlines_in_values=True
                ),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(self.file.names, pyarrow.string()),
                    include_columns=self.columns,
                    null_values=[] if self.wanted.verbatim else format.missing_words,
                    strings_can_be_null=not self.wanted.verbatim,
                    check_utf8=False,
                ),
            )
        except pyarrow.ArrowInvalid:
            return None
        numbers = np.arange(first_number, first_number + cells.num_rows)
        return Piece(cells, numbers, CsvPlace(self.file.path, first_number, chunk, dialect))

    def slow(self, chunk: Chunk, first_number: int) -> Piece:
        """The same, row by row."""
        expected = len(self.file.names)
        rows: list[Row] = []
        numbers: list[int] = []
        dropped: list[BadRow] = []
        found = self.file.dialect.rows(lines_of(chunk.text), path=self.file.path, first_line=chunk.first_line)
        for number, row in enumerate(found, start=first_number):
            place = f"{self.file.path}:{row.line}"
            if len(row.cells) == expected:
                rows.append(row)
                numbers.append(number)
            elif self.wanted.on_error == "fail":
                raise ragged(place, found=len(row.cells), expected=expected)
            else:
                dropped.append(BadRow(place, cells_found(len(row.cells), expected)))
        return Piece(
            self._table(rows),
            np.asarray(numbers, np.int64),
            CsvPlace(self.file.path, first_number, chunk, self.file.dialect),
            tuple(dropped),
        )

    def _table(self, rows: Sequence[Row]) -> "pyarrow.Table":
        import pyarrow

        places = {name: place for place, name in enumerate(self.file.names)}
        columns = {
            name: pyarrow.array([row.cells[places[name]] for row in rows], pyarrow.string()) for name in self.columns
        }
        return pyarrow.table(columns)
