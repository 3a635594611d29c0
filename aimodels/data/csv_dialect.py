"""Rows of a CSV file as Python's csv reads them: slow, and exact about what is wrong and on which line."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from aimodels.data.table_problems import wrong_quoting
from aimodels.data.table_rows import long_cells

CUT_OFF = "unexpected end of data"  # what Python says of a quote that is not closed


@dataclass(frozen=True)
class Chunk:
    """A stretch of a file, in UTF-8; `first_line` is the line of the file that it begins with."""

    path: Path
    text: bytes = field(repr=False)
    first_line: int

    @property
    def lines(self) -> list[str]:
        """Its lines with their ends: LF, CR LF, or CR alone."""
        return list(io.StringIO(self.text.decode("utf-8", "surrogateescape"), newline=""))


@dataclass(frozen=True)
class Row:
    """The cells of a row, and the lines of the file on which it begins and ends."""

    cells: list[str]
    line: int
    last_line: int


@dataclass(frozen=True)
class Dialect:
    """What separates cells, and what stands around them."""

    delimiter: str
    quote: str | None

    def rows(self, chunk: Chunk, *, goes_on: bool = False, most: int | None = None) -> list[Row]:
        """The rows of a chunk, the first `most` of them, blank lines left out.

        Where the text `goes_on` behind the chunk, a quote may be open at its end.

        Raises:
            DataError: the quotes do not match.
        """
        reader = self._reader(chunk.lines, strict=True)
        rows: list[Row] = []
        begins = chunk.first_line
        try:
            with long_cells():
                for cells in reader:
                    ends = chunk.first_line + reader.line_num - 1
                    if cells:
                        rows.append(Row(cells, begins, ends))
                    if len(rows) == most:
                        break
                    begins = ends + 1
        except csv.Error as error:
            if not (goes_on and str(error) == CUT_OFF):
                raise wrong_quoting(f"{chunk.path}:{begins}", str(error)) from error
        return rows

    def num_cells(self, lines: Iterable[str]) -> int:
        """How many cells the first line that is not blank has, read this way."""
        with long_cells():
            rows = filter(None, self._reader(lines, strict=False))
            return max(map(len, islice(rows, 1)), default=0)

    def _reader(self, lines: Iterable[str], *, strict: bool) -> Any:
        quoting: dict[str, Any] = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE}
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, **quoting)


def num_lines(text: bytes) -> int:
    """How many line ends there are: LF, CR LF, or CR alone."""
    if b"\r" not in text:
        return text.count(b"\n")
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
