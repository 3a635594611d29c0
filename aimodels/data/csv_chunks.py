"""A CSV file as chunks of whole rows in UTF-8, cut where no quoted cell is open. https://www.rfc-editor.org/rfc/rfc4180"""

import codecs
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from aimodels.config.table_format import TableFormat
from aimodels.data.csv_dialect import Chunk, Dialect, Row, num_lines
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
from aimodels.data.table_rows import UTF16_STARTS
from aimodels.data.unpacking import MOST_TEXT_BYTES, may_not_read, unpacked

CHUNK_BYTES = 1 << 21
# Each column of a chunk has its price, whatever its length: wide tables are read in larger chunks.
CHUNK_BYTES_PER_COLUMN = 1 << 13
MOST_CHUNK_BYTES = 1 << 24
UTF8 = ("utf-8", "utf-8-sig", "ascii")
LINE_FEED, CARRIAGE_RETURN = b"\n"[0], b"\r"[0]


@dataclass(frozen=True)
class CsvFile:
    """A CSV file that is being read: the names of its columns, and its rows, chunk by chunk."""

    path: Path
    names: tuple[str, ...]
    dialect: Dialect
    chunks: Iterator[Chunk]


@contextmanager
def opened_csv(path: Path, format: TableFormat) -> Iterator[CsvFile]:
    """A CSV file, gzipped or not, whose first line has been read.

    Raises:
        DataError: it is broken, empty, not in its encoding, or its header or its quotes are wrong; also while its
            chunks are read.
        MachineError: it may not be read.
    """
    try:
        with unpacked(path) as stream:
            yield _begun(path, _blocks(stream, path=path, encoding=format.encoding), format)
    except PermissionError as error:
        raise may_not_read(path) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise unreadable(path, reason or str(error) or type(error).__name__) from error


def _blocks(stream: "IO[bytes] | Any", *, path: Path, encoding: str) -> Iterator[bytes]:
    """The file in UTF-8, without its byte order mark, some at a time."""
    first = stream.read(CHUNK_BYTES)
    if codecs.lookup(encoding).name not in UTF8:
        yield from _recoded(first, stream, path=path, encoding=encoding)
        return
    if first.startswith(UTF16_STARTS):
        raise not_in_encoding(f"{path}:1", encoding=encoding, reason="the file begins like one in UTF-16")
    yield first.removeprefix(codecs.BOM_UTF8)
    while block := stream.read(CHUNK_BYTES):
        yield block


def _recoded(block: bytes, stream: "IO[bytes] | Any", *, path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
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
    text, header = b"", None
    for block in blocks:
        text += block
        header = _header(Chunk(path, text, 1), format, goes_on=True)
        if header is not None or len(text) > MOST_TEXT_BYTES:
            break
    header = header or _header(Chunk(path, text, 1), format, goes_on=False)
    if header is None:
        raise no_rows(f"{path} is empty")
    _check_characters(Chunk(path, text[: header.num_bytes], 1))
    names = tuple(name.strip() for name in header.row.cells)
    _check_names(names, place=f"{path}:{header.row.line}")
    rest = Chunk(path, text[header.num_bytes :], header.row.last_line + 1)
    least_bytes = max(CHUNK_BYTES, min(MOST_CHUNK_BYTES, CHUNK_BYTES_PER_COLUMN * len(names)))
    return CsvFile(path, names, header.dialect, _Cutting(header.dialect, least_bytes).chunks(rest, blocks))


@dataclass(frozen=True)
class _Header:
    """The first row, how many bytes the file has up to its end, and how it is written."""

    row: Row
    num_bytes: int
    dialect: Dialect


def _header(start: Chunk, format: TableFormat, *, goes_on: bool) -> _Header | None:
    """The header of a file, if it is whole."""
    lines = start.lines
    dialects = [Dialect(delimiter, format.quote_character) for delimiter in _ordered(format.delimiters, start.path)]
    dialect = max(dialects, key=lambda dialect: dialect.num_cells(lines))
    for row in dialect.rows(start, goes_on=goes_on, most=1):
        if not goes_on or row.last_line < len(lines):
            return _Header(row, len("".join(lines[: row.last_line]).encode("utf-8", "surrogateescape")), dialect)
    return None


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


def _check_characters(chunk: Chunk) -> None:
    nul = chunk.text.find(b"\0")
    if nul >= 0:
        raise has_nul(f"{chunk.path}:{chunk.first_line + num_lines(chunk.text[:nul])}")
    if chunk.text.isascii():
        return
    try:
        chunk.text.decode()
    except UnicodeDecodeError as error:
        line = chunk.first_line + num_lines(chunk.text[: error.start])
        around = chunk.text[max(0, error.start - 20) : error.start + 20].decode("utf-8", "backslashreplace")
        reason = f"byte 0x{chunk.text[error.start]:02x} in {cell(around)}"
        raise not_in_encoding(f"{chunk.path}:{line}", encoding="UTF-8", reason=reason) from error


@dataclass(frozen=True)
class _Cutting:
    """Cuts a file into whole rows, at least so many bytes of them at once."""

    dialect: Dialect
    least_bytes: int

    def chunks(self, rest: Chunk, blocks: Iterator[bytes]) -> Iterator[Chunk]:
        """Every row of the file, in chunks; the last row may lack its line end."""
        enough = self.least_bytes
        for block in blocks:
            if len(rest.text) >= enough:
                end = self._end(rest)
                if end:
                    chunk = Chunk(rest.path, rest.text[:end], rest.first_line)
                    _check_characters(chunk)
                    yield chunk
                    rest = Chunk(rest.path, rest.text[end:], rest.first_line + num_lines(chunk.text))
                elif len(rest.text) > MOST_TEXT_BYTES:
                    reason = f"it has no end within {MOST_TEXT_BYTES >> 20} MiB"
                    raise wrong_quoting(f"{rest.path}:{rest.first_line}", reason)
                # A row that is not whole yet is looked at again when there is twice as much of it.
                enough = self.least_bytes if end else 2 * len(rest.text)
            rest = Chunk(rest.path, rest.text + block, rest.first_line)
        if rest.text.strip(b"\r\n"):
            _check_characters(rest)
            quotes = self._quotes(rest.text)
            if len(quotes) % 2 or not self._is_regular(rest.text, quotes):
                self.dialect.rows(rest)
            yield rest

    def _end(self, chunk: Chunk) -> int:
        """The end of the last whole row, 0 if there is none."""
        quotes = self._quotes(chunk.text)
        if not len(quotes):
            # A carriage return at the very end may be the first half of a line end.
            return (chunk.text.rfind(b"\n") if b"\n" in chunk.text else chunk.text.rfind(b"\r", 0, -1)) + 1
        if not self._is_regular(chunk.text, quotes):
            return self._exact_end(chunk)
        characters = np.frombuffer(chunk.text, np.uint8)
        breaks = np.flatnonzero(characters == LINE_FEED)
        if not len(breaks):
            breaks = np.flatnonzero(characters[:-1] == CARRIAGE_RETURN)
        outside = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        return int(outside[-1]) + 1 if len(outside) else 0

    def _quotes(self, text: bytes) -> npt.NDArray[np.int64]:
        """Where quotes stand."""
        quote = (self.dialect.quote or "").encode()
        if not quote or quote not in text:
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.frombuffer(text, np.uint8) == quote[0])

    def _is_regular(self, text: bytes, quotes: npt.NDArray[np.int64]) -> bool:
        """Whether quotes open and close whole cells, one after the other, so that counting them is enough."""
        characters = np.frombuffer(text, np.uint8)
        edges = np.frombuffer(f"\r\n{self.dialect.delimiter}{self.dialect.quote or ''}".encode(), np.uint8)
        opening, closing = quotes[::2], quotes[1::2]
        before = characters[opening[opening > 0] - 1]
        behind = characters[closing[closing < len(text) - 1] + 1]
        return bool(np.isin(before, edges).all() and np.isin(behind, edges).all())

    def _exact_end(self, chunk: Chunk) -> int:
        """As Python's csv sees it, which takes a quote inside of an unquoted cell for what it is."""
        lines = chunk.lines
        ends = [row.last_line - chunk.first_line + 1 for row in self.dialect.rows(chunk, goes_on=True)]
        # The last line may go on in what has not been read.
        whole = max((end for end in ends if end < len(lines)), default=0)
        return len("".join(lines[:whole]).encode("utf-8", "surrogateescape"))
