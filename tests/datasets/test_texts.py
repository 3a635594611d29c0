"""Texts without targets: what a text is in which file, and what is wrong with files that hold none."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from aimodels.data.dataset import Dataset
from aimodels.datasets import texts
from aimodels.errors import DataError, MissingError, UserError

NOTES = "\ufeffFirst line.\r\n\r\nSecond one,\nthat goes on.\n \n\nLast"


def loaded(path: object, **options: Any) -> Dataset:
    wanted = {"validation": 0.0, **options}
    return texts.load(texts.Options(name="texts", path=str(path), **wanted), seed=1)


def strings(dataset: Dataset) -> list[str]:
    return list(dataset.train.examples.strings)


@pytest.fixture
def notes() -> Path:
    path = Path("notes.txt")
    path.write_bytes(NOTES.encode())
    return path


def test_a_line_of_a_file_is_a_text_and_blank_ones_are_none(notes: Path) -> None:
    dataset = loaded(notes)
    assert strings(dataset) == ["First line.", "Second one,", "that goes on.", "Last"]
    assert dataset.train.name_of(3) == "notes.txt:7"
    assert dataset.target.task == "none"
    assert dataset.kind_of_task == "text_pretraining"
    assert dataset.provenance.description == "texts from the lines of notes.txt: 4 texts, without targets"
    assert dataset.provenance.counts == {"byte order marks before texts, dropped": 1}


def test_a_paragraph_is_what_stands_between_blank_lines(notes: Path) -> None:
    dataset = loaded(notes, unit="paragraph")
    assert strings(dataset) == ["First line.", "Second one,\nthat goes on.", "Last"]
    assert dataset.train.name_of(1) == "notes.txt:3"


def test_a_file_can_be_one_text(notes: Path) -> None:
    assert strings(loaded(notes, unit="file")) == [NOTES.removeprefix("\ufeff")]


def test_a_packed_file_is_read_line_by_line() -> None:
    Path("notes.txt.gz").write_bytes(gzip.compress(NOTES.encode()))
    assert len(strings(loaded("notes.txt.gz"))) == 4
    with pytest.raises(DataError, match="is packed") as raised:
        loaded("notes.txt.gz", unit="file")
    assert raised.value.code == "AM396"


def test_a_folder_holds_one_text_per_file_and_may_have_parts() -> None:
    for place, text in {"train/a": "one", "train/deep/b": "two", "val/c": "three"}.items():
        path = Path("all", place).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    Path("all/readme.md").write_text("no text")
    Path("all/.hidden.txt").write_text("no text")
    dataset = loaded("all", validation=0.5)
    assert strings(dataset) == ["one", "two"]
    assert dataset.validation is not None
    assert list(dataset.validation.examples.strings) == ["three"]
    assert dataset.provenance.counts == {
        "files that are no texts, ignored": 1, "hidden files and folders, ignored": 1
    }  # fmt: skip


def test_a_pattern_names_files() -> None:
    for name in ("a.txt", "b.txt", "c.md"):
        Path(name).write_text(f"text {name}\nmore")
    assert strings(loaded("*.txt")) == ["text a.txt\nmore", "text b.txt\nmore"]
    assert len(strings(loaded("*.txt", unit="line"))) == 4


@pytest.mark.parametrize("column", ["auto", "note"])
def test_a_column_of_a_table_holds_texts(column: str) -> None:
    name = "text" if column == "auto" else column
    Path("notes.csv").write_text(f"id,{name}\n1,first\n2,second\n")
    dataset = loaded("notes.csv", text=column)
    assert strings(dataset) == ["first", "second"]
    assert dataset.provenance.description == "texts from the rows of notes.csv: 2 texts, without targets"


@pytest.mark.parametrize(
    ("make", "options", "kind", "code", "help"),
    [
        ({}, {"path": "gone.txt"}, MissingError, "AM201", "path"),
        ({}, {"path": "gone/*.txt"}, MissingError, "AM201", "path"),
        ({"empty.txt": "\n \n"}, {"path": "empty.txt"}, DataError, "AM209", "a folder or a pattern"),
        ({"only.md": "x"}, {"path": "*.md"}, DataError, "AM209", "a folder or a pattern"),
        ({"t.csv": "text\nx\n"}, {"path": "t.csv", "unit": "line"}, DataError, "AM396", "each row"),
        ({"t.csv": "note\nx\n"}, {"path": "t.csv"}, DataError, "AM242", "`data.text`"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(
    make: dict[str, str], options: dict[str, str], kind: type[UserError], code: str, help: str
) -> None:
    for name, content in make.items():
        Path(name).write_text(content)
    with pytest.raises(kind) as raised:
        loaded(**options)
    assert raised.value.code == code
    assert help in raised.value.help


def test_bytes_that_are_not_utf_8_are_named() -> None:
    Path("notes.txt").write_bytes(b"good\nbad \xff one\n")
    with pytest.raises(DataError) as raised:
        loaded("notes.txt")
    assert raised.value.code == "AM240"
    assert raised.value.notes == ("notes.txt:2: byte 0xff at character 5",)
    assert strings(loaded("notes.txt", on_error="replace")) == ["good", "bad \ufffd one"]
