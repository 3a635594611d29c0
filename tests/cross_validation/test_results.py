"""What folds came to: means, deviations, and one answer per example in the order of the data."""

import json

import pytest
from fold_runs import written_cross_validation

from aimodels.cross_validation.results import deciding_metric, spreads, write_folds


def test_means_and_sample_deviations():
    found = spreads([{"accuracy": 0.5, "auc": 1.0}, {"accuracy": 0.75}, {"accuracy": 1.0, "auc": 0.5}])
    assert list(found) == ["accuracy"]
    assert found["accuracy"].mean == 0.75
    assert found["accuracy"].std == pytest.approx(0.25)


def test_one_fold_has_no_deviation_and_none_no_mean():
    assert spreads([{"accuracy": 0.5}])["accuracy"].std is None
    assert spreads([]) == {}


@pytest.mark.parametrize(
    ("metrics", "metric"),
    [(["log_loss", "accuracy"], "accuracy"), (["mae", "r2", "rmse"], "r2"), (["own"], "own"), ([], "")],
)
def test_the_metric_that_stands_for_the_others(metrics, metric):
    assert deciding_metric(metrics) == metric


def test_folds_json(runs_dir):
    run = written_cross_validation(runs_dir)
    told = json.loads(run.folds_file.read_text())
    assert [told["metric"], told["mode"], told["mean"]["accuracy"], told["std"]["accuracy"]] == [
        "accuracy",
        "max",
        0.75,
        0.25,
    ]
    assert [fold["run"] for fold in told["folds"]] == ["folds/1", "folds/2", "folds/3"]
    assert told["folds"][0]["num_examples"] == 2
    # A baseline that was not fitted in a fold has no mean.
    assert list(told["baselines"]) == ["most frequent class"]
    assert told["baselines"]["most frequent class"]["mean"]["accuracy"] == 0.375


def test_nothing_scored_is_said_too(runs_dir):
    run = written_cross_validation(runs_dir, accuracies=())
    assert write_folds(run, []) == {
        "metric": "",
        "mode": "max",
        "folds": [],
        "mean": {},
        "std": {},
        "baselines": {},
    }


def test_out_of_fold_answers_come_in_the_order_of_the_data(runs_dir):
    lines = written_cross_validation(runs_dir).out_of_fold_file.read_text().splitlines()
    assert lines == [
        "example,prediction,fold",
        "train[0],first of 1,1",
        "train[1],first of 2,2",
        "train[2],first of 3,3",
        "named,second of 1,1",
        "named,second of 2,2",
        "named,second of 3,3",
    ]
