"""Whatever table there is: what was written is read back cell by cell; what is broken gives an error that says so."""

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet  # noqa: TID253 - the same

from aimodels.config.table_format import TableFormat
from aimodels.data import csv_chunks
from aimodels.data.table_files import files_at
from aimodels.data.table_reading import Reading, TableFiles, read, sample_of
from aimodels.errors import UserError

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
LIKELY = st.sampled_from([*" ,;\t|\"'\r\nab1.-é電\u2028\x1c", "NA", "nan", '""', "\r\n", '","'])
CELLS = st.one_of(st.lists(LIKELY, max_size=6).map("".join), st.text(CHARACTERS, max_size=8))
NAMES = st.lists(CELLS.map(str.strip).filter(bool), min_size=1, max_size=4, unique=True)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
QUICK = settings(
    max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(params=[1 << 21, 7], ids=["one chunk", "tiny chunks"], autouse=True)
def chunk_size(request, monkeypatch):
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", request.param)
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES_PER_COLUMN", 1)


@st.composite
def tables(draw: Any, cells: Any = CELLS) -> list[list[str]]:
    names = draw(NAMES)
    rows = st.lists(cells, min_size=len(names), max_size=len(names))
    return [names, *draw(st.lists(rows, min_size=1, max_size=6))]


@st.composite
def dialects(draw: Any) -> dict[str, Any]:
    # csv.writer of Python 3.11 quotes a line break only if it is part of its own.
    quoting, line_end = draw(
        st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r"), (csv.QUOTE_MINIMAL, "\r\n")])
    )
    delimiter, quote = draw(st.sampled_from(",;\t|")), draw(st.sampled_from("\"'"))
    return {"delimiter": delimiter, "quotechar": quote, "quoting": quoting, "lineterminator": line_end}


def written(table: list[list[str]], **dialect: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(table)
    return text.getvalue()


def at(path: str, content: bytes, **options: Any) -> TableFiles:
    Path(path).write_bytes(content)
    return TableFiles(files_at(path), TableFormat(**options))


@QUICK
@given(table=tables(), dialect=dialects(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example(table=[["a", "b"], ["", ""]], dialect={"delimiter": "\t", "quotechar": '"'}, encoding="utf-8")
@example(table=[["a"], [" "]], dialect={"delimiter": ",", "quotechar": '"'}, encoding="utf-8")
def test_what_was_written_is_read_back_cell_by_cell(table, dialect, encoding):
    content = written(table, **dialect).encode(encoding)
    files = at("a.csv", content, delimiter=dialect["delimiter"], quote=dialect["quotechar"], encoding=encoding)
    cells = sample_of(files)
    assert [cells.column_names, *(list(row.values()) for row in cells.to_pylist())] == table


# Cells as some programs write them: in quotes where they must be, with quotes inside of others left as they are.
LOOSE = st.text(st.sampled_from('ab "'), max_size=6).filter(lambda cell: not cell.startswith('"'))
IN_QUOTES = st.text(st.sampled_from('ab,"\n'), max_size=6)


@QUICK
@given(rows=st.lists(st.tuples(LOOSE, IN_QUOTES, LOOSE), min_size=1, max_size=12))
def test_quotes_that_stand_inside_of_cells_are_read_back(rows):
    lines = [",".join((first, '"' + second.replace('"', '""') + '"', third)) for first, second, third in rows]
    cells = sample_of(at("a.csv", "\n".join(["x,y,z", *lines]).encode(), delimiter=","))
    assert [tuple(row.values()) for row in cells.to_pylist()] == rows


@QUICK
@given(table=tables(FLOATS.map(repr)), dialect=dialects())
def test_numbers_are_read_back_to_the_last_digit(table, dialect):
    files = at("a.csv", written(table, **dialect).encode(), delimiter=dialect["delimiter"], quote=dialect["quotechar"])
    found = read(files, kinds=dict.fromkeys(table[0], "number")).rows.table()
    assert [list(row.values()) for row in found.to_pylist()] == [[float(cell) for cell in row] for row in table[1:]]


def read_somehow(files: TableFiles, kind: str, on_error: str) -> None:
    """Read a file that may be broken: nothing but errors for users may come out."""
    files = TableFiles(files.paths, files.format, on_error)
    found: Reading | UserError
    try:
        names = sample_of(files, num_rows=2).column_names
        found = read(files, kinds=dict.fromkeys(names, kind))
    except UserError as error:
        found = error
    if isinstance(found, UserError):
        assert (found.code[:3], bool(found.help)) == ("AM2", True)
    else:
        assert len(found.rows.table()) == len(found.rows) > 0
        assert found.rows.name_of(len(found.rows) - 1).startswith(files.paths[0].name)


KINDS = st.sampled_from(["number", "category", "date", "text"])
ON_ERROR = st.sampled_from(["fail", "skip"])


@QUICK
@given(
    content=st.one_of(st.binary(max_size=60), st.lists(LIKELY, max_size=30).map("".join).map(str.encode)),
    kind=KINDS,
    on_error=ON_ERROR,
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-7"]),
)
def test_any_bytes_are_a_table_or_give_an_error_that_says_why(content, kind, on_error, encoding):
    for name, packed in (("a.csv", content), ("a.tsv.gz", gzip.compress(content)), ("a.csv.gz", content)):
        read_somehow(at(name, packed, encoding=encoding), kind, on_error)


@st.composite
def damaged(draw: Any, content: bytes) -> bytes:
    whole = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(whole) - 1))
        whole[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(whole)


def parquet_bytes() -> bytes:
    table = pa.table({"a": [1, 2, None], "b": ["x", None, "zä"], "c": [0.5, 1.5, None]})
    parquet.write_table(table, buffer := io.BytesIO())
    return buffer.getvalue()


@QUICK
@given(content=damaged(b'a,b\r\n1,"x, y"\r\n2,"z\n"\r\n,\r\n3,"q ""q"""\r\n'), kind=KINDS, on_error=ON_ERROR)
def test_a_damaged_table_is_a_table_or_gives_an_error(content, kind, on_error):
    read_somehow(at("a.csv", content), kind, on_error)


@QUICK
@given(content=damaged(gzip.compress(b"a,b\n1,2\n" * 20, mtime=0)), kind=KINDS)
def test_a_damaged_packed_table_is_a_table_or_gives_an_error(content, kind):
    read_somehow(at("a.csv.gz", content), kind, "fail")


@QUICK
@given(content=st.one_of(st.binary(max_size=40), damaged(parquet_bytes())), kind=KINDS, on_error=ON_ERROR)
def test_a_damaged_parquet_file_is_a_table_or_gives_an_error(content, kind, on_error):
    read_somehow(at("a.parquet", content), kind, on_error)
