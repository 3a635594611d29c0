"""The rows of a CSV file: chunks of its text, parsed by pyarrow; by Python's csv where that finds something wrong."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aimodels.data.csv_chunks import CsvFile, opened_csv
from aimodels.data.csv_dialect import Chunk, Row
from aimodels.data.table_pieces import CsvPlace, Piece, Wanted
from aimodels.data.table_problems import BadRow, cells_found, ragged

if TYPE_CHECKING:
    import pyarrow

CHUNKS_AHEAD = 2


def csv_pieces(path: Path, wanted: Wanted) -> Iterator[Piece]:
    """The rows of a CSV file, with the columns that `wanted` chooses: strings, or numbers where that is easy.

    Raises:
        DataError: the file is broken; a row has another number of cells than the first line, and must not be skipped.
    """
    with opened_csv(path, wanted.format) as file:
        parsing = _Parsing(file, tuple(wanted.choose(path, file.names)), wanted)
        first_number = 1
        with closing(_ahead(parsing.fast, file.chunks)) as parsed:
            for chunk, cells in parsed:
                place = CsvPlace(chunk, file.dialect, first_number)
                piece = parsing.slow(place) if cells is None else _whole(cells, place)
                first_number += len(piece.numbers) + len(piece.dropped)
                yield piece


def _ahead(
    parse: "Callable[[Chunk], pyarrow.Table | None]", chunks: Iterable[Chunk]
) -> "Generator[tuple[Chunk, pyarrow.Table | None]]":
    """Each chunk and what comes of it, in order, while another thread parses the next ones."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting: deque[tuple[Chunk, Future[pyarrow.Table | None]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, pool.submit(parse, chunk)))
            if len(waiting) > CHUNKS_AHEAD:
                first, parsed = waiting.popleft()
                yield first, parsed.result()
        for last, parsed in waiting:
            yield last, parsed.result()


def _whole(cells: "pyarrow.Table", place: CsvPlace) -> Piece:
    return Piece(cells, np.arange(place.first_number, place.first_number + cells.num_rows), place)


@dataclass(frozen=True)
class _Parsing:
    file: CsvFile
    columns: tuple[str, ...]
    wanted: Wanted

    def fast(self, chunk: Chunk) -> "pyarrow.Table | None":
        """The cells of a chunk; None if pyarrow finds something wrong, which it says too little about."""
        is_easy = not self.wanted.verbatim and self.wanted.format.decimal_character == "."
        numbers = self.wanted.numbers.intersection(self.columns) if is_easy else frozenset()
        parsed = self._parsed(chunk, numbers=numbers)
        # A cell among the numbers may be missing with white space around it, or no number: there is more to say of it.
        return self._parsed(chunk, numbers=frozenset()) if parsed is None and numbers else parsed

    def _parsed(self, chunk: Chunk, *, numbers: frozenset[str]) -> "pyarrow.Table | None":
        import pyarrow
        from pyarrow import csv

        dialect, is_verbatim = self.file.dialect, self.wanted.verbatim
        types = {name: pyarrow.float64() if name in numbers else pyarrow.string() for name in self.columns}
        try:
            return csv.read_csv(
                pyarrow.BufferReader(chunk.text),
                csv.ReadOptions(use_threads=False, column_names=self.file.names, block_size=len(chunk.text) + 1),
                csv.ParseOptions(
                    delimiter=dialect.delimiter, quote_char=dialect.quote or False, newlines_in_values=True
                ),
                csv.ConvertOptions(
                    column_types=types,
                    include_columns=self.columns,
                    null_values=[] if is_verbatim else self.wanted.format.missing_words,
                    strings_can_be_null=not is_verbatim,
                    check_utf8=False,
                ),
            )
        except pyarrow.ArrowInvalid:
            return None

    def slow(self, place: CsvPlace) -> Piece:
        """The same, row by row."""
        import pyarrow

        expected = len(self.file.names)
        rows: list[Row] = []
        numbers: list[int] = []
        dropped: list[BadRow] = []
        for number, row in enumerate(self.file.dialect.rows(place.chunk), start=place.first_number):
            where = f"{place.path}:{row.line}"
            if len(row.cells) == expected:
                rows.append(row)
                numbers.append(number)
            elif self.wanted.on_error == "fail":
                raise ragged(where, found=len(row.cells), expected=expected)
            else:
                dropped.append(BadRow(where, cells_found(len(row.cells), expected)))
        places = {name: place for place, name in enumerate(self.file.names)}
        columns = {name: [row.cells[places[name]] for row in rows] for name in self.columns}
        cells = pyarrow.table({name: pyarrow.array(column, pyarrow.string()) for name, column in columns.items()})
        return Piece(cells, np.asarray(numbers, np.int64), place, tuple(dropped))
