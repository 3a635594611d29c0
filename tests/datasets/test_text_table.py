"""Texts in tables, as a dataset: columns, splits, and rows that cannot be used."""

from pathlib import Path

import numpy as np
import pytest

from aimodels.data.dataset import Dataset
from aimodels.datasets.text_table import Options, load
from aimodels.errors import DataError
from aimodels.events import Event, Warned, listening


def table(path: Path, *rows: str, per_class: int = 10) -> Path:
    """A CSV with as many good rows of two classes, and then the given ones."""
    good = [f'"Take {number}, {name}",{name}' for name in ("no", "yes") for number in range(per_class)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\n".join(["text,label", *good, *rows, ""]).encode("utf-8", "surrogateescape"))
    return path


def opened(path: Path, **options) -> Dataset:
    return load(Options(name="text_table", path=str(path), **options), seed=0)


def test_one_table_is_split(tmp_path):
    dataset = opened(table(tmp_path / "a.csv"), test=0.2, validation=0.25)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (12, 4, 4)
    assert list(np.bincount(dataset.test.targets)) == [2, 2]
    assert dataset.target.class_names == ("no", "yes")
    for split in (dataset.train, dataset.validation, dataset.test):
        assert [text.split(", ")[1] for text in split.examples.strings] == [("no", "yes")[t] for t in split.targets]
    assert dataset.provenance.description == f"text_table from {tmp_path}/a.csv: 20 texts, 2 classes"


def test_a_folder_of_tables_is_used_as_it_is(tmp_path):
    table(tmp_path / "set/train.csv")
    table(tmp_path / "set/test.csv", per_class=3)
    dataset = opened(tmp_path / "set", validation=0.2)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (16, 4, 6)
    assert dataset.test.name_of(0) == "test.csv:2"


def test_columns_can_be_named(tmp_path):
    (tmp_path / "a.csv").write_text("plot,stars\nbad,1\ngood,5\nfair,3\n", encoding="utf-8")
    dataset = opened(tmp_path / "a.csv", text="plot", target="stars", validation=0.0, test=0.0)
    assert dataset.target.class_names == ("1", "3", "5")
    assert dataset.target.task == "multiclass"
    assert dataset.train.examples.strings == ("bad", "good", "fair")
    assert list(dataset.train.targets) == [0, 2, 1]


BROKEN = ("caf\udce9,yes", "lost,", "one cell", "a,b,c")


def test_rows_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(DataError, match="3 of the texts in .* cannot be used") as caught:
        opened(table(tmp_path / "a.csv", *BROKEN))
    assert caught.value.code == "AM241"
    assert caught.value.notes == (
        "a.csv:23: no target",
        "a.csv:24: 1 cells in place of 2",
        "a.csv:25: 3 cells in place of 2",
    )


def test_a_row_that_is_not_utf8_is_named(tmp_path):
    with pytest.raises(DataError, match="1 of the texts in .* are not UTF-8") as caught:
        opened(table(tmp_path / "a.csv", *BROKEN[:1]))
    assert (caught.value.code, caught.value.notes) == ("AM240", ("a.csv:22: byte 0xe9 at character 4",))


def test_they_can_be_skipped_and_are_counted(tmp_path):
    path = table(tmp_path / "a.csv", *BROKEN)
    heard: list[Event] = []
    with listening(heard.append):
        dataset = opened(path, on_error="skip")
    assert dataset.provenance.counts == {
        "texts that cannot be used, skipped": 3,
        "texts that are not UTF-8, skipped": 1,
    }
    assert sum(len(split) for split in (dataset.train, dataset.validation, dataset.test)) == 20
    assert [event.code for event in heard if isinstance(event, Warned)] == ["AM219", "AM219"]


def test_replacing_bytes_does_not_replace_a_target(tmp_path):
    with pytest.raises(DataError, match="cannot be used"):
        opened(table(tmp_path / "a.csv", *BROKEN), on_error="replace")
    dataset = opened(table(tmp_path / "a.csv", *BROKEN[:1]), on_error="replace")
    assert dataset.provenance.counts == {"texts with bytes that are not UTF-8, replaced": 1}


def test_a_table_whose_rows_all_lack_a_target_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,\nb,\n", encoding="utf-8")
    with pytest.raises(DataError, match="no usable text is left for the train split") as caught:
        opened(tmp_path / "a.csv", on_error="skip")
    assert caught.value.code == "AM209"


def test_one_class_only_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,yes\nb,yes\n", encoding="utf-8")
    with pytest.raises(DataError, match="one class only: 'yes'") as caught:
        opened(tmp_path / "a.csv")
    assert caught.value.code == "AM210"


def test_the_same_rows_have_the_same_fingerprint_in_every_format(tmp_path):
    rows = [("one", "a"), ("two", "b"), ("three", "a")]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"{t},{c}\n" for t, c in rows), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text":"{t}","label":"{c}"}}\n' for t, c in rows), encoding="utf-8")
    first, second = opened(tmp_path / "a.csv"), opened(tmp_path / "a.jsonl")
    assert first.provenance.fingerprint == second.provenance.fingerprint
