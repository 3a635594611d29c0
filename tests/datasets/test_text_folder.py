"""Folders of texts: how they are split, and texts that cannot be used or look like a mistake."""

import os
from pathlib import Path

import numpy as np
import pytest

from aimodels.data import text_files
from aimodels.data.dataset import Dataset, TextInput
from aimodels.datasets.text_folder import Options, load
from aimodels.errors import DataError, MissingError
from aimodels.events import Downloaded, Event, Warned, listening


def save(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def reviews(root: Path, *, per_class: int = 10) -> Path:
    for name in ("bad", "good"):
        for number in range(per_class):
            save(root / name / f"{number}.txt", f"{root.name} {name} {number}\n")
    return root


def opened(root: Path, **options) -> Dataset:
    return load(Options(name="text_folder", path=str(root), **options), seed=0)


def texts(dataset: Dataset) -> dict[str, str]:
    """Every text by its name."""
    splits = [split for split in (dataset.train, dataset.validation, dataset.test) if split is not None]
    return {split.name_of(index): split.examples.strings[index] for split in splits for index in range(len(split))}


def heard(root: Path, **options) -> dict[str, str]:
    """Message by code of every warning."""
    events: list[Event] = []
    with listening(events.append):
        opened(root, **options)
    return {event.code: event.message for event in events if isinstance(event, Warned)}


# --- splits ---------------------------------------------------------------------------------------------------


def test_a_collection_is_split(tmp_path):
    dataset = opened(reviews(tmp_path), test=0.2, validation=0.25)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (12, 4, 4)
    assert list(np.bincount(dataset.test.targets)) == [2, 2]
    assert list(np.bincount(dataset.validation.targets)) == [2, 2]
    assert dataset.input == TextInput()
    assert dataset.target.task == "binary"
    assert dataset.target.class_names == ("bad", "good")
    for split in (dataset.train, dataset.validation, dataset.test):
        assert [text.split()[1] for text in split.examples.strings] == [("bad", "good")[t] for t in split.targets]
        assert [Path(name).parent.name for name in split.examples.names] == [("bad", "good")[t] for t in split.targets]


def test_folders_of_splits_are_used_as_they_are(tmp_path):
    for split, per_class in (("test", 3), ("train", 10), ("val", 2)):
        reviews(tmp_path / split, per_class=per_class)
    dataset = opened(tmp_path)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (20, 4, 6)
    assert {text.split()[0] for text in dataset.test.examples.strings} == {"test"}
    assert dataset.provenance.description == (
        f"text_folder from {tmp_path}: 20 train, 4 validation, 6 test texts, 2 classes"
    )


def test_validation_is_drawn_from_train_where_it_has_no_folder(tmp_path):
    reviews(tmp_path / "train", per_class=10)
    reviews(tmp_path / "test", per_class=3)
    dataset = opened(tmp_path, validation=0.2)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (16, 4, 6)


def test_without_shares_everything_is_training(tmp_path):
    dataset = opened(reviews(tmp_path), validation=0.0, test=0.0)
    assert (len(dataset.train), dataset.validation, dataset.test) == (20, None, None)


def test_a_limit_is_counted(tmp_path):
    dataset = opened(reviews(tmp_path), limit=4, validation=0.25, test=0.2)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (4, 4, 4)
    assert dataset.provenance.counts == {"train examples left out by limit": 8}


def test_nothing_is_said_where_nothing_was_decided(tmp_path):
    assert heard(reviews(tmp_path)) == {}
    assert opened(tmp_path).provenance.counts == {}
    assert opened(tmp_path).provenance.description == f"text_folder from {tmp_path}: 20 texts, 2 classes"


# --- what a text is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "An <b>HTML</b> text.<br /><br />UPPER lower",
        "Windows\r\nlines\r\n",
        "old Mac\rlines",
        "  white space \t\n\n",
        "电影很好 🎬 e\u0301",
        "line\u2028separators\x85of\x0bmany\x0ckinds",
        "word " * 200_000,
        "",
    ],
    ids=["html", "crlf", "cr", "white space", "unicode", "separators", "a megabyte", "empty"],
)
def test_a_text_is_never_changed(tmp_path, text):
    path = save(reviews(tmp_path) / "good/special.txt", text)
    assert texts(opened(tmp_path))[str(path)] == text


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = save(reviews(tmp_path) / "good/marked.txt", b"\xef\xbb\xbfgood\xef\xbb\xbf")
    dataset = opened(tmp_path)
    assert texts(dataset)[str(path)] == "good\ufeff"
    assert dataset.provenance.counts == {"byte order marks before texts, dropped": 1}


def test_empty_texts_are_used_and_counted(tmp_path):
    save(reviews(tmp_path) / "good/empty.txt", "")
    save(tmp_path / "good/blank.txt", " \n")
    dataset = opened(tmp_path)
    assert dataset.provenance.counts == {"texts without a character": 2}
    assert len(texts(dataset)) == 22


def test_the_order_is_that_of_the_names(tmp_path):
    for name in ("b/10.txt", "b/9.txt", "a/z.txt", "b/sub/0.txt", "a/A.TXT"):
        save(tmp_path / name, name)
    dataset = opened(tmp_path, validation=0.0, test=0.0)
    assert dataset.train.examples.strings == ("a/A.TXT", "a/z.txt", "b/10.txt", "b/9.txt", "b/sub/0.txt")


def test_names_do_not_count_in_the_fingerprint_and_splits_do(tmp_path):
    here, there = reviews(tmp_path / "one" / "set"), reviews(tmp_path / "two" / "set")
    os.rename(there / "bad/9.txt", there / "bad/9b.txt")
    assert opened(here).provenance.fingerprint == opened(there).provenance.fingerprint
    os.rename(there / "bad/9b.txt", there / "good/99.txt")
    assert opened(here).provenance.fingerprint != opened(there).provenance.fingerprint


# --- texts that cannot be used --------------------------------------------------------------------------------


@pytest.fixture
def latin1(tmp_path: Path) -> Path:
    save(reviews(tmp_path) / "good/cafe.txt", "un café".encode("latin-1"))
    save(tmp_path / "bad/utf16.txt", "bad".encode("utf-16"))
    return tmp_path


def test_bytes_that_are_not_utf8_are_an_error_that_names_the_files(latin1):
    with pytest.raises(DataError, match="2 of the texts in .* are not UTF-8") as caught:
        opened(latin1)
    assert (caught.value.code, caught.value.exit_code) == ("AM240", 1)
    assert caught.value.notes == (
        f"{latin1}/bad/utf16.txt: byte 0xff at character 1",
        f"{latin1}/good/cafe.txt: byte 0xe9 at character 7",
    )
    assert "on_error: replace" in caught.value.help


def test_they_can_be_skipped_and_are_counted(latin1):
    dataset = opened(latin1, on_error="skip")
    assert dataset.provenance.counts == {"texts that are not UTF-8, skipped": 2}
    assert len(texts(dataset)) == 20
    assert "cafe.txt" in heard(latin1, on_error="skip")["AM219"]


def test_they_can_be_replaced_and_are_counted(latin1):
    dataset = opened(latin1, on_error="replace")
    assert dataset.provenance.counts == {
        "texts with bytes that are not UTF-8, replaced": 2,
        "texts with NUL characters": 1,
    }
    assert texts(dataset)[f"{latin1}/good/cafe.txt"] == "un caf\N{REPLACEMENT CHARACTER}"
    assert "cafe.txt: byte 0xe9" in heard(latin1, on_error="replace")["AM248"]


def test_of_many_such_files_ten_are_named(tmp_path):
    reviews(tmp_path)
    for number in range(25):
        save(tmp_path / f"good/latin{number}.txt", b"\xe9")
    with pytest.raises(DataError) as caught:
        opened(tmp_path)
    assert len(caught.value.notes) == 11
    assert caught.value.notes[-1] == "and 15 more"


@pytest.mark.parametrize("on_error", ["fail", "replace"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, on_error):
    reviews(tmp_path)
    (tmp_path / "good/dead.txt").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match="1 of the texts in .* cannot be used") as caught:
        opened(tmp_path, on_error=on_error)
    assert caught.value.code == "AM241"
    assert caught.value.notes == (f"{tmp_path}/good/dead.txt: No such file or directory",)
    assert opened(tmp_path, on_error="skip").provenance.counts == {"texts that cannot be used, skipped": 1}


def test_a_file_that_is_no_single_text_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "MOST_TEXT_BYTES", 1000)
    save(reviews(tmp_path) / "good/log.txt", "a" * 1001)
    with pytest.raises(DataError) as caught:
        opened(tmp_path)
    assert caught.value.notes == (f"{tmp_path}/good/log.txt: more than 1,000 bytes for one text",)


def test_a_class_of_which_every_text_was_skipped_is_an_error(tmp_path):
    save(reviews(tmp_path) / "fair/1.txt", b"\xe9")
    with pytest.raises(DataError, match=r"no usable text is left for a class of .*: fair \(train\)") as caught:
        opened(tmp_path, on_error="skip")
    assert caught.value.code == "AM212"


def test_a_split_of_which_every_text_was_skipped_is_an_error(tmp_path):
    reviews(tmp_path / "train")
    for name in ("bad", "good"):
        save(tmp_path / "test" / name / "1.txt", b"\xe9")
    with pytest.raises(DataError, match="no usable text is left for the test split") as caught:
        opened(tmp_path, on_error="skip")
    assert caught.value.code == "AM209"


# --- what looks like a mistake --------------------------------------------------------------------------------


def test_texts_with_nul_are_said_and_counted(tmp_path):
    save(reviews(tmp_path) / "good/utf16.txt", "good".encode("utf-16-le"))
    assert opened(tmp_path).provenance.counts == {"texts with NUL characters": 1}
    assert "1 of the texts" in heard(tmp_path)["AM247"]
    assert "good/utf16.txt" in heard(tmp_path)["AM247"]


def test_copies_across_splits_are_said_and_counted(tmp_path):
    reviews(tmp_path / "train")
    reviews(tmp_path / "test", per_class=3)
    save(tmp_path / "test/bad/again.txt", "train good 0\n")
    save(tmp_path / "test/bad/nearly.txt", "train good 0")
    save(tmp_path / "train/bad/twice.txt", "train good 1\n")
    assert opened(tmp_path, validation=0.0).provenance.counts == {"texts with an exact copy in an earlier split": 1}
    told = heard(tmp_path)["AM224"]
    assert "1 of the texts" in told
    assert "again.txt (test) is " in told
    assert told.endswith(' (train), "train good 0"')


def test_other_files_are_said_and_counted(tmp_path):
    save(reviews(tmp_path) / "good/notes.md", "notes")
    save(tmp_path / "good/.DS_Store", "")
    os.mkfifo(tmp_path / "good/pipe.txt")
    assert opened(tmp_path).provenance.counts == {
        "files that are no texts, ignored": 2,
        "hidden files and folders, ignored": 1,
    }
    assert "that are no texts were ignored: 1 .md, 1 .txt (such as good/notes.md)" in heard(tmp_path)["AM218"]


def test_classes_of_very_different_size_are_said(tmp_path):
    save(reviews(tmp_path) / "fair/1.txt", "fair")
    assert "class 'fair' has 10 times fewer" in heard(tmp_path)["AM214"]


# --- folders --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "code", "message"),
    [
        (["1.txt", "2.txt"], "AM215", r"has no class folders: it has texts \(2\) and no folder"),
        (["good/1.txt", "3.txt"], "AM215", "texts lie beside the class folders of .*, without a class"),
        (["good/1.txt", "bad/1.md"], "AM212", "class folders of .* without a text: bad"),
        (["train/good/1.txt", "train/bad/1.txt", "test/good/1.txt"], "AM216", "of test are not those of train"),
        (["good/1.txt"], "AM210", "examples of one class only: 'good'"),
    ],
    ids=["flat", "loose", "no text", "lost class", "one class"],
)
def test_another_layout_is_an_error(tmp_path, names, code, message):
    for name in names:
        save(tmp_path / name, name)
    with pytest.raises(DataError, match=message) as caught:
        opened(tmp_path)
    assert caught.value.code == code


def test_a_class_whose_name_is_not_utf8_is_an_error(tmp_path):
    save(reviews(tmp_path) / os.fsdecode(b"caf\xe9") / "1.txt", "a")
    with pytest.raises(DataError, match="is not UTF-8") as caught:
        opened(tmp_path)
    caught.value.message.encode()


def test_a_file_name_that_is_not_utf8_is_called_by_one_that_is(tmp_path):
    save(reviews(tmp_path) / "good" / os.fsdecode(b"caf\xe9.txt"), "coffee")
    assert texts(opened(tmp_path))[f"{tmp_path}/good/caf\N{REPLACEMENT CHARACTER}.txt"] == "coffee"


def test_a_missing_folder_is_an_error(tmp_path):
    reviews(tmp_path / "reviews")
    with pytest.raises(MissingError, match="no such file or folder") as caught:
        opened(tmp_path / "review")
    assert caught.value.code == "AM201"
    assert "reviews" in caught.value.notes[0]


def test_progress_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "SECONDS_BETWEEN_EVENTS", 0.0)
    events: list[Event] = []
    with listening(events.append):
        opened(reviews(tmp_path))
    assert events[-1] == Downloaded(name="reading texts", done=20, total=20, unit="files")
