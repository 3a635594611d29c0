"""Runs side by side, and filters over them."""

import pytest
from written_runs import written_run

from aimodels.errors import UsageError
from aimodels.runs.comparing import compare, worsening
from aimodels.runs.filtering import conditions, lookup
from aimodels.runs.listing import record


@pytest.fixture
def pair(runs_dir):
    """Two runs that differ in one key; the second is better."""
    first = written_run(runs_dir)
    second = written_run(runs_dir, overrides=["train.batch_size=64"], accuracies=(0.9,), tags=["final"], minute=1)
    return [record(first), record(second)]


def test_only_what_differs(pair):
    comparison = compare(pair)
    assert comparison.differing == ("train.batch_size",)
    assert comparison.keys["train.batch_size"] == (32, 64)
    assert comparison.keys["seed"] == (7, 7)


def test_the_best_is_the_highest_accuracy_and_the_lowest_loss(pair):
    by_name = {metric.name: metric for metric in compare(pair).metrics}
    assert by_name["val_accuracy"].best == 1
    assert by_name["val_accuracy"].differences == (0.0, pytest.approx(0.15))
    assert by_name["val_loss"].best == 1
    assert by_name["loss"].best == 0
    assert "learning_rate" not in by_name


def test_worse_is_measured_in_the_direction_of_the_metric(pair):
    accuracy, loss = compare(pair, metrics=["val_accuracy", "loss"]).metrics
    assert worsening(accuracy) == pytest.approx(-0.15)
    assert worsening(loss) == pytest.approx(0.5)


def test_a_run_without_the_metric_is_not_compared(pair, runs_dir):
    empty = record(written_run(runs_dir, accuracies=(), status="failed", minute=2))
    [metric] = compare([pair[0], empty], metrics=["val_accuracy"]).metrics
    assert metric.values == (0.75, None)
    assert metric.best is None
    assert worsening(metric) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", 2),
        ("status=finished", 2),
        ("status=FINISHED val_accuracy>0.8", 1),
        ("val_accuracy>=0.75", 2),
        ("val_accuracy<=0.75", 1),
        ("val_accuracy!=0.75", 1),
        ("tag=final", 1),
        ("tag!=final", 1),
        ("train.batch_size=64", 1),
        ("train.batch_size=64.0", 1),
        ("model.name=cnn", 0),
        ("name=mnist-001", 1),
        ("f1>0", 0),
        ("f1=0", 0),
        ("f1!=0", 2),
    ],
)
def test_a_filter_keeps_what_meets_every_condition(pair, text, kept):
    wanted = conditions(text)
    assert len([found for found in pair if all(condition.holds(found) for condition in wanted)]) == kept


@pytest.mark.parametrize("text", ["size", "=3", "loss>", "loss>low", "status=finished oops"])
def test_a_condition_that_cannot_be_read_is_refused(text):
    with pytest.raises(UsageError) as caught:
        conditions(text)
    assert caught.value.code == "AM527"


def test_a_key_is_a_field_a_metric_or_of_the_config(pair):
    assert [lookup(pair[1], key) for key in ("status", "val_accuracy", "seed", "tags")] == ["finished", 0.9, 7, "final"]
    assert lookup(pair[0], "no.such.key") is None
