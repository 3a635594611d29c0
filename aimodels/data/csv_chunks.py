"""A CSV file as chunks of whole rows in UTF-8, cut where no quoted cell is open. https://www.rfc-editor.org/rfc/rfc4180"""

import codecs
import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from aimodels.config.table_format import TableFormat
from aimodels.data.table_problems import (
    cell,
    has_nul,
    nameless,
    no_rows,
    not_in_encoding,
    twice_named,
    unreadable,
    wrong_quoting,
)
from aimodels.data.table_rows import UTF16_STARTS, long_cells
from aimodels.data.unpacking import MOST_TEXT_BYTES, unpacked

CHUNK_BYTES = 1 << 22
UTF8 = ("utf-8", "utf-8-sig", "ascii")
LINE_FEED, CARRIAGE_RETURN = b"\n"[0], b"\r"[0]
CUT_OFF = "unexpected end of data"  # what Python's csv says of a quote that is not closed


@dataclass(frozen=True)
class Chunk:
    """Whole rows of a file, in UTF-8; `first_line` is the line of the file that it begins with."""

    text: bytes
    first_line: int


@dataclass(frozen=True)
class CsvFile:
    """A CSV file that is being read: the names of its columns, and its rows, chunk by chunk."""

    path: Path
    names: tuple[str, ...]
    dialect: "Dialect"
    chunks: Iterator[Chunk]


@dataclass(frozen=True)
class Row:
    """A row as Python reads it, and the line on which it begins."""

    cells: list[str]
    line: int
    last_line: int


@dataclass(frozen=True)
class Dialect:
    """What separates cells, and what stands around them."""

    delimiter: str
    quote: str | None

    def rows(self, lines: Sequence[str], *, path: Path, first_line: int, goes_on: bool = False) -> Iterator[Row]:
        """The rows in some lines, blank ones left out; slow, and exact about what is wrong.

        Where the text `goes_on` behind the lines, a quote may be open at their end.

        Raises:
            DataError: the quotes do not match.
        """
        reader = self._reader(lines, strict=True)
        begins = first_line
        try:
            while True:
                with long_cells():
                    cells = next(reader, None)
                if cells is None:
                    return
                if cells:
                    yield Row(cells, begins, first_line + reader.line_num - 1)
                begins = first_line + reader.line_num
        except csv.Error as error:
            if not (goes_on and str(error) == CUT_OFF):
                raise wrong_quoting(f"{path}:{begins}", str(error)) from error

    def num_cells(self, lines: Sequence[str]) -> int:
        """How many cells the first line has that is not blank, if this is how the file is written."""
        return len(next(filter(None, self._reader(lines, strict=False)), []))

    def _reader(self, lines: Sequence[str], *, strict: bool) -> Any:
        quoting: Any = {"quoting": csv.QUOTE_NONE} if self.quote is None else {"quotechar": self.quote}
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, **quoting)


@contextmanager
def opened_csv(path: Path, format: TableFormat) -> Iterator[CsvFile]:
    """A CSV file, gzipped or not, whose first line has been read.

    Raises:
        DataError: it is broken, empty, not in its encoding, or its header or its quotes are wrong; also while its
            chunks are read.
    """
    try:
        with unpacked(path) as stream:
            blocks = _blocks(stream, path=path, encoding=format.encoding)
            yield _begun(path, blocks, format)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, str(error) or type(error).__name__) from error


def num_lines(text: bytes) -> int:
    """How many line ends there are: LF, CR LF, or CR alone."""
    if b"\r" not in text:
        return text.count(b"\n")
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def lines_of(text: bytes) -> list[str]:
    """The lines of a text with their ends, as Python's csv wants them."""
    return list(io.StringIO(text.decode("utf-8", "surrogateescape"), newline=""))


def _blocks(stream: "IO[bytes] | io.BufferedReader[Any]", *, path: Path, encoding: str) -> Iterator[bytes]:
    """The file in UTF-8, without its byte order mark, some at a time."""
    name = codecs.lookup(encoding).name
    first = stream.read(CHUNK_BYTES)
    if name in UTF8:
        if first.startswith(UTF16_STARTS):
            raise not_in_encoding(f"{path}:1", encoding=encoding, reason="the file begins like one in UTF-16")
        yield first.removeprefix(codecs.BOM_UTF8)
        while block := stream.read(CHUNK_BYTES):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    block, line = first, 1
    while True:
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            raise not_in_encoding(f"{path}, from line {line} on", encoding=encoding, reason=str(error)) from error
        recoded = text.encode("utf-8", "replace").removeprefix(codecs.BOM_UTF8 if line == 1 else b"")
        line += num_lines(recoded)
        yield recoded
        if not block:
            return
        block = stream.read(CHUNK_BYTES)


def _begun(path: Path, blocks: Iterator[bytes], format: TableFormat) -> CsvFile:
    start = next(blocks, b"")
    lines = lines_of(start)
    dialects = [Dialect(delimiter, format.quote_character) for delimiter in _ordered(format.delimiters, path)]
    with long_cells():
        dialect = max(dialects, key=lambda dialect: dialect.num_cells(lines))
        header = next(dialect.rows(lines, path=path, first_line=1), None)
    if header is None:
        raise no_rows(f"{path} is empty")
    length = len("".join(lines[: header.last_line]).encode("utf-8", "surrogateescape"))
    _check_characters(Chunk(start[:length], 1), path)
    names = tuple(name.strip() for name in header.cells)
    _check_names(names, place=f"{path}:{header.line}")
    cutting = _Cutting(path, dialect)
    return CsvFile(path, names, dialect, cutting.chunks(start[length:], blocks, first_line=header.last_line + 1))


def _ordered(delimiters: tuple[str, ...], path: Path) -> list[str]:
    """Of two that give as many cells the first is taken."""
    is_tsv = path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab"))
    return sorted(delimiters, key=lambda delimiter: delimiter != "\t") if is_tsv else list(delimiters)


def _check_names(names: tuple[str, ...], *, place: str) -> None:
    empty = [number for number, name in enumerate(names, start=1) if not name]
    if empty:
        raise nameless(place, empty)
    if len(set(names)) < len(names):
        raise twice_named(place, sorted({name for name in names if names.count(name) > 1}))


def _check_characters(chunk: Chunk, path: Path) -> None:
    nul = chunk.text.find(b"\0")
    if nul >= 0:
        raise has_nul(f"{path}:{chunk.first_line + num_lines(chunk.text[:nul])}")
    if chunk.text.isascii():
        return
    try:
        chunk.text.decode()
    except UnicodeDecodeError as error:
        line = chunk.first_line + num_lines(chunk.text[: error.start])
        around = chunk.text[max(0, error.start - 20) : error.start + 20].decode("utf-8", "backslashreplace")
        byte = chunk.text[error.start]
        raise not_in_encoding(
            f"{path}:{line}", encoding="UTF-8", reason=f"byte 0x{byte:02x} in {cell(around)}"
        ) from None


@dataclass(frozen=True)
class _Cutting:
    """Cuts a file into whole rows."""

    path: Path
    dialect: Dialect

    def chunks(self, start: bytes, blocks: Iterator[bytes], *, first_line: int) -> Iterator[Chunk]:
        """Every row of the file, in chunks; the last row may lack its line end."""
        rest, line, least = start, first_line, 0
        for block in blocks:
            if len(rest) > least:
                end = self._end(Chunk(rest, line))
                # A row that is not whole yet is looked at again when there is twice as much of it.
                least = 0 if end else 2 * len(rest)
                if end == 0 and len(rest) > MOST_TEXT_BYTES:
                    raise wrong_quoting(f"{self.path}:{line}", f"no end within {MOST_TEXT_BYTES >> 20} MiB")
                if end:
                    chunk = Chunk(rest[:end], line)
                    _check_characters(chunk, self.path)
                    yield chunk
                    rest, line = rest[end:], line + num_lines(chunk.text)
            rest += block
        chunk = Chunk(rest, line)
        if rest.strip(b"\r\n"):
            _check_characters(chunk, self.path)
            self._check_whole(chunk)
            yield chunk

    def _end(self, chunk: Chunk) -> int:
        """The end of the last whole row, 0 if there is none."""
        text, quote = chunk.text, (self.dialect.quote or "").encode()
        if not quote or quote not in text:
            return max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1) if b"\n" not in text else -1) + 1
        characters = np.frombuffer(text, dtype=np.uint8)
        quotes = np.flatnonzero(characters == quote[0])
        if not self._is_regular(characters, quotes):
            return self._exact_end(chunk)
        breaks = np.flatnonzero(characters == LINE_FEED)
        if not len(breaks):
            breaks = np.flatnonzero(characters[:-1] == CARRIAGE_RETURN)
        outside = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        return int(outside[-1]) + 1 if len(outside) else 0

    def _check_whole(self, chunk: Chunk) -> None:
        quote = (self.dialect.quote or "").encode()
        if quote and quote in chunk.text:
            characters = np.frombuffer(chunk.text, dtype=np.uint8)
            quotes = np.flatnonzero(characters == quote[0])
            if len(quotes) % 2 or not self._is_regular(characters, quotes):
                with long_cells():
                    for _ in self.dialect.rows(lines_of(chunk.text), path=self.path, first_line=chunk.first_line):
                        pass

    def _is_regular(self, characters: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64]) -> bool:
        """Whether every second quote closes a cell and every other one opens one, so that counting them is enough."""
        edges = [self.dialect.delimiter.encode()[0], LINE_FEED, CARRIAGE_RETURN, (self.dialect.quote or "").encode()[0]]
        opening, closing = quotes[::2], quotes[1::2]
        before = characters[opening[opening > 0] - 1]
        behind = characters[closing[closing < len(characters) - 1] + 1]
        return bool(np.isin(before, edges).all() and np.isin(behind, edges).all())

    def _exact_end(self, chunk: Chunk) -> int:
        """As Python's csv sees it, which takes a quote inside of an unquoted cell for what it is."""
        lines = lines_of(chunk.text)
        whole = 0
        with long_cells():
            for row in self.dialect.rows(lines, path=self.path, first_line=chunk.first_line, goes_on=True):
                ends = row.last_line - chunk.first_line + 1
                whole = ends if ends < len(lines) else whole
        return len("".join(lines[:whole]).encode("utf-8", "surrogateescape"))
