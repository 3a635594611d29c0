"""Rows of a table, asked of real networks: every task is measured and compared, and thresholds are followed."""

import json

import numpy as np
import pytest

from aimodels.config.schema import BestThreshold, Evaluate
from aimodels.data.dataset import Provenance, Split
from aimodels.data.rows import rows_of
from aimodels.evaluation import threshold_choice
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.evaluate import EvaluationRequest, measure
from aimodels.evaluation.threshold_choice import choose_threshold
from aimodels.runs.atomic import write_json

pytestmark = pytest.mark.tensorflow

NUM_ROWS = 80
SIZES = {"binary": 2, "multiclass": 3, "multilabel": 3}


@pytest.fixture(autouse=True)
def started():
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()


def table_run(runs_dir, task):
    import table_runs

    run = table_runs.untrained_table_run(runs_dir, getattr(table_runs, task.upper()))
    write_json(run.metrics_file, {"best": None, "last": None})
    return run


def split_of(task, *, name):
    """Rows of which the last has a class that the network has not seen, with targets that follow from a column."""
    import pyarrow as pa
    import table_runs

    table = table_runs.some_rows(NUM_ROWS).table()
    values = np.nan_to_num(table.column("a/b").to_numpy())
    unseen = pa.array([*table.column("class").to_pylist()[:-1], "a quagga"], pa.string())
    rows = rows_of(table.set_column(table.schema.get_field_index("class"), "class", unseen))
    if task == "regression":
        return Split(name, rows, 100.0 + values)
    if task == "multilabel":
        return Split(name, rows, np.stack([values > 0, values > 1, values < 0], axis=1).astype(np.int64))
    return Split(name, rows, np.digitize(values, [0.0, 1.0]).clip(max=SIZES[task] - 1).astype(np.int64))


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_every_task_is_measured_compared_and_explained(runs_dir, task):
    from aimodels.prediction.predict import Predictor

    run = table_run(runs_dir, task)
    split = split_of(task, name="test")
    chosen = Chosen("test", split, Provenance("made up", "0"), train=split_of(task, name="train"))
    evaluation = measure(run, chosen, predictor=Predictor(run), request=EvaluationRequest())
    report = json.loads(evaluation.folder.report_file.read_text())
    assert report["baselines"]["linear"]["reason"] == ""
    # The column is one of the features, so a linear model finds what an untrained network does not.
    main = evaluation.scores.main
    assert report["baselines"]["linear"]["scores"][main] > max(0.6, report["metrics"][main])
    assert report["unseen_values"] == {"class": 1}
    assert {one["name"] for one in evaluation.folder.importance["columns"]} == set(run.input.names)
    assert any(one["mean"] != 0 for one in evaluation.folder.importance["columns"])
    assert [one["name"] for one in evaluation.folder.by_feature["columns"]] == ["bill length (mm)", "class", "a/b"]
    again = Predictor(run).answer(split.examples)
    back = evaluation.folder.predictions
    np.testing.assert_array_equal(back.probabilities, again.probabilities)
    answers = again.predictions if task != "regression" else again.values
    np.testing.assert_array_equal(back.predictions.astype(answers.dtype), answers)


def test_the_chosen_threshold_is_that_of_every_answer(runs_dir, monkeypatch):
    from aimodels.prediction.predict import Predictor

    run = table_run(runs_dir, "binary")
    run.__dict__["config"] = run.config.model_copy(update={"evaluate": Evaluate(threshold=BestThreshold())})
    split = split_of("binary", name="validation")
    chosen = Chosen("validation", split, Provenance("made up", "0"))
    monkeypatch.setattr(threshold_choice, "own_split", lambda run, *, name: chosen)
    before = Predictor(run).answer(split.examples)
    threshold = choose_threshold(run)
    assert threshold.value != 0.5
    after = Predictor(run).answer(split.examples)
    np.testing.assert_array_equal(after.probabilities, before.probabilities)
    assert f1(split.targets, after.predictions) == pytest.approx(threshold.score)
    assert threshold.score > f1(split.targets, before.predictions)
    evaluation = measure(run, chosen, predictor=Predictor(run), request=EvaluationRequest())
    assert evaluation.folder.report["threshold"] == threshold.value
    assert evaluation.scores.per_class[1].f1 == pytest.approx(threshold.score)


def f1(targets, predictions):
    return 2 * (targets * predictions).sum() / (targets.sum() + predictions.sum())
