"""Scores at thresholds agree with scikit-learn's, and the best one is the best one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.evaluation.operating_points import best_f1, best_point, operating_points

CASES = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])), min_size=2, max_size=30)
HAS_BOTH = CASES.filter(lambda cases: len({truth for truth, _ in cases}) == 2)


def arrays(cases):
    truth, probability = zip(*cases, strict=True)
    return np.array(truth), np.array(probability)


@settings(deadline=None)  # importing scikit-learn takes a while
@given(HAS_BOTH)
def test_the_scores_are_those_of_the_answers_from_each_threshold_on(cases):
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, precision_recall_fscore_support

    truth, probability = arrays(cases)
    thresholds = np.array([0.0, 0.1, 0.3, 0.5, 1.0])
    points = operating_points(truth, probability, thresholds=thresholds)
    for place, threshold in enumerate(thresholds):
        answered = probability >= threshold
        precision, recall, f1, _ = precision_recall_fscore_support(
            truth, answered, average="binary", zero_division=np.nan
        )
        np.testing.assert_allclose(points.precision[place], precision)
        np.testing.assert_allclose(points.recall[place], recall)
        np.testing.assert_allclose(points.f1[place], f1 if answered.any() else 0.0)
        assert points.accuracy[place] == pytest.approx(accuracy_score(truth, answered))
        assert points.balanced_accuracy[place] == pytest.approx(balanced_accuracy_score(truth, answered))
        assert points.youden[place] == pytest.approx(balanced_accuracy_score(truth, answered, adjusted=True))


@pytest.mark.parametrize("metric", ["f1", "accuracy", "balanced_accuracy", "youden"])
@given(cases=HAS_BOTH)
def test_no_threshold_is_better_than_the_best(metric, cases):
    truth, probability = arrays(cases)
    best = best_point(truth, probability, metric=metric)
    every = operating_points(truth, probability, thresholds=np.linspace(0.001, 0.999, 301))
    assert getattr(best, metric)[0] >= getattr(every, metric).max() - 1e-12
    assert 0 < best.thresholds[0] < 1


def test_among_equals_the_best_threshold_is_the_nearest_to_one_half():
    truth = np.array([False, False, True, True])
    assert best_f1(truth, np.array([0.1, 0.2, 0.8, 0.9])).thresholds.tolist() == [0.5]
    assert best_f1(truth, np.array([0.6, 0.7, 0.8, 0.9])).thresholds.tolist() == [0.75]
