"""The threshold of two classes: chosen on the validation split, kept in `run.json`, followed by every answer."""

import numpy as np
import pytest
from fake_runs import TABLE, TableFunction, run_folder, some_rows
from hypothesis import given
from hypothesis import strategies as st

from aimodels.config.schema import BestThreshold, Evaluate
from aimodels.data.dataset import Provenance, Split
from aimodels.errors import MissingError
from aimodels.evaluation import threshold_choice
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.threshold_choice import best_threshold, choose_threshold
from aimodels.events import listening

PROBABILITY = np.array([0.1, 0.2, 0.3, 0.4, 0.6], np.float32)
TARGETS = np.array([0, 0, 1, 0, 1], np.int64)


@pytest.fixture
def run(runs_dir, monkeypatch):
    """A run for two classes that asks for the best F1, with five validation rows."""
    run = run_folder(runs_dir, class_names=("no", "yes"), input=TABLE)
    wants(run, BestThreshold())
    validate_on(monkeypatch, TARGETS)
    answers = TableFunction(probabilities=lambda _: np.stack([1 - PROBABILITY, PROBABILITY], axis=1), task="binary")
    monkeypatch.setattr("aimodels.prediction.predict.Predictor", lambda run: answers)
    return run


def wants(run, threshold):
    run.__dict__["config"] = run.config.model_copy(update={"evaluate": Evaluate(threshold=threshold)})


def validate_on(monkeypatch, targets):
    split = Split("validation", some_rows(len(targets)), targets)
    chosen = Chosen("validation", split, Provenance("five rows", "abc123"))
    monkeypatch.setattr(threshold_choice, "own_split", lambda run, *, name: chosen)


def test_the_best_threshold_is_written_and_followed(run):
    chosen = choose_threshold(run)
    assert chosen.value == pytest.approx(0.25)
    assert run.facts()["threshold"] == {"value": chosen.value, "metric": "f1", "on": "validation", "score": 0.8}
    assert run.threshold == chosen.value


@pytest.mark.parametrize(("metric", "value", "score"), [("accuracy", 0.5, 0.8), ("youden", 0.25, 1 + 2 / 3 - 1)])
def test_the_metric_is_that_of_the_config(run, metric, value, score):
    wants(run, BestThreshold(maximise=metric))
    chosen = choose_threshold(run)
    assert (chosen.value, chosen.metric) == (pytest.approx(value), metric)
    assert chosen.score == pytest.approx(score)


def test_a_number_in_the_config_is_left_alone(run):
    wants(run, 0.3)
    assert choose_threshold(run) is None
    assert "threshold" not in run.facts()
    assert run.threshold == 0.3


def test_one_class_in_validation_is_warned_of(run, monkeypatch):
    validate_on(monkeypatch, np.ones(5, np.int64))
    events = []
    with listening(events.append):
        assert choose_threshold(run) is None
    [warning] = [event for event in events if getattr(event, "code", "") == "AM541"]
    assert "all examples of the validation split are of one class" in warning.message
    assert run.threshold == 0.5


def test_a_missing_validation_split_is_an_error(run, monkeypatch):
    def missing(run, *, name):
        raise MissingError("there is none", code="AM511")

    monkeypatch.setattr(threshold_choice, "own_split", missing)
    with pytest.raises(MissingError, match="there is none"):
        choose_threshold(run)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=2, max_size=20))
def test_answers_in_float32_are_those_that_were_chosen(cases):
    truth, probability = np.array([case[0] for case in cases]), np.array([case[1] for case in cases], np.float32)
    if truth.all() or not truth.any():
        return
    chosen = best_threshold(truth, probability.astype(np.float64), metric="accuracy")
    answered = probability >= np.float32(chosen.value)
    assert (answered == truth).mean() == pytest.approx(chosen.score)


def test_two_neighbours_among_the_float32_are_parted():
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    for lower, higher in ((low, high), (high, np.nextafter(high, np.float32(1)))):
        chosen = best_threshold(np.array([False, True]), np.array([lower, higher], np.float64), metric="f1")
        assert (lower >= np.float32(chosen.value), higher >= np.float32(chosen.value)) == (False, True)
