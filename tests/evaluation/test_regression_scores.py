"""Scores of numbers against cases counted by hand and against scikit-learn; intervals against a bootstrap."""

import json
import math

import numpy as np
import pytest
import sklearn.metrics as sklearn_metrics  # noqa: TID253 - the measure of these tests
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.evaluation.regression_scores import METRICS, score_numbers
from aimodels.evaluation.text_report import single_numbers

QUICK = settings(deadline=None, max_examples=60)
NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=30)


def scored(targets, predictions, unit=None):
    return score_numbers(np.array(targets, np.float64), np.array(predictions, np.float64), unit=unit)


def test_three_numbers_counted_by_hand():
    scores = scored([1.0, 2.0, 4.0], [2.0, 2.0, 2.0], unit="g")
    assert scores.metrics == {
        "r2": pytest.approx(1 - (5 / 3) / (14 / 9)),
        "mae": 1.0,
        "rmse": pytest.approx(math.sqrt(5 / 3)),
        "mape": pytest.approx((1 + 0 + 0.5) / 3),
        "median_absolute_error": 1.0,
        "max_error": 2.0,
        "mean_error": pytest.approx(-1 / 3),
    }
    assert tuple(scores.metrics) == METRICS
    assert scores.as_document()["unit"] == "g"


def test_a_quantile_has_its_own_loss_and_the_share_below():
    scores = score_numbers(np.array([1.0, 2.0, 3.0, 10.0]), np.full(4, 3.0), unit="g", quantile=0.9)
    wanted = sklearn_metrics.mean_pinball_loss([1, 2, 3, 10], [3] * 4, alpha=0.9)
    assert (scores.main, scores.metrics["pinball_loss"]) == ("pinball_loss", pytest.approx(wanted))
    assert scores.metrics["share_below"] == 0.75
    assert scores.intervals["share_below"][0] < 0.75 < scores.intervals["share_below"][1]
    assert scores.as_document()["quantile"] == 0.9
    told = single_numbers(scores)
    assert f"pinball_loss {wanted:.3f} g 95 % interval: " in " ".join(told.split())
    assert told.endswith("; asked for: 0.9")


@QUICK
@given(PAIRS)
def test_scores_are_those_of_scikit_learn(pairs):
    targets, predictions = map(list, zip(*pairs, strict=True))
    metrics = scored(targets, predictions).metrics
    wanted = {
        "mae": sklearn_metrics.mean_absolute_error(targets, predictions),
        "rmse": sklearn_metrics.root_mean_squared_error(targets, predictions),
        "median_absolute_error": sklearn_metrics.median_absolute_error(targets, predictions),
        "max_error": sklearn_metrics.max_error(targets, predictions),
    }
    if len(set(targets)) > 1:
        wanted["r2"] = sklearn_metrics.r2_score(targets, predictions)
    if all(targets):
        wanted["mape"] = sklearn_metrics.mean_absolute_percentage_error(targets, predictions)
    for name, value in wanted.items():
        assert metrics[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name


@QUICK
@given(PAIRS)
def test_every_document_is_strict_json_and_says_why_a_score_is_missing(pairs):
    targets, predictions = map(list, zip(*pairs, strict=True))
    document = scored(targets, predictions).as_document()
    json.dumps(document, allow_nan=False)
    for name, value in document["metrics"].items():
        assert (value is None) == (name in document["reasons"])


def test_what_equal_targets_and_zeros_cannot_give_is_said():
    scores = scored([0.0, 0.0], [1.0, 2.0])
    assert math.isnan(scores.metrics["r2"])
    assert scores.reasons == {
        "r2": "all targets are equal, so nothing varies that could be explained",
        "mape": "2 of 2 targets are 0, of which no error is a share",
    }
    assert "r2" not in scores.intervals
    assert "a single example" in scored([3.0], [3.5]).reasons["r2"]


def test_perfect_answers():
    scores = scored([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert scores.metrics == dict.fromkeys(METRICS, 0.0) | {"r2": 1.0}
    assert scores.intervals == dict.fromkeys(("r2",), (1.0, 1.0)) | dict.fromkeys(
        ("mae", "rmse", "mean_error"), (0.0, 0.0)
    )


@pytest.mark.parametrize("name", ["r2", "mae", "rmse", "mean_error"])
def test_intervals_are_those_of_a_bootstrap(name):
    random = np.random.default_rng(3)
    targets = random.normal(size=800)
    predictions = targets + random.laplace(0.1, 0.4, size=800)
    low, high = scored(targets, predictions).intervals[name]
    drawn = random.integers(800, size=(1500, 800))
    values = [scored(targets[rows], predictions[rows]).metrics[name] for rows in drawn]
    wanted = np.quantile(values, [0.025, 0.975])
    np.testing.assert_allclose([low, high], wanted, atol=0.15 * (high - low))


def test_no_interval_leaves_what_is_possible():
    intervals = scored([1.0, 2.0, 300.0], [1.1, 2.2, 299.0]).intervals
    assert intervals["r2"][1] <= 1.0
    assert min(intervals["mae"][0], intervals["rmse"][0]) >= 0.0


@pytest.mark.parametrize(
    ("targets", "predictions", "message"),
    [([], [], "no examples"), ([1.0], [1.0, 2.0], "one number per example"), ([1.0], [math.nan], "must be finite")],
)
def test_arrays_that_do_not_fit_are_refused(targets, predictions, message):
    with pytest.raises(ValueError, match=message):
        scored(targets, predictions)
