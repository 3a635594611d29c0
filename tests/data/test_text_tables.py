"""Tables of texts: CSV, TSV, JSON lines and Parquet, and what is said about those that are broken."""

import csv
import errno
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from aimodels.data import table_rows, unpacking
from aimodels.data.found_text import FoundText
from aimodels.data.text_columns import Columns
from aimodels.data.text_tables import find_tables, is_table, read_tables
from aimodels.data.text_targets import class_names_of
from aimodels.errors import DataError, MachineError, MissingError
from aimodels.events import Downloaded, Event, listening

ROWS = [
    ("A good one.", "pos"),
    ("Bad,\r\nvery bad.", "neg"),
    ('He said "no".', "neg"),
    ("", "pos"),
    ("电影很好", "pos"),
]


def read(path: Path, **columns: str) -> list[FoundText]:
    return read_tables(find_tables(path), columns=Columns(**columns))


def rows(path: Path, **columns: str) -> list[tuple[str, str]]:
    return [(text.text, text.target) for text in read(path, **columns)]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def as_csv(delimiter: str = ",") -> str:
    import io

    lines = io.StringIO(newline="")
    writer = csv.writer(lines, delimiter=delimiter)
    writer.writerow(["number", "text", "label"])
    writer.writerows((number, *row) for number, row in enumerate(ROWS))
    return lines.getvalue()


def as_jsonl() -> str:
    return "".join(json.dumps({"label": label, "text": text}, ensure_ascii=False) + "\n" for text, label in ROWS)


def as_parquet(path: Path, *, compression: str = "snappy", **columns: Any) -> Path:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path, compression=compression)
    return path


# --- formats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.tsv", "a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_every_format_gives_the_texts_as_they_are(tmp_path, name):
    if name.endswith(".parquet"):
        path = as_parquet(tmp_path / name, text=[text for text, _ in ROWS], label=[label for _, label in ROWS])
    else:
        content = as_jsonl() if "jsonl" in name else as_csv("\t" if "tsv" in name else ",")
        path = write(tmp_path / name, content)
    assert rows(path) == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_first_line_says_what_separates_cells(tmp_path, delimiter):
    assert rows(write(tmp_path / "a.csv", as_csv(delimiter))) == ROWS


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_lines_are_no_part_of_the_table(tmp_path, newline):
    lines = ["\ufefftext,label", "good,pos", "", '"bad' + newline + 'worse",neg', ""]
    path = write(tmp_path / "a.csv", newline.join(lines))
    assert rows(path) == [("good", "pos"), (f"bad{newline}worse", "neg")]


def test_rows_are_called_by_the_line_they_begin_at(tmp_path, monkeypatch):
    monkeypatch.setattr(table_rows, "ROWS_AT_ONCE", 1)
    found = read(write(tmp_path / "a.csv", 'text,label\n"two\nlines",pos\nthird,neg\n'))
    assert [text.name for text in found] == ["a.csv:2", "a.csv:4"]
    found = read(write(tmp_path / "a.jsonl", '{"text": "a", "label": 1}\n\n{"text": "b", "label": 0}\n'))
    assert [text.name for text in found] == ["a.jsonl:1", "a.jsonl:3"]
    found = read(as_parquet(tmp_path / "a.parquet", text=["a", "b"], label=[1, 0]))
    assert [text.name for text in found] == ["a.parquet row 1", "a.parquet row 2"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_text_of_a_megabyte_is_a_text(tmp_path, suffix):
    text = "word \0 " * 150_000
    content = f'text,label\n"{text}",pos\n' if suffix == "csv" else json.dumps({"text": text, "label": "pos"})
    before = csv.field_size_limit(1000)
    assert rows(write(tmp_path / f"a.{suffix}", content)) == [(text, "pos")]
    assert csv.field_size_limit(before) == 1000


def test_bytes_that_are_not_utf8_stay_in_their_row(tmp_path):
    content = b"text,label\ncaf\xe9,pos\ngood,pos\ngood,caf\xe9\n"
    assert [text.text for text in read(write(tmp_path / "a.csv", content))] == ["caf\udce9", "good", ""]
    assert [text.problem for text in read(tmp_path / "a.csv")] == ["", "", "its target is not UTF-8"]
    content = b'{"text": "caf\xe9", "label": 1}\n{"text": "\\ud83d", "label": 1}\n'
    assert [text.text for text in read(write(tmp_path / "a.jsonl", content))] == ["caf\udce9", "\ud83d"]


@pytest.mark.parametrize(("kind", "packed_as"), [("string", "binary"), ("large_string", "large_binary")])
def test_parquet_texts_that_are_not_utf8_stay_in_their_row(tmp_path, kind, packed_as):
    import pyarrow

    buffers = pyarrow.array([b"good", b"caf\xe9"], getattr(pyarrow, packed_as)()).buffers()
    texts = pyarrow.Array.from_buffers(getattr(pyarrow, kind)(), 2, buffers)
    path = as_parquet(tmp_path / "a.parquet", text=texts, label=[1, 0])
    assert [text.text for text in read(path)] == ["good", "caf\udce9"]


def test_parquet_columns_may_be_encoded_as_dictionaries(tmp_path):
    import pyarrow

    texts = pyarrow.array(["a", "b", "a"]).dictionary_encode()
    labels = pyarrow.array(["x", "y", "x"]).dictionary_encode()
    assert rows(as_parquet(tmp_path / "a.parquet", text=texts, label=labels)) == [("a", "x"), ("b", "y"), ("a", "x")]


# --- columns --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("text,label", {}),
        ("Review, Sentiment ", {}),
        ("sentence,class", {}),
        ("complaint,department", {"text": "complaint", "target": "department"}),
        ("complaint , label", {"text": "complaint"}),
    ],
)
def test_columns_are_found_or_named(tmp_path, header, columns):
    assert rows(write(tmp_path / "a.csv", f"{header}\nhello,yes\n"), **columns) == [("hello", "yes")]


def test_the_first_of_the_usual_names_is_taken(tmp_path):
    assert rows(write(tmp_path / "a.csv", "review,label,text\nfirst,yes,second\n")) == [("second", "yes")]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, r"no column for the texts by any of the usual names \(text, review,"),
        ({"text": "story"}, "has no column called story"),
        ({"text": "plot"}, r"no column for the targets by any of the usual names \(label,"),
    ],
)
def test_a_column_that_is_not_there_is_an_error_that_names_those_that_are(tmp_path, name, columns, message):
    path = tmp_path / name
    if name == "a.parquet":
        as_parquet(path, plot=["a"], stars=[1])
    else:
        write(path, "plot,stars\na,1\n" if name == "a.csv" else '{"plot": "a", "stars": 1}\n')
    with pytest.raises(DataError, match=message) as caught:
        read(path, **columns)
    assert caught.value.code == "AM242"
    assert caught.value.notes == ("columns found: plot, stars",)
    assert "`data.t" in caught.value.help


@pytest.mark.parametrize("columns", [{"pair": "review"}, {"text": "answer", "pair": "auto"}, {"pair": "review "}])
def test_texts_and_second_texts_are_in_two_columns(tmp_path, columns):
    with pytest.raises(DataError, match="is both that of the texts and that of the second texts") as caught:
        read(write(tmp_path / "a.csv", "review,answer,label\na,b,c\n"), **columns)
    assert (caught.value.code, "`data.pair`" in caught.value.help) == ("AM536", True)


def test_a_name_like_that_of_a_column_is_told(tmp_path):
    path = write(tmp_path / "a.csv", "Review,label\na,b\n")
    for text in ("reviews", "review"):
        with pytest.raises(DataError, match=f"has no column called {text}$") as caught:
            read(path, text=text)
        assert caught.value.help.startswith("did you mean Review? name it with `data.text`")


def test_a_column_that_is_there_twice_is_an_error(tmp_path):
    with pytest.raises(DataError, match="has 2 columns called text"):
        read(write(tmp_path / "a.csv", "text,label,text\na,b,c\n"))


def test_a_file_without_column_names_shows_what_was_taken_for_them(tmp_path):
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / "a.csv", f"{'A long review. ' * 20},pos\nbad,neg\n"))
    assert caught.value.notes[0].startswith("columns found: A long review.")
    assert caught.value.notes[0].endswith("…, pos")
    assert len(caught.value.notes[0]) < 70


def test_a_column_of_numbers_holds_no_texts(tmp_path):
    with pytest.raises(DataError, match="the column text of .* holds int64, expected texts") as caught:
        read(as_parquet(tmp_path / "a.parquet", text=[1, 2], label=[0, 1]))
    assert caught.value.code == "AM242"


# --- targets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([1, 0, 10, 9], ("0", "1", "9", "10")),
        (["1", "0", "10", "9"], ("0", "1", "9", "10")),
        ([1.0, 0.0, 1.0, 0.0], ("0", "1")),
        ([True, False, True, False], ("False", "True")),
        (["pos", " neg", "pos ", "neg"], ("neg", "pos")),
        (["b10", "b9", "a", "a"], ("a", "b10", "b9")),
    ],
)
def test_classes_are_in_order_and_numbers_by_their_size(tmp_path, targets, expected):
    path = as_parquet(tmp_path / "a.parquet", text=["a"] * 4, label=targets)
    assert class_names_of(read(path), where="here") == expected


@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        ("a,\n,pos\nb,  \n", ["no target", "", "no target"]),
        ("a,pos,more\nb\nc,neg\n", ["3 cells in place of 2", "1 cells in place of 2", ""]),
    ],
)
def test_rows_that_cannot_be_used_say_why(tmp_path, lines, problems):
    assert [text.problem for text in read(write(tmp_path / "a.csv", "text,label\n" + lines))] == problems


def test_lines_that_cannot_be_used_say_why(tmp_path):
    lines = [
        '{"text": "a", "label": "pos"}',
        '{"text": "a"}',
        '{"label": "pos"}',
        '{"text": 3, "label": "pos"}',
        "[1, 2]",
        "{",
        "[" * 100_000,
    ]
    problems = [text.problem for text in read(write(tmp_path / "a.jsonl", "\n".join(lines)))]
    assert problems[:5] == ["", "no target", "no text", "its text is not a text but int", "not a JSON object ({...})"]
    assert all(problem.startswith("not JSON: ") for problem in problems[5:])


def test_nulls_in_parquet_say_why(tmp_path):
    path = as_parquet(tmp_path / "a.parquet", text=["a", None, "c"], label=[1.0, 1.0, float("nan")])
    assert [text.problem for text in read(path)] == ["", "no text", "no target"]


def test_numbers_are_given_as_they_would_be_written(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"text": "a", "label": 0.5}\n{"text": "b", "label": 1.0}\n')
    assert rows(path) == [("a", "0.5"), ("b", "1")]


@pytest.mark.parametrize(("targets", "message"), [([[1], [2]], "has a list or an object")], ids=["lists"])
def test_targets_that_are_no_classes_are_an_error(tmp_path, targets, message):
    with pytest.raises(DataError, match=message) as caught:
        read(as_parquet(tmp_path / "a.parquet", text=["a", "b"], label=targets))
    assert caught.value.code == "AM249"


def test_as_many_classes_as_rows_are_none(tmp_path):
    found = read(as_parquet(tmp_path / "a.parquet", text=["a"] * 30, label=list(range(30))))
    with pytest.raises(DataError, match="has 30 different values in 30 rows") as caught:
        class_names_of(found, where="a.parquet")
    assert caught.value.code == "AM249"
    assert len(class_names_of(found[:20], where="a.parquet")) == 20


def test_a_class_of_the_test_table_alone_is_an_error(tmp_path):
    write(tmp_path / "train.csv", "text,label\na,pos\nb,neg\n")
    write(tmp_path / "test.csv", "text,label\na,pos\nb,Neg\n")
    with pytest.raises(DataError, match="has classes in test that train has not: Neg") as caught:
        class_names_of(read(tmp_path), where="here")
    assert caught.value.code == "AM216"


# --- files and folders ----------------------------------------------------------------------------------------


def test_a_folder_has_a_table_for_each_split(tmp_path):
    for name in (
        "train-00001-of-00002.csv",
        "train-00000-of-00002.jsonl",
        "Test.csv.gz",
        "val.tsv",
        "unsup.csv",
        "train.txt",
        "train",
        "train.txt",
    ):
        write(tmp_path / name, "")
    tables = {split: [path.name for path in paths] for split, paths in find_tables(tmp_path).items()}
    assert tables == {
        "train": ["train-00000-of-00002.jsonl", "train-00001-of-00002.csv"],
        "validation": ["val.tsv"],
        "test": ["Test.csv.gz"],
    }


def test_a_folder_without_a_table_called_train_is_an_error(tmp_path):
    write(tmp_path / "test.csv", "text,label\n")
    with pytest.raises(MissingError, match=r"train.csv \(expected a table called train") as caught:
        find_tables(tmp_path)
    assert caught.value.code == "AM201"


def test_a_table_that_is_not_there_is_an_error(tmp_path):
    write(tmp_path / "reviews.csv", "")
    with pytest.raises(MissingError, match="no such file") as caught:
        find_tables(tmp_path / "review.csv")
    assert "reviews.csv" in caught.value.notes[0]


def test_a_spreadsheet_is_no_table(tmp_path):
    with pytest.raises(DataError, match=r"expected .csv, .tsv, .jsonl") as caught:
        find_tables(write(tmp_path / "a.xlsx", b"PK"))
    assert caught.value.code == "AM243"
    assert not is_table(tmp_path / "a.xlsx")


@pytest.mark.parametrize("content", ["", "text,label\n", "text,label\n\n"])
def test_a_table_without_rows_is_an_error(tmp_path, content):
    with pytest.raises(DataError, match="a.csv has no rows") as caught:
        read(write(tmp_path / "a.csv", content))
    assert caught.value.code == "AM209"


# --- broken ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "place"),
    [('"open,pos\nb,neg\nc,neg\n', "a.csv:3: unexpected end"), ('b,pos\n"a" b,neg\n', "a.csv:4: ',' expected")],
    ids=["never closed", "not doubled"],
)
def test_quotes_that_do_not_match_are_an_error_with_a_line(tmp_path, lines, place):
    with pytest.raises(DataError, match=f"the row that begins at .*{place}") as caught:
        read(write(tmp_path / "a.csv", 'text,label\nfirst "quoted" one,pos\n' + lines))
    assert caught.value.code == "AM243"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_told(tmp_path, encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    with pytest.raises(DataError, match="is UTF-16, expected UTF-8") as caught:
        read(write(tmp_path / "a.csv", mark + "text,label\na,b\n".encode(encoding)))
    assert caught.value.code == "AM243"
    assert "iconv" in caught.value.help


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl.gz", "a.parquet"])
def test_a_table_that_may_not_be_read_is_not_said_to_be_broken(tmp_path, name, monkeypatch):
    def refuse(*given: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path = write(tmp_path / name, b"")
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("pyarrow.parquet.ParquetFile", refuse)
    with pytest.raises(MachineError, match="cannot read .*: permission denied") as caught:
        read(path)
    assert caught.value.code == "AM703"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_cut_table_is_an_error(tmp_path, name):
    path = write(tmp_path / name, (as_csv() if "csv" in name else as_jsonl()) * 100)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot read .*ended before") as caught:
        read(path)
    assert caught.value.code == "AM243"


@pytest.mark.parametrize("kept", [0, 4, 100, -9])
def test_a_cut_parquet_file_is_an_error(tmp_path, kept):
    path = as_parquet(tmp_path / "a.parquet", text=["a"], label=["b"])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="cannot read .*Parquet") as caught:
        read(path)
    assert caught.value.code == "AM243"


def test_a_damaged_parquet_page_is_an_error(tmp_path):
    path = as_parquet(tmp_path / "a.parquet", text=["word " * 1000] * 100, label=["b"] * 100)
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot read") as caught:
        read(path)
    assert caught.value.code == "AM243"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.parquet"])
def test_a_bomb_is_refused(tmp_path, name, monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED_BYTES", 1 << 20)
    text = "a" * (1 << 22)
    if name == "a.parquet":
        path = as_parquet(tmp_path / name, compression="zstd", text=[text] * 2, label=["b", "c"])
    else:
        path = write(tmp_path / name, f"text,label\n{text},b\n")
    with pytest.raises(DataError, match="unpacks to more than") as caught:
        read(path)
    assert caught.value.code == "AM245"


def test_a_large_table_tells_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "SECONDS_BETWEEN_EVENTS", 0.0)
    path = write(tmp_path / "a.csv", as_csv() * 10_000)
    heard: list[Event] = []
    with listening(heard.append):
        read(path)
    told = [event for event in heard if isinstance(event, Downloaded)]
    assert {(event.name, event.total, event.unit) for event in told} == {
        ("reading a.csv", path.stat().st_size, "bytes")
    }
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert told[-1].done == path.stat().st_size
