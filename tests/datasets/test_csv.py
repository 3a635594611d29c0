"""Tables as a dataset: what is guessed, what is cleaned, how rows are split, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from aimodels.config.columns import CategoryColumn, DateColumn, IgnoredColumn, NumberColumn, TextColumn
from aimodels.data.dataset import Dataset, Split
from aimodels.datasets.csv import Options, load
from aimodels.errors import ConfigError, DataError, MissingError, UserError
from aimodels.events import Event, Warned, listening

RANDOM = np.random.default_rng(0)


def written(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fruit(number: int) -> tuple[object, ...]:
    """x tells nothing, the colour a little; three kinds."""
    return (
        round(float(RANDOM.normal()), 4),
        ("red", "green", "blue")[number % 3],
        ("lime", "plum", "pear")[number % 3],
    )


def fruits(path: Path, count: int = 60) -> Path:
    return written(path, ["x", "colour", "fruit"], [fruit(number) for number in range(count)])


def opened(path: Path | str, *, seed: int = 0, **options: object) -> Dataset:
    given = {"name": "csv", "path": str(path), "target": "fruit", **options}
    return load(Options.model_validate(given), seed=seed)


def refused(path: Path | str, **options: object) -> UserError:
    with pytest.raises(UserError) as caught:
        opened(path, **options)
    return caught.value


def heard(path: Path | str, **options: object) -> tuple[Dataset, dict[str, Warned]]:
    events: list[Event] = []
    with listening(events.append):
        dataset = opened(path, **options)
    return dataset, {event.code: event for event in events if isinstance(event, Warned)}


def sizes(dataset: Dataset) -> tuple[int, ...]:
    return tuple(len(split) if split else 0 for split in (dataset.train, dataset.validation, dataset.test))


def values(split: Split | None, column: str) -> list[object]:
    assert split is not None
    found: list[object] = split.examples.table()[column].to_pylist()
    return found


# --- what is guessed, and kept --------------------------------------------------------------------------------


def test_penguins_are_read_whole():
    dataset = opened("sample:penguins", target="species", test=0.2, validation=0.1)
    assert dataset.target.class_names == ("Adelie", "Chinstrap", "Gentoo")
    assert dataset.target.task == "multiclass"
    assert sum(sizes(dataset)) == 344
    assert [column.kind for column in dataset.input.columns] == ["category", *["number"] * 4, "category", "number"]
    assert dataset.provenance.description == "csv from sample:penguins: 344 rows, 7 columns, 3 classes"
    assert dataset.inferred[0] == "7 columns guessed from all 344 rows; `data.columns` decides otherwise"
    assert dataset.inferred[2] == "  bill_length_mm     number    342 numbers, 2 missing, 32.1 to 59.6"
    assert dataset.inferred[-1] == "`data.task` is multiclass: 3 different texts in species"
    assert np.bincount(dataset.test.targets).tolist() == [30, 14, 25]


def test_what_was_guessed_is_kept(tmp_path):
    rows = [
        (index, f"{index % 28 + 1}.05.2024", f"no two of these texts are {index} alike", "x", *fruit(index))
        for index in range(30)
    ]
    names = ["id", "day", "story", "same", "x", "colour", "fruit"]
    dataset = opened(written(tmp_path / "a.csv", names, rows))
    assert dataset.resolved is not None
    assert dataset.resolved.columns == {
        "id": IgnoredColumn(),
        "day": DateColumn(format="%d.%m.%Y"),
        "story": TextColumn(),
        "same": IgnoredColumn(),
        "x": NumberColumn(),
        "colour": CategoryColumn(),
        "*": IgnoredColumn(),
    }
    assert dataset.resolved.task == "multiclass"
    assert dataset.resolved.format.delimiter == ","
    assert [column.name for column in dataset.input.columns] == ["day", "story", "x", "colour"]


def test_names_go_before_patterns_and_the_first_pattern_wins(tmp_path):
    rows = [(index % 5, index % 4, index % 3, *fruit(index)) for index in range(30)]
    path = written(tmp_path / "a.csv", ["bill_a", "bill_b", "bill_c", "x", "colour", "fruit"], rows)
    stated = {"bill_*": {"kind": "category"}, "*_c": {"kind": "text"}, "bill_b": {"kind": "number", "scale": "log"}}
    dataset = opened(path, columns=stated)
    found = {column.name: column.options for column in dataset.input.columns}
    assert found["bill_a"] == found["bill_c"] == CategoryColumn()
    assert found["bill_b"] == NumberColumn(scale="log")
    assert values(dataset.train, "bill_a")[0] in ("0", "1", "2", "3", "4")
    assert "2 columns guessed" in dataset.inferred[0]


def test_the_missing_words_of_the_table_are_those_of_the_network():
    dataset = opened("sample:penguins", target="species", format={"missing": ["NA", "-999"]})
    assert dataset.input.missing == ("", "NA", "-999")


@pytest.mark.parametrize(
    ("cells", "task", "class_names"),
    [
        (["0", "1"], "binary", ("0", "1")),
        (["1.0", "2.0", "10.0"], "multiclass", ("1", "2", "10")),
        (["2007", "2008", "2009"], "multiclass", ("2007", "2008", "2009")),
        (["b", "a"], "binary", ("a", "b")),
        (["1", "b"], "binary", ("1", "b")),
        (["true", "false"], "binary", ("false", "true")),
        (["0.5", "1.5"], "regression", ()),
        ([str(number) for number in range(25)], "regression", ()),
        ([f"{number}.5" for number in range(25)], "regression", ()),
    ],
)
def test_the_task_is_guessed_from_the_target(cells, task, class_names, tmp_path):
    rows = [(cells[index % len(cells)], index % 7) for index in range(100)]
    dataset = opened(written(tmp_path / "a.csv", ["y", "x"], rows), target="y")
    assert (dataset.target.task, dataset.target.class_names) == (task, class_names)
    assert dataset.resolved.task == task


def test_numbers_are_predicted_in_their_unit(tmp_path):
    rows = [(index / 3, index % 7) for index in range(40)]
    path = written(tmp_path / "a.csv", ["price", "x"], rows)
    dataset = opened(path, target="price", unit="EUR", test=0.25, validation=0.2)
    assert (dataset.target.task, dataset.target.unit, dataset.target.num_outputs) == ("regression", "EUR", 1)
    assert dataset.train.targets.dtype == np.float64
    assert sizes(dataset) == (24, 6, 10)
    everything = np.concatenate([split.targets for split in (dataset.train, dataset.validation, dataset.test)])
    assert sorted(everything) == pytest.approx([index / 3 for index in range(40)])


def test_several_labels(tmp_path):
    rows = [(index, ("yes", "no")[index % 2], int(index % 5 == 0), index % 9) for index in range(60)]
    path = written(tmp_path / "a.csv", ["n", "funny", "sad", "x"], rows)
    dataset = opened(path, target=["funny", "sad"], columns={"n": {"kind": "number"}})
    assert dataset.target.task == "multilabel"
    assert dataset.target.class_names == ("funny", "sad")
    assert dataset.train.targets.shape == (len(dataset.train), 2)
    numbers = np.array(values(dataset.train, "n"))
    assert dataset.train.targets.tolist() == np.stack([numbers % 2 == 0, numbers % 5 == 0], axis=1).astype(int).tolist()


def test_weights_come_from_a_column(tmp_path):
    rows = [(*fruit(index), index % 4) for index in range(40)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "w"], rows)
    dataset = opened(path, weights="w")
    assert dataset.train.weights.dtype == np.float32
    assert dataset.train.weights.tolist() == values(dataset.train, "w")
    assert "w" not in dataset.input.names


def test_learning_from_what_parts_or_weighs_the_rows_is_pointed_out(tmp_path):
    rows = [(*fruit(index), index % 10, index % 4) for index in range(60)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "the patient", "w"], rows)
    parted: dict[str, object] = {"split": {"by": "group", "column": "the patient"}, "weights": "w"}
    kinds = {"w": {"kind": "number"}, "the patient": {"kind": "category"}}
    events: list[Event] = []
    with listening(events.append):
        dataset = opened(path, columns=kinds, **parted)
    found = [event for event in events if isinstance(event, Warned) and event.code == "AM293"]
    assert [event.message for event in found] == [
        f"{path}: the patient parts the rows (`data.split.column`), and is learned from as well",
        f"{path}: w weighs the rows (`data.weights`), and is learned from as well",
    ]
    assert '`data.columns."the patient"=ignore`' in found[0].help
    assert {"the patient", "w"} < set(dataset.input.names)
    for columns in ({}, {"w": {"kind": "ignore"}, "the patient": {"kind": "ignore"}}):
        dataset, warnings = heard(path, columns=columns, **parted)
        assert "AM293" not in warnings
        assert dataset.train.weights is not None


def test_the_fingerprint_knows_the_cells_and_not_the_file(tmp_path):
    first = opened(fruits(tmp_path / "a.csv"))
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "b.tsv").write_text(text.replace(",", "\t"), encoding="utf-8")
    assert opened(tmp_path / "b.tsv").provenance.fingerprint == first.provenance.fingerprint
    (tmp_path / "c.csv").write_text(text.replace("red", "rot", 1), encoding="utf-8")
    assert opened(tmp_path / "c.csv").provenance.fingerprint != first.provenance.fingerprint


def test_a_found_delimiter_is_told_and_kept(tmp_path):
    text = fruits(tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "b.csv").write_text(text.replace(",", ";"), encoding="utf-8")
    dataset = opened(tmp_path / "b.csv")
    assert "`data.format.delimiter` is ;" in dataset.inferred
    assert dataset.resolved.format.delimiter == ";"


def german(path: Path, cells: Sequence[Sequence[object]]) -> Path:
    lines = ["area;rooms;price", *(";".join(str(cell).replace(".", ",") for cell in row) for row in cells)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_decimal_comma_is_found_told_and_kept(tmp_path):
    rows = [(index / 4, index % 5, index / 8 + 0.5) for index in range(60)]
    dataset = opened(german(tmp_path / "a.csv", rows), target="price")
    assert dataset.target.task == "regression"
    assert "`data.format.decimal` is ," in dataset.inferred
    assert dataset.resolved.format.decimal == ","
    assert [column.kind for column in dataset.input.columns] == ["number", "number"]
    same = opened(written(tmp_path / "b.csv", ["area", "rooms", "price"], rows), target="price")
    assert same.provenance.fingerprint == dataset.provenance.fingerprint
    assert same.resolved.format.decimal == "."
    assert not any("decimal" in line for line in same.inferred)


def test_a_decimal_comma_holds_for_the_test_table_too(tmp_path):
    rows = [(index / 4, index % 5, index / 8 + 0.5) for index in range(60)]
    german(tmp_path / "test.csv", [(100.25, 7, 1.5)] * 2)
    dataset = opened(german(tmp_path / "a.csv", rows), target="price", test_path=str(tmp_path / "test.csv"))
    assert values(dataset.test, "area") == [100.25, 100.25]


def test_a_stated_decimal_mark_is_not_looked_for(tmp_path):
    rows = [(index % 40 / 4, index % 5, index % 2) for index in range(60)]
    dataset, warnings = heard(german(tmp_path / "a.csv", rows), target="price", format={"decimal": "."})
    assert dataset.input.columns[0].kind == "category"
    assert 'area is taken for a category: numbers with other marks: "0,0", "0,25", "0,5", ...' in (
        warnings["AM289"].message
    )


def with_words(path: Path, *, column: int, word: str = "unknown") -> Path:
    rows = [[index % 50 / 4, index % 7, index / 8] for index in range(100)]
    for row in (31, 64):
        rows[row][column] = word
    return written(path, ["area", "rooms", "price"], rows)


def test_a_word_among_numbers_makes_no_category_in_silence(tmp_path):
    path = with_words(tmp_path / "a.csv", column=0)
    dataset, warnings = heard(path, target="price")
    assert dataset.input.columns[0].options == CategoryColumn()
    assert warnings["AM289"].message == (
        f'{path}: area is taken for a category: 2 of 100 values are no numbers: "unknown"'
    )
    assert '`data.format.missing: ["", NA, "unknown"]`' in warnings["AM289"].help
    mended, warnings = heard(path, target="price", format={"missing": ["", "NA", "unknown"]})
    assert (mended.input.columns[0].kind, "AM289" in warnings) == ("number", False)
    skipped, warnings = heard(path, target="price", columns={"area": {"kind": "number"}}, on_error="skip")
    assert skipped.provenance.counts["rows skipped"] == 2
    assert "AM289" not in warnings
    assert "AM289" not in heard(path, target="price", columns={"area": {"kind": "category"}})[1]


def test_many_columns_with_words_are_told_together(tmp_path):
    rows = [["x" if index == 50 else index % 47 / 4] * 20 + [index / 8] for index in range(100)]
    path = written(tmp_path / "a.csv", [*(f"c{number}" for number in range(20)), "price"], rows)
    events: list[Event] = []
    with listening(events.append):
        opened(path, target="price")
    told = [event.message for event in events if isinstance(event, Warned) and event.code == "AM289"]
    assert len(told) == 9
    assert told[-1] == f"{path}: so are 12 more columns: c8, c9, c10, c11, ..."


def test_a_word_among_numbers_to_be_predicted_is_refused_or_skipped(tmp_path):
    path = with_words(tmp_path / "a.csv", column=2)
    error = refused(path, target="price")
    assert isinstance(error, DataError)
    assert (error.code, error.message) == (
        "AM284",
        'the target price is to be a number: 2 of 100 values are no numbers: "unknown"',
    )
    assert "data.clean: {missing_target: drop}" in error.help
    for task in ("auto", "regression"):
        dataset = opened(path, target="price", task=task, on_error="skip")
        assert dataset.target.task == "regression"
        assert dataset.provenance.counts["rows skipped"] == 2
    stated = opened(path, target="price", clean={"missing_target": "drop"}, format={"missing": ["unknown"]})
    assert stated.target.task == "regression"


def test_a_word_among_few_whole_numbers_is_a_class_and_told(tmp_path):
    dataset, warnings = heard(with_words(tmp_path / "a.csv", column=1), target="rooms")
    assert "unknown" in dataset.target.class_names
    assert "the target rooms is taken for classes: 2 of 100 values are no numbers" in warnings["AM289"].message
    assert "AM289" not in heard(tmp_path / "a.csv", target="rooms", task="multiclass")[1]


def test_many_columns_are_summed_up(tmp_path):
    names = [f"feature_{number}" for number in range(200)]
    rows = [[*RANDOM.integers(0, 9, 200), "ab"[index % 2]] for index in range(30)]
    dataset = opened(written(tmp_path / "a.csv", [*names, "y"], rows), target="y")
    assert dataset.inferred[1:-1] == ("  200 number: feature_0, feature_1, feature_2, feature_3, ...",)


def test_labels_that_never_change_are_told(tmp_path):
    path = written(tmp_path / "a.csv", ["n", "never", "even"], [(index / 7, 0, index % 2) for index in range(40)])
    warnings = heard(path, target=["never", "even"])[1]
    assert warnings["AM288"].message == f"the same in every training row of {path}: the label never"
    assert refused(path, target=["never", "never2"]).code == "AM265"
    written(path, ["n", "never", "even"], [(index / 7, 0, 1) for index in range(40)])
    assert refused(path, target=["never", "even"]).code == "AM271"


# --- files ----------------------------------------------------------------------------------------------------


def test_a_folder_of_tables_is_used_as_it_is(tmp_path):
    fruits(tmp_path / "set/train.csv", 30)
    fruits(tmp_path / "set/test.csv", 9)
    dataset = opened(tmp_path / "set", validation=0.2)
    assert sizes(dataset) == (24, 6, 9)
    assert dataset.test.name_of(0) == "test.csv row 1"
    assert dataset.provenance.description.endswith("30 train, 9 test rows, 2 columns, 3 classes")


def test_files_of_their_own_and_several_of_one_table(tmp_path):
    fruits(tmp_path / "2023.csv", 12)
    fruits(tmp_path / "2024.csv", 18)
    fruits(tmp_path / "later.csv", 6)
    dataset = opened(tmp_path / "20*.csv", validation_path=str(tmp_path / "later.csv"), test=0.0)
    assert sizes(dataset) == (30, 6, 0)


def test_a_test_table_may_have_its_columns_in_another_order_and_more_of_them(tmp_path):
    fruits(tmp_path / "train.csv", 30)
    written(tmp_path / "test.csv", ["fruit", "new", "colour", "x"], [("plum", 1, "red", 0.5), ("lime", 2, "red", 1.5)])
    dataset, warnings = heard(tmp_path)
    assert values(dataset.test, "x") == [0.5, 1.5]
    assert "has columns that the training table has not: new" in warnings["AM275"].message


def test_a_test_table_without_a_column_is_refused(tmp_path):
    fruits(tmp_path / "train.csv", 30)
    written(tmp_path / "test.csv", ["fruit", "x"], [("plum", 1)])
    error = refused(tmp_path)
    assert (error.code, "colour" in error.message) == ("AM261", True)


def test_a_class_only_in_the_test_table_is_refused(tmp_path):
    fruits(tmp_path / "train.csv", 30)
    written(tmp_path / "test.csv", ["x", "colour", "fruit"], [(1, "red", "kiwi")])
    error = refused(tmp_path)
    assert (error.code, "kiwi" in error.message) == ("AM216", True)


def test_a_folder_without_a_training_table_is_refused(tmp_path):
    fruits(tmp_path / "all.csv")
    assert refused(tmp_path).code == "AM201"


# --- cleaning -------------------------------------------------------------------------------------------------


def with_holes(path: Path) -> Path:
    rows = [fruit(index) for index in range(60)]
    rows[4] = (*rows[4][:2], "NA")
    rows[7] = (*rows[7][:2], "")
    return written(path, ["x", "colour", "fruit"], rows)


def test_rows_without_a_target_are_named(tmp_path):
    error = refused(with_holes(tmp_path / "a.csv"))
    assert error.code == "AM273"
    assert error.message == f"2 of the 60 rows of {tmp_path}/a.csv have no target"
    assert error.notes == ("a.csv row 5", "a.csv row 8")


def test_rows_without_a_target_are_dropped_and_counted(tmp_path):
    dataset, warnings = heard(with_holes(tmp_path / "a.csv"), clean={"missing_target": "drop"})
    assert dataset.provenance.counts == {"rows without a target, dropped": 2}
    assert sum(sizes(dataset)) == 58
    assert "AM273" in warnings


def test_duplicates_are_kept_and_told_or_dropped_and_counted(tmp_path):
    rows = [fruit(index) for index in range(60)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit"], [*rows, *rows[:30]])
    dataset, warnings = heard(path)
    copies = dataset.provenance.counts["rows with an exact copy in an earlier split"]
    assert warnings["AM224"].message.startswith(f"{copies} of the rows of ")
    dataset, warnings = heard(path, clean={"duplicates": "drop"})
    assert warnings["AM287"].message == f"30 rows of {path} are equal to an earlier one, and are left out"
    assert dataset.provenance.counts == {"rows equal to an earlier one, dropped": 30}
    assert sum(sizes(dataset)) == 60
    assert "AM224" not in warnings


@pytest.mark.parametrize("rule", [{"name": "iqr"}, {"name": "isolation_forest", "share": 0.02}])
def test_outliers_are_left_out_of_training_rows_only(rule, tmp_path):
    rows = [fruit(index) for index in range(150)]
    wild = [(1000.0 + index, "red", "lime") for index in range(3)]
    written(tmp_path / "train.csv", ["x", "colour", "fruit"], [*rows, *wild])
    written(tmp_path / "test.csv", ["x", "colour", "fruit"], [(5000, "red", "lime")])
    dataset, warnings = heard(tmp_path, validation=0.0, clean={"outliers": rule})
    assert dataset.provenance.counts == {"training rows with outliers, dropped": 3}
    assert "`clip: iqr`" in warnings["AM287"].help
    assert max(values(dataset.train, "x")) < 100
    assert values(dataset.test, "x") == [5000]


def test_a_rare_value_of_a_column_of_two_is_no_outlier(tmp_path):
    rows = [(index % 10 == 0, index / 7, "ab"[index % 2]) for index in range(100)]
    path = written(tmp_path / "a.csv", ["x", "z", "y"], [(int(x), z, y) for x, z, y in rows])
    assert opened(path, target="y", clean={"outliers": {"name": "iqr"}}).provenance.counts == {}


def test_a_missing_number_is_no_outlier(tmp_path):
    rows = [(index % 5 or "NA", "ab"[index % 2]) for index in range(100)]
    dataset = opened(written(tmp_path / "a.csv", ["x", "y"], rows), target="y", clean={"outliers": {"name": "iqr"}})
    assert "training rows with outliers, dropped" not in dataset.provenance.counts


# --- splits ---------------------------------------------------------------------------------------------------


def test_groups_stay_together(tmp_path):
    rows = [(*fruit(index), f"p{index // 4}") for index in range(120)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "patient"], rows)
    dataset = opened(path, split={"by": "group", "column": "patient"}, test=0.2, validation=0.2)
    patients = [set(values(split, "patient")) for split in (dataset.train, dataset.validation, dataset.test)]
    assert not patients[0] & patients[1]
    assert not (patients[0] | patients[1]) & patients[2]
    assert 16 <= len(dataset.test) <= 32
    assert len(set(dataset.train.groups.tolist())) == len(patients[0])
    assert "patient" not in dataset.input.names


@pytest.mark.parametrize("day", ["2024-01-{:02d}", "{}.01.2024", "{}"])
def test_the_latest_rows_are_tested_on(day, tmp_path):
    order = RANDOM.permutation(30)
    rows = [(*fruit(index), day.format(number + 1)) for index, number in enumerate(order)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "day"], rows)
    dataset = opened(path, split={"by": "time", "column": "day"}, test=0.2, validation=0.25)
    days = {
        name: set(values(split, "day"))
        for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
    }
    assert days["test"] == {day.format(number) for number in range(25, 31)}
    assert days["validation"] == {day.format(number) for number in range(19, 25)}


def test_times_with_a_decimal_comma_are_numbers(tmp_path):
    path = tmp_path / "a.csv"
    lines = [f"{index % 7};{('lime', 'plum')[index % 2]};{100 - index},5" for index in range(40)]
    path.write_text("\n".join(["x;fruit;year", *lines]), encoding="utf-8")
    dataset = opened(path, split={"by": "time", "column": "year"}, test=0.25, format={"decimal": ","})
    assert sorted(dataset.test.examples.positions) == list(range(10))


def test_a_column_names_the_splits(tmp_path):
    words = ["train"] * 6 + ["Val ", "TEST", "dev", "test"]
    rows = [(*fruit(index), words[index % 10]) for index in range(100)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "part"], rows)
    dataset = opened(path, split={"by": "column", "column": "part"})
    assert sizes(dataset) == (60, 20, 20)
    assert set(values(dataset.test, "part")) == {"TEST", "test"}


def test_a_split_column_may_be_learned_from_if_it_is_named(tmp_path):
    rows = [(*fruit(index), index) for index in range(60)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "day"], rows)
    dataset = opened(path, split={"by": "time", "column": "day"}, columns={"day": {"kind": "number"}})
    assert "day" in dataset.input.names
    assert min(values(dataset.test, "day")) == 51


@pytest.mark.parametrize(
    ("by", "cells", "says"),
    [
        ("group", ["a", ""], "have no part"),
        ("time", ["monday", "tuesday"], "is neither a number nor a date"),
        ("time", ["2024-01-01", "2024-02-30"], "2024-02-30"),
        ("time", ["2024", "-inf"], "holds a time that is infinite"),
        ("column", ["train", "later"], "must be train, validation or test, found later"),
        ("column", ["test", "val"], "no row of"),
    ],
)
def test_a_column_that_cannot_split_is_refused(by, cells, says, tmp_path):
    rows = [(*fruit(index), cells[index % 2]) for index in range(20)]
    path = written(tmp_path / "a.csv", ["x", "colour", "fruit", "part"], rows)
    error = refused(path, split={"by": by, "column": "part"})
    assert (error.code, says in error.message) == ("AM274", True)


def test_the_same_seed_gives_the_same_split(tmp_path):
    path = fruits(tmp_path / "a.csv")
    first, again, other = opened(path), opened(path), opened(path, seed=1)
    assert values(first.test, "x") == values(again.test, "x")
    assert values(first.test, "x") != values(other.test, "x")


def test_a_limit_is_kept_and_counted(tmp_path):
    dataset = opened(fruits(tmp_path / "a.csv"), limit=9, test=0.0, validation=0.0)
    assert np.bincount(dataset.train.targets).tolist() == [3, 3, 3]
    assert dataset.provenance.counts == {"train examples left out by limit": 51}


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({"target": "friut"}, "AM265", "has no column friut"),
        ({"weights": "w"}, "AM265", "`data.weights`"),
        ({"split": {"by": "group", "column": "g"}}, "AM265", "`data.split.column`"),
        ({"columns": {"color": {"kind": "category"}}}, "AM265", "`data.columns.color`"),
        ({"columns": {"bill_*": {"kind": "number"}}}, "AM266", "no column of"),
        ({"columns": {"fruit": {"kind": "category"}}}, "AM267", "named by `data.target`"),
        ({"weights": "fruit"}, "AM267", "named by `data.target`"),
        ({"target": ["fruit", "fruit"]}, "AM267", "named by `data.target`"),
        ({"columns": {"*": {"kind": "ignore"}}}, "AM268", "no column is left"),
        ({"task": "binary"}, "AM272", "3 classes: lime, pear, plum"),
        ({"task": "regression"}, "AM284", 'the target fruit is no number: "lime"'),
        ({"target": ["fruit", "colour"]}, "AM270", "must be 0 or 1"),
        ({"columns": {"colour": {"kind": "number"}}}, "AM253", '"red" is no number'),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_table_is_refused(options, code, says, tmp_path):
    error = refused(fruits(tmp_path / "a.csv"), **options)
    assert (error.code, says in error.message) == (code, True)
    assert error.help


def test_where_nothing_is_left_to_learn_from_it_is_told_why(tmp_path):
    rows = [(index / 7 if index else "unknown", index / 3) for index in range(40)]
    [problem] = refused(written(tmp_path / "a.csv", ["area", "y"], rows), target="y").problems
    [note] = problem.notes
    assert note == 'area: 40 values, a name for each row; 1 of 40 values is no number: "unknown"'


def test_near_names_are_told(tmp_path):
    error = refused(fruits(tmp_path / "a.csv"), target="Fruit")
    assert isinstance(error, ConfigError)
    assert error.help == "did you mean fruit? columns found: x, colour, fruit"


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([], {}, "AM256"),
        ([(1, "red", "lime")], {}, "AM268"),
        ([(1, "red", "lime")], {"columns": {"x": {"kind": "number"}}}, "AM210"),
        ([(index, "red", "lime") for index in range(9)], {}, "AM210"),
        ([(index, "red", 7) for index in range(9)], {"task": "regression"}, "AM271"),
        ([(index % 7, "red", f"f{index}") for index in range(30)], {}, "AM269"),
        ([(index % 7, "red", "") for index in range(30)], {"clean": {"missing_target": "drop"}}, "AM209"),
    ],
)
def test_rows_that_nothing_can_be_learned_from_are_refused(rows, options, code, tmp_path):
    assert refused(written(tmp_path / "a.csv", ["x", "colour", "fruit"], rows), **options).code == code


@pytest.mark.parametrize(("weight", "found"), [("-1", "-1"), ("NA", "missing"), ("nan", "missing")])
def test_wrong_weights_are_named(weight, found, tmp_path):
    rows = [(*fruit(index), weight if index == 4 else 1) for index in range(20)]
    error = refused(written(tmp_path / "a.csv", ["x", "colour", "fruit", "w"], rows), weights="w")
    assert (error.code, error.notes) == ("AM276", (f"a.csv row 5: {found}",))


def test_weights_that_are_all_zero_are_refused(tmp_path):
    rows = [(*fruit(index), 0) for index in range(20)]
    assert refused(written(tmp_path / "a.csv", ["x", "colour", "fruit", "w"], rows), weights="w").code == "AM276"


def test_a_class_with_one_row_is_learned_from(tmp_path):
    rows = [*(fruit(index) for index in range(60)), (1, "red", "kiwi")]
    dataset, warnings = heard(written(tmp_path / "a.csv", ["x", "colour", "fruit"], rows))
    assert np.bincount(dataset.train.targets)[dataset.target.class_names.index("kiwi")] == 1
    assert "AM214" in warnings


def test_a_hundred_thousand_categories_are_told(tmp_path):
    rows = [(f"c{index}", f"c{index // 2}", "ab"[index % 2]) for index in range(200_000)]
    path = written(tmp_path / "a.csv", ["user", "shop", "y"], rows)
    dataset, warnings = heard(path, target="y", columns={"user": {"kind": "category"}})
    assert [column.kind for column in dataset.input.columns] == ["category", "category"]
    assert "100,000 values, 50,000 different" in dataset.inferred[1]
    assert "guessed from the first 100,000 rows" in dataset.inferred[0]
    assert "user" in warnings["AM279"].message


def test_a_missing_file_is_refused(tmp_path):
    assert isinstance(refused(tmp_path / "a.csv"), MissingError)


def test_rows_that_cannot_be_read_are_skipped_and_counted(tmp_path):
    path = fruits(tmp_path / "a.csv")
    path.write_text(path.read_text(encoding="utf-8") + "1,red\n", encoding="utf-8")
    assert isinstance(refused(path), DataError)
    dataset = opened(path, on_error="skip")
    assert dataset.provenance.counts == {"rows skipped": 1}


# --- what is pointed out --------------------------------------------------------------------------------------


def pointed_out(
    tmp_path: Path, names: Sequence[str], rows: Sequence[Sequence[object]], **options: object
) -> dict[str, Warned]:
    return heard(written(tmp_path / "a.csv", names, rows), test=0.0, validation=0.0, **options)[1]


def test_a_column_that_leaks_the_target_is_pointed_out(tmp_path):
    leak = {"lime": 1.0, "plum": 2.0, "pear": 3.0}
    rows = [fruit(index) for index in range(90)]
    rows = [(*row, leak[row[2]] + round(float(RANDOM.random()) / 2, 3), row[2][:2]) for row in rows]
    warnings = pointed_out(
        tmp_path, ["x", "colour", "fruit", "weight", "code"], rows, columns={"colour": {"kind": "ignore"}}
    )
    assert warnings["AM280"].message.startswith("the column code alone predicts the target nearly perfectly")
    events: list[Event] = []
    with listening(events.append):
        opened(tmp_path / "a.csv")
    named = [event.message.split()[2] for event in events if isinstance(event, Warned) and event.code == "AM280"]
    assert named == ["colour", "weight", "code"]


def test_a_number_that_leaks_a_number_is_pointed_out(tmp_path):
    prices = RANDOM.gamma(2, 1000, 300).round(2)
    rows = [(price, round(price * 1.19, 2), round(price + float(RANDOM.normal()) * 900, 2)) for price in prices]
    warnings = pointed_out(tmp_path, ["fruit", "gross", "noisy"], rows)
    assert warnings["AM280"].message.split()[2] == "gross"


def test_few_rows_and_frequent_classes_are_no_leak(tmp_path):
    rows = [(index % 2, "ab"[index % 2]) for index in range(20)]
    assert "AM280" not in pointed_out(tmp_path, ["x", "fruit"], rows)
    rows = [(index % 3, "b" if index in (5, 50) else "a") for index in range(300)]
    assert "AM280" not in pointed_out(tmp_path, ["x", "fruit"], rows)


def test_odd_columns_are_pointed_out(tmp_path):
    rows = [(*fruit(index), 1, f"n{index}", index * 0.1, index * 0.1, 1_700_000_000 + index * 7) for index in range(50)]
    names = ["x", "colour", "fruit", "same", "name", "first", "second", "stamp"]
    stated = {"same": {"kind": "number"}, "name": {"kind": "category"}}
    warnings = pointed_out(tmp_path, names, rows, columns=stated)
    assert warnings["AM277"].message == "the same in every training row: same"
    assert warnings["AM278"].message == "the columns first and second are the same"
    assert warnings["AM279"].message == "another value in every training row: name"
    assert warnings["AM281"].message.startswith(
        "the numbers in stamp are too near each other for 32 bits: 50 different"
    )


def test_more_columns_than_rows_are_pointed_out(tmp_path):
    rows = [[*RANDOM.integers(0, 3, 40), "ab"[index % 2]] for index in range(12)]
    warnings = pointed_out(tmp_path, [*(f"g{number}" for number in range(40)), "fruit"], rows)
    assert warnings["AM282"].message == "there are more columns (40) than training rows (12)"


def test_penguins_are_nothing_to_worry_about():
    assert heard("sample:penguins", target="species")[1] == {}
