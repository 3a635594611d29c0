"""Texts in tables, as a dataset: columns, splits, and rows that cannot be used."""

import json
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
    with pytest.raises(DataError, match="1 of the texts in .* is not UTF-8") as caught:
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


PAIRS = [("Is it open?", "Yes, until six.", 1), ("Is it far?", "The sky is blue.", 0)] * 6


def pairs(path: Path, *rows: str) -> Path:
    """A CSV with twelve pairs, each with its number, and then the given rows."""
    good = [f'"{number} {first}","{second}",{target}' for number, (first, second, target) in enumerate(PAIRS)]
    path.write_text("\n".join(["question,answer,fits", *good, *rows, ""]), encoding="utf-8")
    return path


IN_PAIRS = {"text": "question", "pair": "answer", "target": "fits"}


def test_pairs_of_texts_stay_together(tmp_path):
    dataset = opened(pairs(tmp_path / "a.csv"), test=0.25, validation=0.0, **IN_PAIRS)
    assert dataset.input.is_pair
    assert dataset.provenance.description.endswith("a.csv: 12 texts in pairs, 2 classes")
    for split in (dataset.train, dataset.test):
        assert [PAIRS[int(first.split()[0])][1] for first in split.examples.strings] == list(split.examples.seconds)
    assert len(dataset.test) == 3


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_every_format_has_pairs(tmp_path, suffix):
    rows = [{"question": first, "answer": second, "fits": target} for first, second, target in PAIRS]
    path = tmp_path / f"a.{suffix}"
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    dataset = opened(path, validation=0.0, test=0.0, **IN_PAIRS)
    assert dataset.train.examples.whole == [(first, second) for first, second, _ in PAIRS]


def test_the_second_column_must_be_there(tmp_path):
    with pytest.raises(DataError, match="has no column called reply") as caught:
        opened(pairs(tmp_path / "a.csv"), **IN_PAIRS | {"pair": "reply"})
    assert (caught.value.code, caught.value.notes) == ("AM242", ("columns found: question, answer, fits",))
    assert "`data.pair`" in caught.value.help
    with pytest.raises(DataError, match="no column for the second texts by any of the usual names"):
        opened(table(tmp_path / "b.csv"), pair="auto")
    assert opened(pairs(tmp_path / "a.csv"), **IN_PAIRS | {"pair": "auto"}).input.is_pair


def test_a_row_without_a_second_text_is_named_or_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"text": str(number), "pair": "b", "label": number % 2} for number in range(12)]
    rows += [{"text": "x", "label": 1}, {"text": "x", "pair": 5, "label": 1}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(DataError, match="2 of the texts") as caught:
        opened(path, pair="pair")
    assert caught.value.notes == ("a.jsonl:13: no second text", "a.jsonl:14: its second text is not a text but int")
    heard: list[Event] = []
    with listening(heard.append):
        dataset = opened(path, pair="pair", on_error="skip", test=0.0, validation=0.0)
    assert dataset.provenance.counts == {"texts that cannot be used, skipped": 2}
    assert len(dataset.train) == 12


def test_an_empty_second_text_is_used_and_counted(tmp_path):
    dataset = opened(pairs(tmp_path / "a.csv", '"Why?","",1'), test=0.0, validation=0.0, **IN_PAIRS)
    assert dataset.train.examples.seconds[-1] == ""
    assert dataset.provenance.counts == {"texts without a character": 1}


def test_a_second_text_that_is_not_utf8_counts_as_well(tmp_path):
    path = pairs(tmp_path / "a.csv")
    path.write_bytes(path.read_bytes() + b'"Why?","caf\xe9",1\n')
    with pytest.raises(DataError) as caught:
        opened(path, **IN_PAIRS)
    assert caught.value.notes == ("a.csv:14: byte 0xe9 at character 4",)
    dataset = opened(path, on_error="replace", test=0.0, validation=0.0, **IN_PAIRS)
    assert dataset.train.examples.seconds[-1] == "caf\N{REPLACEMENT CHARACTER}"


def test_copies_are_pairs_that_are_equal_in_both_texts(tmp_path):
    (tmp_path / "set").mkdir()
    pairs(tmp_path / "set/train.csv")
    test = ["0 Is it open?,Another answer.,1", '0 Is it open?,"Yes, until six.",1', "new,new,0"]
    (tmp_path / "set/test.csv").write_text("\n".join(["question,answer,fits", *test, ""]), encoding="utf-8")
    heard: list[Event] = []
    with listening(heard.append):
        dataset = opened(tmp_path / "set", validation=0.0, **IN_PAIRS)
    assert dataset.provenance.counts == {"texts with an exact copy in an earlier split": 1}
    assert [event.code for event in heard if isinstance(event, Warned)] == ["AM224"]


def numbers(path: Path, *rows: str) -> Path:
    """A CSV of texts with a number from 0 to 5 each."""
    good = [f"text {number},{number / 8}" for number in range(40)]
    path.write_text("\n".join(["text,label", *good, *rows, ""]), encoding="utf-8")
    return path


def test_numbers_are_predicted_where_there_are_numbers(tmp_path):
    dataset = opened(numbers(tmp_path / "a.csv"), unit="stars", test=0.25, validation=0.2)
    assert (dataset.target.task, dataset.target.unit) == ("regression", "stars")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (24, 6, 10)
    assert dataset.train.targets.dtype == np.float64
    texts = dataset.test.examples.strings
    assert [int(text.split()[1]) / 8 for text in texts] == dataset.test.targets.tolist()
    assert dataset.inferred == ("`data.task` is regression: 40 different numbers as targets",)
    assert dataset.resolved.task == "regression"
    assert dataset.kind_of_task == "text_regression"
    assert dataset.provenance.description.endswith("40 texts, numbers")


def test_classes_that_are_numbers_are_told_to_be_classes(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "a,0\nb,1\n" * 10, encoding="utf-8")
    dataset = opened(tmp_path / "a.csv", test=0.0, validation=0.0)
    assert dataset.target.class_names == ("0", "1")
    assert dataset.inferred == ("`data.task` is binary: 2 different whole numbers as targets",)
    assert opened(table(tmp_path / "b.csv")).inferred == ()


def test_a_target_that_is_no_number_is_named_or_skipped(tmp_path):
    path = numbers(tmp_path / "a.csv", "text,very good", "text,inf", "text,1e999", 'text,"2,5"')
    with pytest.raises(DataError) as caught:
        opened(path, task="regression")
    assert caught.value.notes == (
        'a.csv:42: its target is no number: "very good"',
        'a.csv:43: its target is no number: "inf"',
        'a.csv:44: its target is no number: "1e999"',
        'a.csv:45: its target is no number: "2,5"',
    )
    with listening(lambda event: None):
        dataset = opened(path, task="regression", on_error="skip", test=0.0, validation=0.0)
    assert len(dataset.train) == 40


def test_numbers_that_are_all_the_same_teach_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "a,0.5\nb,0.5\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"is 0\.5 in every training row") as caught:
        opened(tmp_path / "a.csv", test=0.0, validation=0.0)
    assert caught.value.code == "AM271"
