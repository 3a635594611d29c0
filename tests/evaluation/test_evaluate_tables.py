"""What an evaluation of rows of a table leaves behind: scores by task, baselines, importance, errors by value."""

import csv
import json

import numpy as np
import pytest
from fake_runs import TABLE, TableFunction, run_folder, some_labels, some_numbers, some_rows

from aimodels.config.schema import Evaluate
from aimodels.config.tables import Clean, InterquartileRange, SplitRule, TableDatasetOptions
from aimodels.data.dataset import Dataset, Provenance, Split, Target
from aimodels.data.rows import rows_of
from aimodels.errors import FailedError, MissingError
from aimodels.evaluation import chosen as choosing
from aimodels.evaluation import table_findings
from aimodels.evaluation.chosen import Chosen, other_data, own_split
from aimodels.evaluation.evaluate import EvaluationRequest, measure
from aimodels.evaluation.shown import shown_rows
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.folder import RunFolder
from aimodels.runs.signature import input_of

NUM_ROWS, NUM_TRAIN = 60, 200
LABELS = ("heavy", "long|billed")
FILES = {"report", "text", "predictions", "examples", "importance", "by_feature"}


@pytest.fixture(autouse=True)
def encoding(monkeypatch):
    """In place of a network's encoding: the bill's length, 43 where it is missing, and the island; Dream is unseen."""

    def encode(rows):
        for table in rows.tables():
            bills = np.nan_to_num(table.column("bill length (mm)").to_numpy(), nan=43.0)
            islands = [{"Dream": 1, None: 0}.get(value, 2) for value in table.column("island").to_pylist()]
            yield {"numbers": bills[:, None], "categories": np.array(islands, np.int32)[:, None]}

    monkeypatch.setattr(RunFolder, "model", lambda run: None)
    monkeypatch.setattr(table_findings, "encoder", lambda network: encode)
    monkeypatch.setattr(table_findings, "category_names", lambda network: ("island",))


def evaluated(run, *, predictor, targets, train_targets=None, **request):
    split = Split("test", some_rows(NUM_ROWS), targets)
    train = None
    if train_targets is not None:
        train = Split("train", some_rows(NUM_TRAIN, seed=1), train_targets)
    provenance = Provenance(f"{NUM_ROWS} fake rows", fingerprint="abc123")
    chosen = Chosen(name="test", split=split, provenance=provenance, train=train)
    return measure(run, chosen, predictor=predictor, request=EvaluationRequest(**request))


def in_order(answers):
    """The answers in the order of the rows, over and over for the repeats of shuffling."""
    return lambda table: np.resize(answers, (table.num_rows, *answers.shape[1:]))


@pytest.fixture
def numbers(runs_dir):
    run = run_folder(runs_dir, class_names=(), input=TABLE, task="regression")
    targets, answers = some_numbers(NUM_ROWS)
    train_targets, _ = some_numbers(NUM_TRAIN, seed=1)
    facts = {"targets": targets, "train_targets": train_targets}
    return run, facts | {"predictor": TableFunction(values=in_order(answers))}


def test_numbers_are_scored_in_their_unit(numbers):
    run, case = numbers
    evaluation = evaluated(run, **case)
    report = json.loads(evaluation.folder.report_file.read_text())
    assert (report["task"], report["unit"], report["class_names"]) == ("regression", "g", [])
    assert report["metrics"]["rmse"] == pytest.approx(300, rel=0.3)
    assert "threshold" not in report
    assert evaluation.files.keys() == FILES
    text = evaluation.folder.text_file.read_text()
    assert " g  95 % interval: " in text
    assert f"\nmape {' ' * 17} {100 * report['metrics']['mape']:.2f} %\n" in text
    assert "\nlargest errors\n" in text
    assert "ridge regression" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_predicted_numbers_come_back_as_they_were(numbers):
    run, case = numbers
    evaluation = evaluated(run, **case)
    with evaluation.folder.predictions_file.open(newline="") as file:
        header, first, *_ = csv.reader(file)
    assert header == ["example", "target", "prediction", "error", "loss"]
    assert first[0] == "penguins.csv row 1"
    assert float(first[3]) == pytest.approx(float(first[2]) - float(first[1]))
    assert float(first[4]) == pytest.approx(float(first[3]) ** 2)
    assert len(first[2]) <= 9  # 4012.3457 and not 4012.345703125
    back = EvaluationFolder(run.evaluation("test")).predictions
    assert back.task == "regression"
    np.testing.assert_array_equal(back.targets, case["targets"])
    answers = case["predictor"].values(some_rows(NUM_ROWS).table())
    np.testing.assert_array_equal(back.predictions.astype(np.float32), answers)
    assert back.probabilities.shape == (NUM_ROWS, 0)


def test_the_largest_errors_are_kept_with_their_rows(numbers):
    run, case = numbers
    evaluation = evaluated(run, **case, top_losses=5)
    kept = EvaluationFolder(run.evaluation("test")).examples["top_losses"]
    assert len(kept["rows"]) == len(kept["errors"]) == 5
    assert np.abs(kept["errors"]).tolist() == sorted(np.abs(kept["errors"]).tolist(), reverse=True)
    assert "probabilities" not in kept
    assert list(kept["rows"][0]) == ["bill length (mm)", "island", "seen", "note"]
    rows = evaluation.folder.predictions
    first = int(np.argmax(np.abs(rows.errors)))
    assert kept["examples"][0] == f"penguins.csv row {first + 1}"
    value = some_rows(NUM_ROWS).table().column("bill length (mm)").to_pylist()[first]
    assert kept["rows"][0]["bill length (mm)"] == ("" if value is None else f"{value:g}")


def test_values_are_kept_as_people_write_them():
    import pyarrow as pa

    columns = {"bill length (mm)": [39.0, 39.1, None], "island": ["Dream", None, ""], "seen": ["", "", ""]}
    rows = rows_of(pa.table({**columns, "note": ["w" * 500, "", ""]}))
    kept = shown_rows(rows, {}, input=input_of({"input": TABLE}))["rows"]
    assert [row["bill length (mm)"] for row in kept] == ["39", "39.1", ""]
    assert [row["island"] for row in kept] == ["Dream", "", ""]
    assert len(kept[0]["note"]) == 400


def test_the_metrics_of_a_run_have_its_scores(numbers):
    run, case = numbers
    evaluated(run, **case)
    assert run.metrics()["evaluations"]["test"]["all"].keys() >= {"r2", "mae", "rmse"}


def test_numbers_that_are_not_finite_are_refused(numbers):
    run, case = numbers
    case["predictor"] = TableFunction(values=lambda table: np.where(np.arange(table.num_rows) < 2, np.nan, 1.0))
    with pytest.raises(FailedError, match="answers 2 of 60 examples with numbers that are not finite") as caught:
        evaluated(run, **case)
    assert caught.value.code == "AM516"


def test_baselines_and_unseen_values_stand_in_the_report(numbers):
    run, case = numbers
    evaluation = evaluated(run, **case)
    report = evaluation.folder.report
    assert report["baselines"]["trivial"]["name"] == "training mean"
    assert report["baselines"]["num_train"] == NUM_TRAIN
    assert report["baselines"]["line"] == str(evaluation.table.comparison)
    num_dream = some_rows(NUM_ROWS).table().column("island").to_pylist().count("Dream")
    assert report["unseen_values"] == {"island": num_dream}
    told = evaluation.folder.text_file.read_text()
    assert f"values that the training rows did not show: island in {num_dream} rows" in told


def test_importance_is_left_out_where_it_is_not_wanted(numbers):
    run, case = numbers
    evaluated(run, **case)
    assert EvaluationFolder(run.evaluation("test")).importance["num_rows"] == NUM_ROWS
    evaluation = evaluated(run, **case, importance=False)
    assert evaluation.table.importance is None
    # An earlier one would be of other answers.
    assert EvaluationFolder(run.evaluation("test")).importance is None
    assert evaluation.files.keys() == FILES - {"importance"}
    run.__dict__["config"] = run.config.model_copy(update={"evaluate": Evaluate(importance=False)})
    assert evaluated(run, **case).table.importance is None


def test_several_labels_are_scored_as_sets(runs_dir):
    run = run_folder(runs_dir, class_names=LABELS, input=TABLE, task="multilabel")
    targets, answers = some_labels(NUM_ROWS, num_classes=2)
    predictor = TableFunction(probabilities=in_order(answers), class_names=LABELS, task="multilabel")
    evaluation = evaluated(run, predictor=predictor, targets=targets, train_targets=targets[[0, 1, 2, 3] * 50])
    report = json.loads(evaluation.folder.report_file.read_text())
    assert report["task"] == "multilabel"
    assert report["metrics"]["accuracy"] == pytest.approx(((answers >= 0.5) == targets).all(axis=1).mean())
    assert report["baselines"]["trivial"]["name"] == "most frequent labels"
    back = evaluation.folder.predictions
    np.testing.assert_array_equal(back.targets, targets)
    np.testing.assert_array_equal(back.predictions, answers >= 0.5)
    text = evaluation.folder.text_file.read_text()
    assert "\nmicro average " in text
    assert "\nhardest rows\n" in text
    kept = evaluation.folder.examples["top_losses"]
    assert set(kept["predictions"]) <= {"", "heavy", "long\\|billed", "heavy|long\\|billed"}
    assert 0 <= min(kept["probabilities"]) <= max(kept["probabilities"]) <= 1


def test_two_classes_follow_the_threshold_of_the_answers(runs_dir):
    run = run_folder(runs_dir, class_names=("no", "yes"), input=TABLE)
    positive = np.linspace(0.01, 0.99, NUM_ROWS).astype(np.float32)
    targets = (positive >= 0.2).astype(np.int64)
    probabilities = in_order(np.stack([1 - positive, positive], axis=1))
    predictor = TableFunction(probabilities=probabilities, task="binary", threshold=0.2)
    evaluation = evaluated(run, predictor=predictor, targets=targets, train_targets=targets[[0, 59] * 100])
    assert evaluation.scores.accuracy == 1.0
    assert evaluation.folder.report["threshold"] == 0.2
    assert "the answer is yes from a probability of 0.2 on" in evaluation.folder.text_file.read_text()


# --- other data ---------------------------------------------------------------------------------------------------


OPTIONS = TableDatasetOptions(
    name="csv",
    path="old.csv",
    validation_path="validation.csv",
    test_path="test.csv",
    target="mass",
    columns={"island": {"kind": "category"}},
    weights="w",
    split=SplitRule(by="column", column="part"),
    clean=Clean(duplicates="drop", missing_target="drop", outliers=InterquartileRange()),
    limit=10,
)


@pytest.fixture
def table_data(runs_dir, monkeypatch):
    """A run on a table, and what was asked of its dataset."""
    run = run_folder(runs_dir, class_names=(), input=TABLE, task="regression")
    run.__dict__["config"] = run.config.model_copy(update={"data": OPTIONS})
    asked = []

    def load(options, *, seed):
        asked.append(options)
        if options.path == "gone.csv":
            raise MissingError("no such file: gone.csv", code="AM201")
        train = Split("train", some_rows(NUM_ROWS), np.ones(NUM_ROWS))
        provenance = Provenance(f"from {options.path}", fingerprint="abc123")
        return Dataset(input_of(run.signature), Target("regression"), train, None, None, provenance)

    monkeypatch.setattr(choosing, "load_dataset", load)
    return run, asked


def test_another_table_is_measured_whole_and_read_as_the_run_says(table_data, tmp_path):
    run, asked = table_data
    chosen = other_data(run, path=tmp_path / "new.csv", name="test")
    assert (chosen.name, len(chosen.split)) == ("data-new", NUM_ROWS)
    options = asked[0]
    assert (options.path, options.validation_path, options.test_path) == (str(tmp_path / "new.csv"), None, None)
    assert (options.validation, options.test, options.limit, options.fold) == (0.0, 0.0, None, None)
    assert (options.split, options.weights) == (SplitRule(), None)
    assert options.clean == Clean(missing_target="drop")
    assert (options.target, options.columns) == ("mass", OPTIONS.columns)


def test_baselines_of_another_table_are_fitted_on_the_runs_own_rows(table_data, tmp_path):
    run, asked = table_data
    chosen = other_data(run, path=tmp_path / "new.csv", name="test")
    assert asked[1] == OPTIONS
    assert len(chosen.train) == NUM_ROWS


def test_without_the_runs_own_rows_another_table_is_measured_all_the_same(table_data, tmp_path):
    run, _ = table_data
    run.__dict__["config"] = run.config.model_copy(update={"data": OPTIONS.model_copy(update={"path": "gone.csv"})})
    chosen = other_data(run, path=tmp_path / "new.csv", name="test")
    assert chosen.train is None
    assert chosen.without_train == "the data of fake-001 is not there any more: no such file: gone.csv"


def test_a_split_of_the_own_table_comes_with_the_training_rows(table_data):
    run, _ = table_data
    assert len(own_split(run, name="train").train) == NUM_ROWS
