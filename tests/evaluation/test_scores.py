"""Scores against cases counted by hand and against scikit-learn."""

import json
import math

import numpy as np
import pytest
import sklearn.metrics as sklearn_metrics  # noqa: TID253 - the measure of these tests
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.config.schema import Evaluate
from aimodels.evaluation.probabilities import SMALLEST_PROBABILITY, calibration
from aimodels.evaluation.scores import class_metrics, score

OPTIONS = Evaluate()
QUICK = settings(deadline=None, max_examples=40)


def named(num_classes):
    return [f"class {k}" for k in range(num_classes)]


@st.composite
def measured(draw, *, smallest=2):
    num_classes = draw(st.integers(smallest, 6))
    num_examples = draw(st.integers(2, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = random.random((num_examples, num_classes)) ** draw(st.sampled_from([1, 4])) + 1e-4
    targets = random.integers(num_classes, size=num_examples)
    return targets, weights / weights.sum(axis=1, keepdims=True)


def scored(targets, answers, *, predictions=None, **options):
    """The scores of the most probable classes, unless other ones were answered."""
    answered = answers.argmax(axis=1) if predictions is None else predictions
    names = named(answers.shape[1])
    return score(targets, answers, predictions=answered, class_names=names, options=Evaluate(**options))


def test_three_classes_counted_by_hand():
    targets = np.array([0, 0, 1, 1, 2])
    answers = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.1, 0.5, 0.4]])
    scores = scored(targets, answers, top_k=[2])
    assert scores.confusion_matrix.tolist() == [[1, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert scores.accuracy == 3 / 5
    assert scores.metrics["top_2_accuracy"] == 1.0
    assert [row.precision for row in scores.per_class] == [1.0, 0.5, 0.0]
    assert [row.recall for row in scores.per_class] == [0.5, 1.0, 0.0]
    assert [row.f1 for row in scores.per_class] == pytest.approx([2 / 3, 2 / 3, 0.0])
    assert [(row.support, row.predicted) for row in scores.per_class] == [(2, 1), (2, 4), (1, 0)]
    assert scores.metrics["macro_f1"] == pytest.approx(4 / 9)
    assert scores.metrics["weighted_f1"] == pytest.approx((2 * 2 / 3 + 2 * 2 / 3 + 0) / 5)
    assert scores.metrics["log_loss"] == pytest.approx(-sum(map(math.log, [0.7, 0.3, 0.7, 0.8, 0.4])) / 5)
    assert [(pair.target, pair.prediction, pair.count, pair.share) for pair in scores.worst_confusions] == [
        ("class 2", "class 1", 1, 1.0),
        ("class 0", "class 1", 1, 0.5),
    ]


def test_calibration_counted_by_hand():
    # Two bins: confidences 0.5 (right; on the edge, so in the lower bin), 0.6 (wrong), 0.9 and 1.0 (right).
    answers = np.array([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1], [0.0, 1.0]])
    found = calibration(np.array([0, 1, 0, 1]), answers, num_bins=2)
    assert found.counts.tolist() == [1, 3]
    assert found.confidence == pytest.approx([0.5, 2.5 / 3])
    assert found.accuracy == pytest.approx([1.0, 2 / 3])
    assert found.error == pytest.approx((1 * 0.5 + 3 * abs(2 / 3 - 2.5 / 3)) / 4)


def test_perfect_answers():
    scores = scored(np.array([0, 1, 2]), np.eye(3))
    best = {"log_loss": 0.0, "calibration_error": 0.0, "brier_score": 0.0}
    assert scores.metrics == {name: best.get(name, 1.0) for name in class_metrics(OPTIONS)}
    assert scores.worst_confusions == ()
    assert scores.reasons == {}


def test_a_certain_mistake_costs_much_and_not_infinitely():
    scores = scored(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]], np.float32))
    assert scores.metrics["log_loss"] == pytest.approx(-math.log(SMALLEST_PROBABILITY) / 2)


@QUICK
@given(measured())
def test_counted_scores_are_those_of_scikit_learn(case):
    targets, answers = case
    scores = scored(targets, answers)
    present = np.unique(targets)
    predictions = answers.argmax(axis=1)
    wanted = sklearn_metrics.precision_recall_fscore_support(targets, predictions, labels=present, zero_division=0)
    found = [scores.per_class[k] for k in present]
    for name, values in zip(("precision", "recall", "f1", "support"), wanted, strict=True):
        assert [getattr(row, name) for row in found] == pytest.approx(values.tolist())
    for average in ("macro", "weighted"):
        wanted = sklearn_metrics.precision_recall_fscore_support(
            targets, predictions, labels=present, average=average, zero_division=0
        )
        names = [f"{average}_{name}" for name in ("precision", "recall", "f1")]
        assert [scores.metrics[name] for name in names] == pytest.approx(list(wanted[:3]))
    every = range(answers.shape[1])
    matrix = sklearn_metrics.confusion_matrix(targets, predictions, labels=every)
    np.testing.assert_array_equal(scores.confusion_matrix, matrix)


@QUICK
@given(measured())
def test_scores_of_probabilities_are_those_of_scikit_learn(case):
    targets, answers = case
    scores = scored(targets, answers, top_k=[2])
    every = range(answers.shape[1])
    assert scores.metrics["log_loss"] == pytest.approx(sklearn_metrics.log_loss(targets, answers, labels=every))
    positive = answers[:, 1] if answers.shape[1] == 2 else answers
    brier = sklearn_metrics.brier_score_loss(targets, positive, labels=list(every))
    assert scores.metrics["brier_score"] == pytest.approx(brier)
    if answers.shape[1] > 2:
        top_2 = sklearn_metrics.top_k_accuracy_score(targets, answers, k=2, labels=every)
        assert scores.metrics["top_2_accuracy"] == pytest.approx(top_2)


@QUICK
@given(measured(smallest=3))
def test_areas_are_those_of_scikit_learn_where_every_class_occurs(case):
    targets, answers = case
    every = np.arange(answers.shape[1])
    targets, answers = np.concatenate([targets, every]), np.concatenate([answers, answers[[0] * len(every)]])
    scores = scored(targets, answers)
    wanted = sklearn_metrics.roc_auc_score(targets, answers, multi_class="ovr", average="macro")
    assert scores.metrics["roc_auc"] == pytest.approx(wanted)
    wanted = sklearn_metrics.average_precision_score(np.eye(len(every))[targets], answers, average="macro")
    assert scores.metrics["pr_auc"] == pytest.approx(wanted)


def test_areas_of_a_binary_task_are_those_of_class_1():
    targets, positive = np.array([0, 0, 1, 1, 0]), np.array([0.1, 0.4, 0.35, 0.8, 0.2])
    scores = scored(targets, np.stack([1 - positive, positive], axis=1))
    assert scores.metrics["roc_auc"] == pytest.approx(sklearn_metrics.roc_auc_score(targets, positive))
    assert scores.metrics["pr_auc"] == pytest.approx(sklearn_metrics.average_precision_score(targets, positive))


@QUICK
@given(measured())
def test_every_document_is_strict_json_and_names_every_metric(case):
    targets, answers = case
    options = Evaluate(top_k=[1, 3, 9])
    document = scored(targets, answers, top_k=[1, 3, 9]).as_document()
    json.dumps(document, allow_nan=False)
    assert tuple(document["metrics"]) == class_metrics(options)
    assert sum(map(sum, document["confusion_matrix"])) == document["num_examples"] == len(targets)
    assert document["metrics"]["top_1_accuracy"] == document["metrics"]["accuracy"]
    for name, value in document["metrics"].items():
        assert (value is None) == (name in document["reasons"])


@QUICK
@given(measured())
def test_every_score_is_in_its_range(case):
    metrics = scored(*case).metrics
    highest = {"log_loss": math.inf, "brier_score": 2.0}
    assert all(0 <= value <= highest.get(name, 1.0) for name, value in metrics.items() if not math.isnan(value))


def test_absent_classes_are_null_and_named():
    answers = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    scores = scored(np.array([0, 1, 1]), answers)
    absent = scores.as_document()["per_class"][2]
    assert absent == {
        "name": "class 2",
        "precision": 0.0,
        "recall": None,
        "f1": None,
        "support": 0,
        "predicted": 1,
        "roc_auc": None,
        "pr_auc": None,
    }
    assert scores.metrics["macro_recall"] == pytest.approx((1.0 + 0.5) / 2)
    assert "1 of 3 classes have no examples" in scores.reasons["per_class"]
    assert "class 2" in scores.reasons["per_class"]


def test_one_class_only_gives_no_areas_and_says_why():
    scores = scored(np.array([1, 1]), np.array([[0.4, 0.6], [0.7, 0.3]]))
    assert scores.as_document()["metrics"]["roc_auc"] is None
    assert scores.reasons["roc_auc"] == "all examples are of one class, so there is nothing to rank"


def test_equal_probabilities_make_no_top_k_of_their_own():
    scores = scored(np.array([0, 1, 2, 3]), np.full((4, 4), 0.25), top_k=[1, 2, 5])
    assert scores.accuracy == scores.metrics["top_1_accuracy"] == 0.25
    assert scores.metrics["top_2_accuracy"] == 0.5
    assert scores.reasons["top_5_accuracy"] == "there are only 4 classes"


def test_what_a_threshold_decides_follows_the_predictions_and_the_rest_the_probabilities():
    targets, positive = np.array([0, 0, 1, 1]), np.array([0.1, 0.35, 0.4, 0.8])
    answers = np.stack([1 - positive, positive], axis=1)
    even, tuned = scored(targets, answers), scored(targets, answers, predictions=np.array([0, 1, 1, 1]), top_k=[1])
    assert (even.accuracy, tuned.accuracy) == (0.75, 0.75)
    assert even.confusion_matrix.tolist() == [[2, 0], [1, 1]]
    assert tuned.confusion_matrix.tolist() == [[1, 1], [0, 2]]
    assert (tuned.per_class[1].recall, tuned.per_class[1].predicted) == (1.0, 3)
    assert tuned.metrics["top_1_accuracy"] == 0.75
    for name in ("roc_auc", "pr_auc", "log_loss", "calibration_error", "brier_score"):
        assert tuned.metrics[name] == even.metrics[name]


@pytest.mark.parametrize(
    ("targets", "answers", "message"),
    [
        ([], np.zeros((0, 2)), "no examples"),
        ([0], [[0.2, 0.3, 0.5]], r"must be \[1, 2\]"),
        ([0, 1], [[np.nan, 0.5], [0.5, 0.5]], "1 of 2 examples have probabilities that are not finite"),
        ([2], [[0.5, 0.5]], "targets must be 0 to 1, got 2 to 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(targets, answers, message):
    answers = np.array(answers)
    predictions = answers.argmax(axis=1)
    with pytest.raises(ValueError, match=message):
        score(np.array(targets, np.int64), answers, predictions=predictions, class_names=named(2), options=OPTIONS)
