"""What was answered comes back from `predictions.csv` as it was, for every task."""

import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimodels.runs.predictions import Predictions, joined, parted, read_predictions, write_predictions

NAMES = ("cat", "dog|wolf", "eel, \\")


@pytest.fixture(autouse=True, params=[1, 10_000])
def lines_at_once(request, monkeypatch):
    """Files are read in parts, whose size changes nothing."""
    monkeypatch.setattr("aimodels.runs.predictions.LINES_AT_ONCE", request.param)


def back_from_file(rows, path, *, class_names):
    write_predictions(rows, path, class_names=class_names)
    with path.open(encoding="utf-8", newline="") as file:
        header, first, *_ = csv.reader(file)
    back = read_predictions(path, task=rows.task, class_names=class_names)
    for name in ("targets", "predictions", "losses", "probabilities"):
        before, after = getattr(rows, name), getattr(back, name)
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        np.testing.assert_array_equal(after, before)
    assert (back.examples, back.task, back.num_tokens) == (rows.examples, rows.task, None)
    return header, first


def test_numbers(tmp_path):
    rows = Predictions(
        examples=("a", "b"),
        targets=np.array([0.1, 3750.0]),
        predictions=np.array([0.3, 3700.5]),
        losses=np.array([0.04, 2450.25]),
        probabilities=np.zeros((2, 0), np.float32),
        task="regression",
    )
    header, first = back_from_file(rows, tmp_path / "p.csv", class_names=())
    assert header == ["example", "target", "prediction", "error", "loss"]
    assert first == ["a", "0.1", "0.3", "0.19999999999999998", "0.04"]
    assert rows.errors.tolist() == [0.3 - 0.1, -49.5]


def test_labels(tmp_path):
    rows = Predictions(
        examples=("a", "b", "c"),
        targets=np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]]),
        predictions=np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]]),
        losses=np.array([0.5, 0.25, 0.1]),
        probabilities=np.array([[0.9, 0.8, 0.1], [0.1, 0.7, 0.6], [0.1, 0.2, 0.3]], np.float32),
        task="multilabel",
    )
    header, first = back_from_file(rows, tmp_path / "p.csv", class_names=NAMES)
    assert header == ["example", "target", "prediction", "correct", "loss", "p_cat", "p_dog|wolf", "p_eel, \\"]
    assert first == ["a", "cat|dog\\|wolf", "cat|dog\\|wolf", "true", "0.5", "0.9", "0.8", "0.1"]
    assert rows.correct.tolist() == [True, False, False]


def test_classes_by_a_threshold_of_their_own(tmp_path):
    rows = Predictions(
        examples=("a", "b"),
        targets=np.array([0, 1]),
        predictions=np.array([1, 1]),
        losses=np.array([0.5, 1.0]),
        probabilities=np.array([[0.7, 0.3], [0.6, 0.4]], np.float32),
        task="binary",
    )
    _, first = back_from_file(rows, tmp_path / "p.csv", class_names=("no", "yes"))
    assert first == ["a", "no", "yes", "false", "0.5", "0.7", "0.3"]


def test_texts_with_their_numbers_of_words(tmp_path):
    answers = np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], np.float32)
    targets, losses = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3])
    rows = Predictions(("a", "b", "c"), targets, targets, losses, answers, num_tokens=np.array([3, 0, 7]))
    write_predictions(rows, tmp_path / "p.csv", class_names=("no", "yes"))
    back = read_predictions(tmp_path / "p.csv", task="multiclass", class_names=("no", "yes"))
    assert back.num_tokens.tolist() == [3, 0, 7]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1)))
def test_any_names_can_be_joined_and_parted(names):
    assert parted(joined(names)) == names


def test_a_file_of_something_else_is_not_read(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("example,target\n")
    with pytest.raises(ValueError, match="no answer is in it"):
        read_predictions(path, task="multiclass", class_names=("cat",))
    path.write_text("example,target\na,cat\n")
    with pytest.raises(KeyError):
        read_predictions(path, task="multiclass", class_names=("cat",))
