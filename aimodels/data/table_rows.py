"""The rows of a table file (.csv, .tsv, .jsonl, .parquet): what some of their columns hold, and what to call them."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimodels.data.unpacking import MOST_TEXT_BYTES, may_not_read, most_bytes, refused_as_bomb, unpacked
from aimodels.errors import DataError

UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff")
SEPARATORS = (",", ";", "\t")
ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns that are read: those of the texts, of the targets, and of the second texts if there are any."""

    text: str
    target: str
    second: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What a row has in these columns; `problem` says in a few words why it cannot be read, empty if it can.

    `is_pair` is true where second texts are read.
    """

    name: str
    text: Any = None
    target: Any = None
    second: Any = None
    is_pair: bool = False
    problem: str = ""


Choose = Callable[[Sequence[str]], Wanted]


def csv_rows(path: Path, choose: Choose) -> Iterator[Row]:
    """The rows of a file with one row per line (more where a quoted cell has line breaks), named by their line.

    `choose` is given the names in the first line. Cells are separated by commas, semicolons or tabs, whichever the
    first line has. https://www.rfc-editor.org/rfc/rfc4180

    Raises:
        DataError: quotes that do not match; UTF-16.
    """
    with unpacked(path) as stream, long_cells():
        separator = _separator(path, stream)
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        # Strict, since otherwise one unbalanced quote makes a single cell of the rest of the file.
        reader = csv.reader(lines, delimiter=separator, strict=True)
        first_line = 1
        try:
            header = next(reader, [])
            if not header:
                return
            wanted = choose(header)
            text, target = header.index(wanted.text), header.index(wanted.target)
            second = None if wanted.second is None else header.index(wanted.second)
            first_line = reader.line_num + 1
            for cells in reader:
                name = f"{path.name}:{first_line}"
                first_line = reader.line_num + 1
                if len(cells) == len(header):
                    pair = None if second is None else cells[second]
                    yield Row(name, cells[text], cells[target], pair, is_pair=second is not None)
                elif cells:
                    yield Row(name, problem=f"{len(cells)} cells in place of {len(header)}")
        except csv.Error as error:
            raise DataError(
                f"cannot read the row that begins at {path}:{first_line}: {error}",
                code="AM243",
                help="a cell with a quote, a line break or a separator in it stands in quotes, each quote inside it is "
                'written twice: "He said ""no""."',
            ) from error


@contextmanager
def long_cells() -> Iterator[None]:
    """Python allows 131,072 characters in a cell unless told otherwise, for the whole process."""
    before = csv.field_size_limit(MOST_TEXT_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _separator(path: Path, stream: "io.BufferedReader[Any]") -> str:
    start = stream.peek()
    if start.startswith(UTF16_STARTS):
        raise DataError(
            f"{path} is UTF-16, expected UTF-8",
            code="AM243",
            help=f"iconv -f UTF-16 -t UTF-8 {path} > utf8.csv",
        )
    first_line = start.partition(b"\n")[0]
    counts = {separator: first_line.count(separator.encode()) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: counts[separator])


def jsonl_rows(path: Path, choose: Choose) -> Iterator[Row]:
    """The rows of a file with one JSON object per line, named by their line. https://jsonlines.org

    `choose` is given the keys of the first object.
    """
    wanted: Wanted | None = None
    with unpacked(path) as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="\n")
        for number, line in enumerate(lines, start=1):
            name = f"{path.name}:{number}"
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Row(name, problem=f"not JSON: {error}")
                continue
            if not isinstance(found, dict):
                yield Row(name, problem="not a JSON object ({...})")
                continue
            wanted = wanted or choose(list(found))
            second = None if wanted.second is None else found.get(wanted.second)
            yield Row(name, found.get(wanted.text), found.get(wanted.target), second, is_pair=wanted.second is not None)


def parquet_rows(path: Path, choose: Choose) -> Iterator[Row]:
    """The rows of a Parquet file, counted from 1. Texts come as bytes, so that one that is not UTF-8 can be told.

    Raises:
        DataError: the file is broken, or the column of the texts holds something else.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            wanted = choose(file.schema_arrow.names)
            second = wanted.second
            columns = [wanted.text, *([] if second is None else [second])]
            for column in columns:
                _expect_texts(path, column, file.schema_arrow.field(column).type)
            left, number = most_bytes(path), 0
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=list({*columns, wanted.target})):
                left -= batch.nbytes
                if left < 0:
                    raise refused_as_bomb(path)
                texts = [batch.column(column).cast(pyarrow.large_binary()).to_pylist() for column in columns]
                targets = batch.column(wanted.target).to_pylist()
                for target, text, pair in zip(targets, texts[0], texts[-1], strict=True):
                    number += 1
                    is_pair = second is not None
                    yield Row(f"{path.name} row {number}", text, target, pair if is_pair else None, is_pair=is_pair)
    except PermissionError as error:
        raise may_not_read(path) from error
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, str(error)) from error


def _expect_texts(path: Path, column: str, kind: Any) -> None:
    from pyarrow import types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary)
    if not any(test(inner) for test in tests):
        raise DataError(
            f"the column {column} of {path} holds {kind}, expected texts",
            code="AM242",
            help="name the column of the texts: `data.text`, or `data.pair`",
        )


def unreadable(path: Path, reason: str) -> DataError:
    """The error for a table file that is broken, or is something else than its name says."""
    return DataError(
        f"cannot read {path}: {reason}",
        code="AM243",
        help="it may be cut off, or of another kind than its name says; fetch it or write it again",
    )
