"""How much columns count, of models that are known; where the errors lie; and that neither costs without a bound."""

import json

import numpy as np
import pytest
from fake_runs import TABLE, TableFunction, some_rows

from aimodels.data.dataset import Split
from aimodels.data.rows import rows_of
from aimodels.evaluation import importance as measuring
from aimodels.evaluation.by_feature import by_feature
from aimodels.evaluation.importance import Effort, effort_for, importance
from aimodels.runs.predictions import Predictions
from aimodels.runs.signature import input_of

NUM_ROWS = 400
INPUT = input_of({"input": TABLE})
COLUMNS = ("a", "b", "c")


@pytest.fixture
def numbers():
    """Three independent columns with some missing values."""
    import pyarrow as pa

    random = np.random.default_rng(1)
    columns = {name: random.normal(size=NUM_ROWS) for name in ("ignored", *COLUMNS)}
    return rows_of(pa.table(columns)), columns


def of_numbers(table):
    return 3 * table.column("a").to_numpy() + table.column("b").to_numpy()


def test_a_column_counts_as_much_as_shuffling_it_adds_to_the_error(numbers):
    rows, columns = numbers
    split = Split("test", rows, of_numbers(rows.table()))
    predictor = TableFunction(values=of_numbers)
    found = importance(predictor, split, columns=COLUMNS, task="regression", seed=0)
    assert (found.metric, found.baseline) == ("rmse", pytest.approx(0.0, abs=1e-5))
    assert [one.name for one in found.columns] == ["a", "b", "c"]
    # Two draws of one distribution are sqrt(2) deviations apart.
    wanted = [3 * 2**0.5 * columns["a"].std(), 2**0.5 * columns["b"].std(), 0.0]
    assert [one.mean for one in found.columns] == pytest.approx(wanted, rel=0.1, abs=1e-5)
    assert [one.std > 0 for one in found.columns] == [True, True, False]


def test_of_classes_the_loss_is_what_is_added(numbers):
    rows, columns = numbers
    targets = (columns["b"] > 0).astype(np.int64)
    predictor = TableFunction(probabilities=lambda table: yes_if(0.1 + 0.8 * (table.column("b").to_numpy() > 0)))
    found = importance(predictor, Split("test", rows, targets), columns=COLUMNS, task="binary", seed=0)
    assert (found.metric, found.baseline) == ("log_loss", pytest.approx(-np.log(0.9)))
    assert found.columns[0].name == "b"
    # Half of the rows get the answer of the other class.
    assert found.columns[0].mean == pytest.approx(0.5 * np.log(9), rel=0.1)
    assert [one.mean for one in found.columns[1:]] == [0.0, 0.0]
    assert found.as_text().startswith("log_loss added by shuffling a column, ")


def test_a_column_counts_though_every_answer_is_the_frequent_class(numbers):
    rows, columns = numbers
    targets = (columns["b"] > 1.6).astype(np.int64)
    predictor = TableFunction(probabilities=lambda table: yes_if(0.4 * (table.column("b").to_numpy() > 1.6)))
    found = importance(predictor, Split("test", rows, targets), columns=COLUMNS, task="binary", seed=0)
    assert found.columns[0].name == "b"
    assert found.columns[0].mean > 5 * found.columns[0].std > 0


def test_of_labels_the_loss_is_the_mean_over_them(numbers):
    rows, columns = numbers
    targets = np.stack([columns["a"] > 0, columns["b"] > 0], axis=1).astype(np.int64)

    def chances(table):
        known = 0.1 + 0.8 * (table.column("a").to_numpy() > 0)
        return np.stack([known, np.full(len(known), 0.5)], axis=1).astype(np.float32)

    predictor = TableFunction(probabilities=chances, task="multilabel")
    found = importance(predictor, Split("test", rows, targets), columns=COLUMNS, task="multilabel", seed=0)
    assert found.baseline == pytest.approx((-np.log(0.9) - np.log(0.5)) / 2)
    assert found.columns[0].name == "a"


def yes_if(answers):
    return np.stack([1.0 - answers, answers], axis=1).astype(np.float32)


def test_the_same_seed_gives_the_same_document(numbers):
    rows, _ = numbers
    split = Split("test", rows, of_numbers(rows.table()))
    predictor = TableFunction(values=of_numbers)
    documents = [
        importance(predictor, split, columns=COLUMNS, task="regression", seed=seed).as_document() for seed in (0, 0, 1)
    ]
    assert documents[0] == documents[1]
    assert documents[0] != documents[2]
    assert json.loads(json.dumps(documents[0], allow_nan=False)).keys() == {
        "metric", "baseline", "num_rows", "num_available", "repeats", "columns", "reason"
    }  # fmt: skip


def test_what_is_asked_about_has_a_bound(numbers, monkeypatch):
    monkeypatch.setattr(measuring, "MOST_ANSWERS", 2 * 3 * 200)
    monkeypatch.setattr(measuring, "MOST_ROWS", 200)
    rows, _ = numbers
    predictor = TableFunction(values=of_numbers)
    found = importance(predictor, Split("test", rows, np.zeros(NUM_ROWS)), columns=COLUMNS, task="regression", seed=0)
    assert (found.effort, found.num_available) == (Effort(num_rows=200, repeats=2), NUM_ROWS)
    assert predictor.asked == [200, 400, 400, 400]
    assert "of 2 times 200 rows" in found.as_text()


@pytest.mark.parametrize(
    ("num_rows", "num_columns", "effort"),
    [
        (50, 3, Effort(50, 5)),
        (1, 1, Effort(1, 5)),
        (10**7, 40, Effort(2000, 5)),
        (10**7, 100, Effort(2000, 2)),
        (10**7, 2000, Effort(200, 1)),
        (10**7, 10**5, None),
    ],
)
def test_the_wider_the_table_the_fewer_repeats_and_rows(num_rows, num_columns, effort):
    assert effort_for(num_rows=num_rows, num_columns=num_columns) == effort


def test_too_many_columns_are_a_reason(numbers, monkeypatch):
    monkeypatch.setattr(measuring, "MOST_ANSWERS", 10)
    rows, _ = numbers
    predictor = TableFunction(values=of_numbers)
    found = importance(predictor, Split("test", rows, np.zeros(NUM_ROWS)), columns=COLUMNS, task="regression", seed=0)
    assert (found.columns, predictor.asked) == ((), [])
    assert found.as_text() == "importance of columns: 3 columns are too many to shuffle one by one"
    assert found.as_document()["baseline"] is None


def test_only_so_many_columns_are_told(numbers):
    rows, _ = numbers
    predictor = TableFunction(values=of_numbers)
    split = Split("test", rows, of_numbers(rows.table()))
    found = importance(predictor, split, columns=COLUMNS, task="regression", seed=0)
    lines = found.as_text(limit=1).splitlines()
    assert lines[0] == "rmse added by shuffling a column, ± deviation of 5 times 400 rows"
    assert lines[1].startswith("  a  ")
    assert lines[2:] == ["  and 2 more columns"]
    assert found.as_text(limit=2).splitlines()[3:] == ["  and 1 more column"]


# --- the error by value -------------------------------------------------------------------------------------------


def answered(errors, *, task="regression"):
    size = len(errors)
    zeros = np.zeros(size, np.float64 if task == "regression" else np.int64)
    return Predictions(
        examples=tuple(map(str, range(size))),
        targets=zeros,
        predictions=zeros + errors,
        losses=np.zeros(size),
        probabilities=np.zeros((size, 0), np.float32),
        task=task,
    )


def test_numbers_are_cut_into_bins_of_equal_counts_and_the_mean_error_is_theirs():
    rows = some_rows(NUM_ROWS)
    values = rows.table().column("bill length (mm)").to_numpy()
    found = by_feature(answered(np.nan_to_num(values)), Split("test", rows, np.zeros(NUM_ROWS)), input=INPUT, seed=0)
    assert found["error"] == "absolute error"
    column = found["columns"][0]
    assert (column["name"], column["kind"]) == ("bill length (mm)", "number")
    assert len(column["labels"]) == 11
    assert column["labels"][-1] == "missing"
    assert column["counts"][-1] == np.isnan(values).sum()
    assert max(column["counts"][:-1]) - min(column["counts"][:-1]) <= 10
    assert column["errors"][:-1] == sorted(column["errors"][:-1])
    mean = np.average(column["errors"][:-1], weights=column["counts"][:-1])
    assert mean == pytest.approx(np.nanmean(values))


def test_categories_are_their_most_frequent_values_and_the_share_of_wrong_answers():
    rows = some_rows(NUM_ROWS)
    islands = np.array(rows.table().column("island").to_pylist(), object)
    wrong = (islands == "Dream").astype(np.int64)
    split = Split("test", rows, np.zeros(NUM_ROWS, np.int64))
    found = by_feature(answered(wrong, task="multiclass"), split, input=INPUT, seed=0)
    assert found["error"] == "share wrong"
    [column] = [column for column in found["columns"] if column["name"] == "island"]
    assert dict(zip(column["labels"], column["errors"], strict=True)) == {
        "Biscoe": 0.0, "Dream": 1.0, "Torgersen": 0.0, "missing": 0.0
    }  # fmt: skip
    assert sum(column["counts"]) == NUM_ROWS


def column_of(values, *, kind):
    import pyarrow as pa

    table = {"kind": "table", "missing": ["NA"], "columns": [{"name": "x", "options": {"kind": kind}}]}
    rows = rows_of(pa.table({"x": pa.array(values)}))
    split = Split("test", rows, np.zeros(len(values)))
    [column] = by_feature(answered(np.ones(len(values))), split, input=input_of({"input": table}), seed=0)["columns"]
    return dict(zip(column["labels"], column["counts"], strict=True))


def test_rare_values_are_others_and_white_space_does_not_count():
    values = [" often ", "often"] * 20 + [f"v{number}" for number in range(10)] + ["NA", "", None]
    counts = column_of(values, kind="category")
    assert counts["often"] == 40
    assert (counts["others"], counts["missing"], len(counts)) == (1, 3, 12)


def test_a_number_of_few_values_has_few_bins():
    assert column_of([2007.0] * 5, kind="number") == {"2007": 5}
    assert column_of([1.0] * 50 + [2.0] * 50, kind="number") == {"1": 50, "2": 50}
    assert column_of([None, None, 4.0], kind="number") == {"4": 1, "missing": 2}
    assert column_of([None, float("inf")], kind="number") == {"missing": 2}


def test_of_very_many_rows_some_are_drawn(monkeypatch):
    monkeypatch.setattr("aimodels.evaluation.by_feature.MOST_ROWS", 50)
    split = Split("test", some_rows(NUM_ROWS), np.zeros(NUM_ROWS))
    found = by_feature(answered(np.ones(NUM_ROWS)), split, input=INPUT, seed=0)
    assert (found["num_rows"], found["num_available"]) == (50, NUM_ROWS)
    assert sum(found["columns"][0]["counts"]) == 50
