"""Tables read from files: what comes out, and what is said of those that are broken."""

import errno
import gzip
import os
from pathlib import Path

import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest
from pyarrow import parquet  # noqa: TID253 - the same

from aimodels.config.table_format import TableFormat
from aimodels.data import csv_chunks, unpacking
from aimodels.data.parquet_pieces import parquet_pieces
from aimodels.data.rows import RowsInMemory
from aimodels.data.stored_rows import StoredRows
from aimodels.data.table_files import files_at
from aimodels.data.table_pieces import Wanted
from aimodels.data.table_reading import Reading, TableFiles, header_of, read, sample_of
from aimodels.errors import DataError, MachineError
from aimodels.events import Event, Warned, listening

KINDS = {"age": "number", "city": "category", "note": "text"}
CSV = 'age,city,note\n31,Bonn,"Hello, you"\n,NA,\n4.5, Köln ,"two\nlines"\n'
ROWS = [(31.0, "Bonn", "Hello, you"), (None, None, None), (4.5, "Köln", "two\nlines")]


def write(path: Path, content: str | bytes) -> Path:
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def files(path: Path | str, *, on_error: str = "fail", **format: object) -> TableFiles:
    return TableFiles(files_at(str(path)), TableFormat(**format), on_error)


def read_csv(content: str | bytes, kinds: dict[str, str] = KINDS, **options: object) -> Reading:
    return read(files(write(Path("a.csv"), content), **options), kinds=kinds)


def rows(reading: Reading) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in reading.rows.table().to_pylist()]


def error_of(content: str | bytes, kinds: dict[str, str] = KINDS, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read_csv(content, kinds, **options)
    return caught.value


@pytest.fixture(params=["one chunk", "tiny chunks"])
def chunk_size(request, monkeypatch):
    """Every mistake must be found and named alike, wherever the file happens to be cut."""
    if request.param == "tiny chunks":
        monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 16)
        monkeypatch.setattr(csv_chunks, "CHUNK_BYTES_PER_COLUMN", 1)


# --- what comes out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "a.txt", "a.csv.gz"])
def test_a_table_is_read_as_it_is(name, chunk_size):
    reading = read(files(write(Path(name), CSV)), kinds=KINDS)
    assert rows(reading) == ROWS
    assert reading.counts == {}
    assert reading.other_columns == ()
    assert reading.rows.table().schema.types == [pa.float64(), pa.string(), pa.string()]
    assert reading.rows.name_of(2) == f"{name} row 3"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_first_line_says_what_separates_cells(delimiter, chunk_size):
    content = CSV.replace(",", delimiter).replace(f"Hello{delimiter}", "Hello,")
    assert rows(read_csv(content)) == ROWS


def test_in_a_tsv_file_tabs_come_first():
    reading = read(files(write(Path("a.tsv"), "a,b\tc\n1,2\tx\n")), kinds={"a,b": "category", "c": "text"})
    assert rows(reading) == [("1,2", "x")]


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_every_kind_of_line_end_will_do(newline, chunk_size):
    content = CSV.replace("\n", newline).replace(f"two{newline}", "two\n")
    assert rows(read_csv(content)) == ROWS


def test_line_ends_may_be_mixed_and_lines_blank(chunk_size):
    content = "\n\r\nage,city,note\r\n1,a,x\n\n2,b,y\r\n\r\n\n3,c,z"
    assert rows(read_csv(content)) == [(1, "a", "x"), (2, "b", "y"), (3, "c", "z")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "utf-16", "utf-16-le", "cp1252"])
def test_other_encodings_go_by_their_names(encoding, chunk_size):
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    assert rows(read_csv(CSV.encode(encoding), encoding=named)) == ROWS


def test_names_may_be_anything_and_white_space_around_them_does_not_count():
    content = '"Größe (mm)", a/b ," two\nlines",=x\n1,2,3,4\n'
    names = ("Größe (mm)", "a/b", "two\nlines", "=x")
    assert header_of(files(write(Path("a.csv"), content))) == names
    assert rows(read_csv(content, dict.fromkeys(names, "number"))) == [(1, 2, 3, 4)]


def test_only_the_columns_that_are_asked_for_are_read_and_in_that_order():
    reading = read_csv("a,b,c\n1,x,oops\n2,y,oops\n", {"b": "category", "a": "number"})
    assert rows(reading) == [("x", 1), ("y", 2)]
    assert reading.other_columns == ("c",)


def test_quotes_may_be_others_or_none(chunk_size):
    assert rows(read_csv("a,b\n'x,y',1\n\"z,2\n", {"a": "text", "b": "number"}, quote="'")) == [("x,y", 1), ('"z', 2)]
    assert rows(read_csv('a,b\n"x,1\ny",2\n', {"a": "text", "b": "number"}, quote="none")) == [('"x', 1), ('y"', 2)]


def test_a_quote_inside_of_a_cell_is_a_quote(chunk_size):
    content = 'a,b\n5" pipe,1\n"a ""b"" c",2\nx"y",3\n"two\n""lines""",4\n'
    expected = [('5" pipe', 1), ('a "b" c', 2), ('x"y"', 3), ('two\n"lines"', 4)]
    assert rows(read_csv(content, {"a": "text", "b": "number"})) == expected


def test_a_table_of_one_column_keeps_its_empty_cells_in_quotes(chunk_size):
    assert rows(read_csv('a\n1\n""\n\n2\n', {"a": "number"})) == [(1,), (None,), (2,)]


def test_a_cell_of_a_megabyte_is_a_cell():
    text = "word \n" * 200_000
    content = f'age,city,note\n1,a,"{text}"\n2,b,short\n'
    assert rows(read_csv(content)) == [(1, "a", text), (2, "b", "short")]


def test_thousands_of_columns_are_columns(monkeypatch):
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 1 << 10)  # less than the names take
    names = [f"c{number}" for number in range(3000)]
    content = "\n".join([",".join(names), *[",".join(["1"] * 3000)] * 3])
    reading = read_csv(content, dict.fromkeys(names, "number"))
    assert rows(reading) == [(1.0,) * 3000] * 3


def test_several_files_are_one_table_whatever_the_order_of_their_columns():
    write(Path("p1.csv"), "a,b\n1,x\n2,y\n")
    write(Path("p2.csv.gz"), "b;a\nz;3\n")
    parquet.write_table(pa.table({"b": ["w"], "a": [4]}), "p3.parquet")
    reading = read(files("p*"), kinds={"a": "number", "b": "category"})
    assert rows(reading) == [(1, "x"), (2, "y"), (3, "z"), (4, "w")]
    names = [reading.rows.name_of(index) for index in range(4)]
    assert names == ["p1.csv row 1", "p1.csv row 2", "p2.csv.gz row 1", "p3.parquet row 1"]


def test_parquet_holds_types_of_its_own():
    table = pa.table({"n": [1, None, 3], "c": pa.array(["x", " NA", None]).dictionary_encode(), "i": [[1], [2], [3]]})
    parquet.write_table(table, "a.parquet")
    reading = read(files("a.parquet"), kinds={"n": "number", "c": "category"})
    assert rows(reading) == [(1, "x"), (None, None), (3, None)]
    assert sample_of(files("a.parquet")).schema.types[0] == pa.int64()


def test_rows_beyond_the_memory_they_may_take_are_on_disk(tmp_path):
    content = "a,b\n" + "".join(f"{number},x{number}\n" for number in range(1000))
    path = write(tmp_path / "a.csv", content)
    small = read(files(path), kinds={"a": "number", "b": "text"})
    large = read(files(path), kinds={"a": "number", "b": "text"}, most_bytes=100)
    assert (type(small.rows.store), type(large.rows.store)) == (RowsInMemory, StoredRows)
    assert large.rows.table().equals(small.rows.table())
    assert large.rows.name_of(999) == "a.csv row 1000"


def test_a_sample_is_the_first_rows_as_they_stand():
    path = write(Path("a.csv"), CSV)
    assert sample_of(files(path), num_rows=2).to_pylist() == [
        {"age": "31", "city": "Bonn", "note": "Hello, you"},
        {"age": "", "city": "NA", "note": ""},
    ]


def test_a_sample_of_files_of_several_kinds_is_as_if_all_were_csv_files():
    parquet.write_table(pa.table({"a": [1.0, None], "b": ["x", "y"]}), "p1.parquet")
    write(Path("p2.csv"), "b,a\nz,2.50\n")
    assert sample_of(files("p*")).to_pylist() == [{"a": "1", "b": "x"}, {"a": None, "b": "y"}, {"a": "2.50", "b": "z"}]
    assert sample_of(files("p*"), num_rows=1).to_pylist() == [{"a": 1.0, "b": "x"}]


def test_long_texts_of_parquet_are_read_fewer_at_a_time():
    parquet.write_table(pa.table({"a": [f"{number} " * 300_000 for number in range(20)]}), "a.parquet")
    wanted = Wanted(TableFormat(), "fail", lambda path, names: names)
    lengths = [len(piece.numbers) for piece in parquet_pieces(Path("a.parquet"), wanted)]
    assert (sum(lengths), len(lengths) > 1) == (20, True)


# --- what is wrong, and where ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "found"), [("1,a", 2), ("1,a,x,y", 4), ("1", 1), ("  ", 1)])
def test_a_ragged_row_is_named_by_its_line(row, found, chunk_size):
    error = error_of(f'age,city,note\n1,a,"two\nlines"\n\n{row}\n2,b,z\n')
    assert (error.code, error.message) == (
        "AM251",
        f"a.csv:5: the row has {found} cell{'s' * (found > 1)}, expected 3",
    )


@pytest.mark.parametrize("row", ['1,"a"b,c', '1,"a" ,c', '1,a,"c', '1,"a,b'])
def test_quotes_that_do_not_match_are_named_by_the_line_where_the_row_begins(row, chunk_size):
    error = error_of(f'age,city,note\n1,a,"two\nlines"\n{row}\n' + "2,b,z\n" * 20)
    assert error.code == "AM252"
    assert error.message.startswith("a.csv:4: the quotes of the row that begins here")


def test_a_quote_that_is_never_closed_is_looked_for_only_so_far(monkeypatch):
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES", 64)
    monkeypatch.setattr(csv_chunks, "CHUNK_BYTES_PER_COLUMN", 1)
    monkeypatch.setattr(csv_chunks, "MOST_TEXT_BYTES", 1000)
    error = error_of('age,city,note\n1,"a,b\n' + "2,b,c\n" * 1000)
    assert (error.code, "no end within" in error.message) == ("AM252", True)


@pytest.mark.parametrize("value", ["abc", "TRUE", "1_000", "0x10", "1,5"])
def test_a_word_among_numbers_is_named_with_its_line_and_column(value, chunk_size):
    error = error_of(f'age,city,note\n1,a,"two\nlines"\n"{value}",b,z\n')
    assert (error.code, error.message) == ("AM253", f'a.csv:4, column age: "{value}" is no number')
    assert "data.format.missing" in error.help
    assert "{age: category}" in error.help


def test_the_first_wrong_number_of_several_columns_is_named(chunk_size):
    error = error_of("a,b\n1,1\n1,x\ny,1\n", {"a": "number", "b": "number"})
    assert error.message == 'a.csv:3, column b: "x" is no number'


def test_a_long_cell_is_cut_in_a_message():
    error = error_of("age,city,note\n" + "x" * 10_000 + ",b,z\n")
    assert len(error.message) < 200


def test_a_wrong_number_in_parquet_is_named_by_its_row():
    parquet.write_table(pa.table({"a": ["1", "x"]}), "a.parquet")
    with pytest.raises(DataError, match=r'a\.parquet row 2, column a: "x" is no number'):
        read(files("a.parquet"), kinds={"a": "number"})


@pytest.mark.parametrize(
    ("header", "code", "said"),
    [
        ("a,b,a", "AM254", "a.csv:2: several columns have the same name: a"),
        ("a,b, a ", "AM254", "the same name: a"),
        (",b,c", "AM255", "a.csv:2: column 1 has no name"),
        ('a, ,""', "AM255", "columns 2, 3 have no name"),
    ],
)
def test_every_column_has_a_name_of_its_own(header, code, said):
    error = error_of(f"\n{header}\n1,2,3\n")
    assert error.code == code
    assert said in error.message


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "age,city,note", "age,city,note\n", "age,city,note\n\r\n\n"])
def test_a_table_without_rows_is_told(content):
    assert error_of(content).code == "AM256"


def test_bytes_of_another_encoding_are_named_by_their_line(chunk_size):
    error = error_of(CSV.encode("latin-1"))
    assert error.code == "AM257"
    assert error.message.startswith("a.csv:4: not UTF-8: byte 0xf6 in ")
    assert "latin-1" in error.help


def test_utf_16_is_recognised_by_its_mark():
    error = error_of(CSV.encode("utf-16"))
    assert (error.code, "UTF-16" in error.message) == ("AM257", True)
    assert error_of(CSV.encode("utf-16-le")).code == "AM258"
    assert error_of(CSV.encode("utf-16")[:-1], encoding="utf-16").code == "AM257"


def test_a_nul_character_is_named_by_its_line(chunk_size):
    error = error_of("age,city,note\n1,a,x\n2,\0,y\n")
    assert (error.code, error.message) == ("AM258", "a.csv:3: the line holds a NUL character")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_a_file_that_may_not_be_read_is_not_said_to_be_broken(name, monkeypatch):
    def refuse(*given: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    Path(name).write_bytes(b"")
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(parquet, "ParquetFile", refuse)
    with pytest.raises(MachineError) as caught:
        read(files(name), kinds=KINDS)
    assert (caught.value.code, caught.value.message) == ("AM703", f"cannot read {name}: permission denied")
    assert "permissions of the file" in caught.value.help


def test_a_packed_file_that_was_cut_off_is_told():
    whole = gzip.compress((CSV * 1000).encode())
    Path("a.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read a\.csv\.gz") as caught:
        read(files("a.csv.gz"), kinds=KINDS)
    assert caught.value.code == "AM259"


def test_a_packed_file_that_unpacks_to_a_thousand_times_its_size_is_refused(monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED_BYTES", 1000)
    write(Path("a.csv.gz"), "age,city,note\n" + "1,a,x\n" * 100_000)
    with pytest.raises(DataError) as caught:
        read(files("a.csv.gz"), kinds=KINDS)
    assert caught.value.code == "AM245"


@pytest.mark.parametrize("damage", ["empty", "text", "cut off", "footer"])
def test_a_broken_parquet_file_is_told(damage):
    parquet.write_table(pa.table({"a": list(range(1000))}), "a.parquet")
    whole = Path("a.parquet").read_bytes()
    broken = {
        "empty": b"",
        "text": b"a,b\n1,2\n",
        "cut off": whole[:-100],
        "footer": whole[:-40] + b"x" * 32 + whole[-8:],
    }
    Path("a.parquet").write_bytes(broken[damage])
    with pytest.raises(DataError) as caught:
        read(files("a.parquet"), kinds={"a": "number"})
    assert caught.value.code == "AM259"


def test_a_column_of_lists_cannot_be_used():
    parquet.write_table(pa.table({"a": [[1], [2]]}), "a.parquet")
    with pytest.raises(DataError, match="holds list<") as caught:
        read(files("a.parquet"), kinds={"a": "category"})
    assert caught.value.code == "AM263"


def test_files_of_a_pattern_need_the_same_columns():
    write(Path("p1.csv"), "a,b\n1,2\n")
    write(Path("p2.csv"), "a,c\n1,2\n")
    with pytest.raises(DataError) as caught:
        read(files("p*.csv"), kinds={"a": "number"})
    assert caught.value.code == "AM260"
    assert caught.value.notes == ("only in p1.csv: b", "only in p2.csv: c")


def test_a_column_that_is_not_there_is_named_with_those_like_it():
    error = error_of("Age,City,note\n1,a,x\n", {"age": "number", "citi": "category", "note": "text"})
    assert (error.code, error.message) == ("AM261", "a.csv has no columns age, citi")
    assert error.notes == ("near age: Age", "near citi: City", "columns found: Age, City, note")


def test_infinite_numbers_are_missing_counted_and_told():
    heard: list[Event] = []
    with listening(heard.append):
        reading = read_csv("a,b\ninf,1\n1e400,-inf\n2,3\n", {"a": "number", "b": "number"})
    assert rows(reading) == [(None, 1), (None, None), (2, 3)]
    assert reading.counts == {"infinite numbers taken as missing": 3}
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert (warned.code, "a (2), b (1)" in warned.message) == ("AM264", True)


def test_bad_rows_can_be_skipped_and_are_counted_and_named(chunk_size):
    heard: list[Event] = []
    with listening(heard.append):
        reading = read_csv('age,city,note\n1,a,x\nold,b,y\n2\n"3",c,"z\nz"\n4,d,w,w\n5,e,v\n', on_error="skip")
    assert rows(reading) == [(1, "a", "x"), (3, "c", "z\nz"), (5, "e", "v")]
    assert [reading.rows.name_of(index) for index in range(3)] == ["a.csv row 1", "a.csv row 4", "a.csv row 6"]
    assert reading.counts == {"rows skipped": 3}
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert warned.code == "AM262"
    for part in ('a.csv:3: column age: "old" is no number', "a.csv:4: the row has 1 cell, expected 3", "a.csv:7: "):
        assert part in warned.message


def test_only_the_first_rows_that_were_skipped_are_named():
    heard: list[Event] = []
    with listening(heard.append):
        read_csv("a\n" + "x\n" * 100 + "1\n", {"a": "number"}, on_error="skip")
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert "100 rows skipped" in warned.message
    assert "a.csv:6" in warned.message
    assert "a.csv:7" not in warned.message
    assert "and 95 more" in warned.message


def test_a_table_of_bad_rows_alone_is_none():
    error = error_of("a\nx\ny\n", {"a": "number"}, on_error="skip")
    assert (error.code, "none of the 2 rows" in error.message) == ("AM256", True)
    with pytest.raises(DataError, match="no rows below the names"):
        sample_of(files(write(Path("a.csv"), "a,b\n1\n2\n"), on_error="skip"))


@pytest.mark.parametrize(
    "content", ['age,city,note\n1,"a"b,c\n', b"age,city,note\n1,\xff,x\n", "age,city,note\n1,\0,x\n"]
)
def test_what_cannot_be_put_down_to_one_row_stops_the_reading_in_any_case(content):
    assert error_of(content, on_error="skip").code in ("AM252", "AM257", "AM258")


def test_one_row_is_a_table():
    assert rows(read_csv("a,b\n1,x", {"a": "number", "b": "text"})) == [(1, "x")]
