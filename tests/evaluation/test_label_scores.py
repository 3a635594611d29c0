"""Scores of several labels against a case counted by hand and against scikit-learn."""

import json
import math

import numpy as np
import pytest
import sklearn.metrics as sklearn_metrics  # noqa: TID253 - the measure of these tests
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.evaluation.label_scores import METRICS, score_labels

QUICK = settings(deadline=None, max_examples=40)


@st.composite
def measured(draw):
    num_labels, num_examples = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    targets = (random.random((num_examples, num_labels)) < draw(st.sampled_from([0.1, 0.5]))).astype(np.int64)
    return targets, np.clip(random.random(targets.shape), 0.001, 0.999)


def scored(targets, probabilities):
    names = [f"label {k}" for k in range(targets.shape[1])]
    predictions = (probabilities >= 0.5).astype(np.int64)
    return score_labels(targets, probabilities, predictions=predictions, class_names=names)


def test_two_labels_counted_by_hand():
    scores = scored(np.array([[1, 0], [1, 1], [0, 0]]), np.array([[0.9, 0.2], [0.6, 0.4], [0.7, 0.1]]))
    assert scores.metrics["accuracy"] == pytest.approx(1 / 3)
    assert scores.metrics["hamming_loss"] == pytest.approx(2 / 6)
    assert scores.metrics["micro_precision"] == pytest.approx(2 / 3)
    assert scores.metrics["micro_recall"] == pytest.approx(2 / 3)
    assert scores.metrics["macro_recall"] == pytest.approx((1.0 + 0.0) / 2)
    losses = [-math.log(p) for p in (0.9, 0.8, 0.6, 0.4, 0.3, 0.9)]
    assert scores.metrics["log_loss"] == pytest.approx(sum(losses) / 6)
    assert [(row.name, row.support, row.predicted) for row in scores.per_class] == [
        ("label 0", 2, 3),
        ("label 1", 1, 0),
    ]
    assert tuple(scores.metrics) == METRICS


@QUICK
@given(measured())
def test_counted_scores_are_those_of_scikit_learn(case):
    targets, probabilities = case
    predictions = (probabilities >= 0.5).astype(np.int64)
    scores = scored(targets, probabilities)
    assert scores.metrics["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(targets, predictions))
    assert scores.metrics["hamming_loss"] == pytest.approx(sklearn_metrics.hamming_loss(targets, predictions))
    names = ("precision", "recall", "f1")
    if targets.any() and predictions.any():
        *wanted, _ = sklearn_metrics.precision_recall_fscore_support(targets, predictions, average="micro")
        assert [scores.metrics[f"micro_{name}"] for name in names] == pytest.approx(wanted)
    present = np.flatnonzero(targets.sum(axis=0))
    wanted = sklearn_metrics.precision_recall_fscore_support(targets, predictions, average=None, zero_division=0)
    for name, values in zip(names, wanted[:3], strict=True):
        assert [getattr(scores.per_class[k], name) for k in present] == pytest.approx(values[present].tolist())
        if len(present):
            assert scores.metrics[f"macro_{name}"] == pytest.approx(values[present].mean())


@QUICK
@given(measured())
def test_scores_of_probabilities_are_those_of_scikit_learn(case):
    targets, probabilities = case
    scores = scored(targets, probabilities)
    mixed = [k for k in range(targets.shape[1]) if 0 < targets[:, k].sum() < len(targets)]
    if mixed:
        wanted = sklearn_metrics.roc_auc_score(targets[:, mixed], probabilities[:, mixed], average="macro")
        assert scores.metrics["roc_auc"] == pytest.approx(wanted)
        wanted = sklearn_metrics.average_precision_score(targets[:, mixed], probabilities[:, mixed], average="macro")
        assert scores.metrics["pr_auc"] == pytest.approx(wanted)
    each = [
        sklearn_metrics.log_loss(column, p, labels=[0, 1]) for column, p in zip(targets.T, probabilities.T, strict=True)
    ]
    assert scores.metrics["log_loss"] == pytest.approx(np.mean(each))


@QUICK
@given(measured())
def test_every_document_is_strict_json_and_says_why_a_score_is_missing(case):
    document = scored(*case).as_document()
    json.dumps(document, allow_nan=False)
    for name, value in document["metrics"].items():
        assert (value is None) == (name in document["reasons"])


def test_labels_that_do_not_occur_are_named():
    scores = scored(np.array([[1, 0], [0, 0]]), np.array([[0.9, 0.2], [0.2, 0.1]]))
    assert scores.reasons["per_class"].startswith("1 of 2 labels do not occur here")
    assert "label 1" in scores.reasons["per_class"]
    assert math.isnan(scores.per_class[1].recall)
    assert scores.metrics["macro_f1"] == 1.0


@pytest.mark.parametrize(
    ("targets", "probabilities", "message"),
    [
        (np.zeros((0, 1), int), np.zeros((0, 1)), "no examples"),
        (np.zeros((2, 1), int), np.zeros((2, 3)), r"the probabilities must be \[2, 1\]"),
        (np.zeros((1, 1), int), np.full((1, 1), np.nan), "must be finite"),
        (np.full((1, 1), 2), np.zeros((1, 1)), "every target must be 0 or 1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(targets, probabilities, message):
    names = ["label"] * targets.shape[1]
    predictions = np.zeros(probabilities.shape, np.int64)
    with pytest.raises(ValueError, match=message):
        score_labels(targets, probabilities, predictions=predictions, class_names=names)
