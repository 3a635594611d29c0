"""Baselines: what they answer, that they never fail an evaluation, and the line that compares with them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: TID253 - the measure of these tests
from sklearn.metrics import roc_auc_score  # noqa: TID253

from aimodels.config.losses import quantile_of
from aimodels.config.schema import ArchitectureOptions, Config, DatasetOptions, Evaluate, Train
from aimodels.data.dataset import Provenance, Split
from aimodels.data.rows import rows_of
from aimodels.errors import DataError
from aimodels.evaluation import baselines
from aimodels.evaluation.aims import aim_of
from aimodels.evaluation.baselines import compare, linear_baseline, trivial_baseline
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.linear_features import fit_features
from aimodels.evaluation.measured import Measured
from aimodels.evaluation.numerals import plain
from aimodels.evaluation.scoring import score_rows
from aimodels.preprocessing.words import Encoded
from aimodels.runs.predictions import Predictions

NUM_TRAIN, NUM_TEST = 300, 100


@pytest.fixture
def world():
    """Numbers that decide the class and the number, and a split of them for training and for testing."""
    import pyarrow as pa

    random = np.random.default_rng(0)
    numbers = random.normal(5.0, 2.0, size=(NUM_TRAIN + NUM_TEST, 3))
    rows = rows_of(pa.table({"place": np.arange(len(numbers))}))

    class World:
        x = numbers
        classes = (numbers[:, 0] + 0.5 * random.normal(size=len(numbers)) > 5).astype(np.int64) + (numbers[:, 1] > 7)
        amounts = 2 * numbers[:, 0] - numbers[:, 2] + random.normal(size=len(numbers))

        @staticmethod
        def encode(rows):
            for table in rows.tables(rows_at_once=64):
                yield {"numbers": numbers[table.column("place").to_numpy()].astype(np.float32)}

        @staticmethod
        def splits(targets):
            whole = Split("train", rows, targets)
            return whole.take(range(NUM_TRAIN)), whole.take(range(NUM_TRAIN, NUM_TRAIN + NUM_TEST), name="test")

    return World


def scaled(x):
    return (x - x[:NUM_TRAIN].mean(axis=0)) / x[:NUM_TRAIN].std(axis=0)


# --- the trivial one --------------------------------------------------------------------------------------------


def test_the_most_frequent_class_is_that_of_training():
    found = trivial_baseline(np.array([0, 1, 1]), np.array([0, 0, 0, 1]), task="multiclass")
    assert (found.name, found.scores) == ("most frequent class", {"accuracy": 0.25, "macro_f1": pytest.approx(0.2)})


def test_the_most_frequent_labels_are_a_set():
    train = np.array([[1, 1], [1, 1], [0, 1]])
    found = trivial_baseline(train, np.array([[1, 1], [0, 1], [1, 0]]), task="multilabel")
    assert (found.name, found.scores) == ("most frequent labels", {"accuracy": pytest.approx(1 / 3)})


def test_the_mean_is_that_of_training():
    found = trivial_baseline(np.array([1.0, 3.0]), np.array([0.0, 4.0]), task="regression")
    assert found.name == "training mean"
    assert found.scores == {"r2": 0.0, "rmse": 2.0, "mae": 2.0}


def test_a_quantile_is_that_of_training():
    found = trivial_baseline(np.arange(11.0), np.array([0.0, 9.0]), task="regression", quantile=0.9)
    assert found.name == "0.9 quantile of training"
    assert (found.scores["pinball_loss"], found.scores["share_below"]) == (pytest.approx(0.45), 1.0)


# --- the linear one ---------------------------------------------------------------------------------------------


def test_logistic_regression_is_that_of_scikit_learn_on_standardised_numbers(world):
    train, test = world.splits(world.classes)
    found, num_train = linear_baseline(train, test, encode=world.encode, task="multiclass", seed=0)
    x = scaled(world.x.astype(np.float32))
    wanted = LogisticRegression().fit(x[:NUM_TRAIN], train.targets).score(x[NUM_TRAIN:], test.targets)
    assert found.scores["accuracy"] == pytest.approx(wanted)
    assert (found.name, found.reason, num_train) == ("logistic regression", "", NUM_TRAIN)


def test_ridge_regression_is_that_of_scikit_learn(world):
    train, test = world.splits(world.amounts)
    found, _ = linear_baseline(train, test, encode=world.encode, task="regression", seed=0)
    x = scaled(world.x.astype(np.float32))
    wanted = Ridge().fit(x[:NUM_TRAIN], train.targets).score(x[NUM_TRAIN:], test.targets)
    assert found.scores["r2"] == pytest.approx(wanted, abs=1e-4)


def test_several_labels_have_a_model_each(world):
    labels = np.stack([world.x[:, 0] > 5, world.x[:, 1] > 5, np.ones(len(world.x), bool)], axis=1).astype(np.int64)
    train, test = world.splits(labels)
    found, _ = linear_baseline(train, test, encode=world.encode, task="multilabel", seed=0)
    assert found.scores["accuracy"] > 0.8


def test_few_rows_of_many_are_drawn_by_the_seed(world, monkeypatch):
    monkeypatch.setattr(baselines, "MOST_ROWS", 50)
    train, test = world.splits(world.amounts)
    drawn = [linear_baseline(train, test, encode=world.encode, task="regression", seed=seed) for seed in (1, 1, 2)]
    assert [num_train for _, num_train in drawn] == [50, 50, 50]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_one_class_in_training_is_a_reason_and_no_error(world):
    train, test = world.splits(np.zeros(NUM_TRAIN + NUM_TEST, np.int64))
    found, num_train = linear_baseline(train, test, encode=world.encode, task="binary", seed=0)
    assert (found.scores, found.reason, num_train) == ({}, "the training rows all have the same target", 0)


def test_rows_that_cannot_be_read_are_a_reason_and_no_error(world):
    def broken(rows):
        raise DataError("row 7 cannot be read", code="AM250")

    train, test = world.splits(world.classes)
    found, _ = linear_baseline(train, test, encode=broken, task="multiclass", seed=0)
    assert (found.scores, found.reason) == ({}, "row 7 cannot be read")


def test_a_fit_that_was_cut_short_says_so(world, monkeypatch):
    monkeypatch.setattr(baselines, "MOST_STEPS", 1)
    train, test = world.splits(world.classes)
    found, _ = linear_baseline(train, test, encode=world.encode, task="multiclass", seed=0)
    assert found.scores
    assert found.note == "stopped after 1 steps before it had converged"


# --- what a linear model sees -------------------------------------------------------------------------------------


def encoded(**parts):
    words = parts.pop("words", None)
    if words is not None:
        starts = np.cumsum([0, *map(len, words)])
        parts["text_0"] = Encoded(np.concatenate(words).astype(np.int32), starts, np.diff(starts))
    return parts


@pytest.mark.parametrize("dense_up_to", [0, 100])
def test_numbers_categories_and_words_stand_side_by_side(monkeypatch, dense_up_to):
    monkeypatch.setattr("aimodels.evaluation.linear_features.DENSE_UP_TO", dense_up_to)
    train = encoded(
        numbers=np.array([[1.0, 5.0], [3.0, 5.0]], np.float32),
        categories=np.array([[0, 2], [1, 0]], np.int32),
        words=[[1, 1, 3], [2]],
    )
    features = fit_features([train])
    matrix = features.matrix([train])
    matrix = matrix if dense_up_to else matrix.toarray()
    assert matrix.tolist() == [
        [-1, 0, 1, 0, 0, 0, 1, 0, 2, 0, 1],
        [1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0],
    ]
    assert features.size == 11


def test_values_and_words_that_training_does_not_have_take_no_part():
    train = encoded(categories=np.array([[0], [1]], np.int32), words=[[1], [2]])
    later = encoded(categories=np.array([[7]], np.int32), words=[[9, 1]])
    assert fit_features([train]).matrix([later]).tolist() == [[0, 0, 0, 1, 0]]


# --- the comparison -----------------------------------------------------------------------------------------------


def compared(world, *, targets, predictions, task="multiclass", probabilities=None, **facts):
    train, test = world.splits(targets)
    if probabilities is None:
        probabilities = np.eye(3, dtype=np.float32)[predictions] if task == "multiclass" else np.zeros((NUM_TEST, 0))
    rows = Predictions(
        examples=tuple(map(str, range(NUM_TEST))),
        targets=test.targets,
        predictions=predictions,
        losses=np.zeros(NUM_TEST),
        probabilities=probabilities,
        task=task,
    )
    class_names = ("no", "yes") if task == "binary" else ("a", "b", "c")
    config = asked(**facts.pop("config", {}))
    scores = score_rows(rows, class_names=class_names, quantile=quantile_of(config.train.loss), options=config.evaluate)
    if "weights" in facts:
        train = replace(train, weights=facts.pop("weights"))
    measured = Measured(Chosen("test", test, Provenance("rows", "abc"), **({"train": train} | facts)), rows, scores)
    return compare(measured, aim=aim_of(config, measured), encode=world.encode, seed=0)


def asked(*, threshold=0.5, **train):
    return Config(
        data=DatasetOptions(name="fake"),
        model=ArchitectureOptions(name="fake"),
        train=Train(**train),
        evaluate=Evaluate(threshold=threshold),
    )


def test_the_line_has_the_network_and_both_baselines(world):
    _, test = world.splits(world.classes)
    found = compared(world, targets=world.classes, predictions=test.targets)
    linear = found.linear.scores["accuracy"]
    trivial = (test.targets == np.bincount(world.classes[:NUM_TRAIN]).argmax()).mean()
    assert str(found) == (
        f"accuracy 100.0 % · most frequent class {100 * trivial:.1f} % · logistic regression {100 * linear:.1f} % "
        "(scikit-learn, 300 training rows)"
    )
    assert found.interval == pytest.approx((0.9630, 1.0), abs=1e-4)
    assert found.hint == ""
    assert found.as_document()["line"] == str(found)


def test_a_network_that_is_worse_by_more_than_chance_is_told(world):
    found = compared(world, targets=world.classes, predictions=np.zeros(NUM_TEST, np.int64))
    assert found.hint.startswith("the logistic regression is better than the network by more than chance")


def test_a_network_that_is_worse_by_chance_alone_is_not_told(world):
    _, test = world.splits(world.classes)
    linear = compared(world, targets=world.classes, predictions=test.targets).linear.scores["accuracy"]
    num_wrong = round(NUM_TEST * (1 - linear)) + 1
    predictions = np.where(np.arange(NUM_TEST) < num_wrong, (test.targets + 1) % 3, test.targets)
    found = compared(world, targets=world.classes, predictions=predictions)
    assert found.network < linear
    assert found.hint == ""


OTHERWISE = {
    "a threshold": {"threshold": 0.3},
    "a chosen threshold": {"threshold": {"maximise": "f1"}},
    "focal loss": {"loss": {"name": "focal"}},
    "class weights": {"class_weights": "balanced"},
    "sampling": {"sampling": "over"},
}


@pytest.mark.parametrize("config", OTHERWISE.values(), ids=OTHERWISE)
def test_two_classes_are_compared_by_area_where_accuracy_is_not_what_was_asked_for(world, config):
    targets = (world.classes > 0).astype(np.int64)
    train, test = world.splits(targets)
    facts = {"targets": targets, "predictions": np.ones(NUM_TEST, np.int64), "task": "binary"}
    facts["probabilities"] = np.eye(2, dtype=np.float32)[[1] * NUM_TEST]
    assert compared(world, **facts).hint != ""
    found = compared(world, **facts, config=config)
    x = scaled(world.x.astype(np.float32))
    chances = LogisticRegression().fit(x[:NUM_TRAIN], train.targets).predict_proba(x[NUM_TRAIN:])[:, 1]
    assert str(found) == (
        "roc_auc 0.5000 · most frequent class 0.5000 · logistic regression "
        f"{roc_auc_score(test.targets, chances):.4f} (scikit-learn, 300 training rows)"
    )
    assert found.hint == ""


def test_weighted_rows_are_another_aim_too(world):
    facts = {"targets": world.classes, "predictions": np.zeros(NUM_TEST, np.int64)}
    assert compared(world, **facts).hint != ""
    found = compared(world, **facts, weights=np.ones(NUM_TRAIN, np.float32))
    assert (found.metric, found.hint) == ("macro_f1", "")
    assert found.linear.scores["macro_f1"] > found.network


def test_one_class_alone_has_no_area_to_compare_by(world):
    targets = np.concatenate([np.arange(NUM_TRAIN) % 2, np.ones(NUM_TEST, np.int64)])
    probabilities = np.eye(2, dtype=np.float32)[[0] * NUM_TEST]
    facts = {"predictions": np.zeros(NUM_TEST, np.int64), "task": "binary", "probabilities": probabilities}
    found = compared(world, targets=targets, **facts, config={"threshold": 0.3})
    assert (found.metric, found.hint) == ("accuracy", "")


def test_a_quantile_is_compared_with_that_of_training_alone(world):
    config = {"loss": {"name": "quantile", "quantile": 0.9}}
    answers = np.full(NUM_TEST, 30.0)
    found = compared(world, targets=world.amounts, predictions=answers, task="regression", config=config)
    wanted = found.trivial.scores["pinball_loss"]
    assert str(found) == f"pinball_loss {plain(found.network)} · 0.9 quantile of training {wanted:.4f}"
    assert (found.linear, found.as_document()["linear"], found.hint) == (None, None, "")


def test_absolute_errors_are_compared_by_their_mean(world):
    config = {"loss": {"name": "mae"}}
    found = compared(world, targets=world.amounts, predictions=np.zeros(NUM_TEST), task="regression", config=config)
    assert str(found).startswith(f"mae {plain(found.network)} · training median ")
    assert "ridge regression 0." in str(found)
    assert found.hint == ""


def test_numbers_are_compared_by_r2(world):
    _, test = world.splits(world.amounts)
    found = compared(world, targets=world.amounts, predictions=test.targets + 0.1, task="regression")
    assert found.metric == "r2"
    assert str(found).startswith(f"r2 {found.network:.4f} · training mean ")
    assert "ridge regression 0." in str(found)
    assert set(found.as_document()["linear"]["scores"]) == {"r2", "rmse", "mae"}


def test_without_the_training_rows_the_reason_stands_in_the_line(world):
    _, test = world.splits(world.classes)
    reason = "the data is not there any more"
    found = compared(world, targets=world.classes, predictions=test.targets, train=None, without_train=reason)
    assert str(found) == (
        f"accuracy 100.0 % · most frequent class not fitted · logistic regression not fitted ({reason})"
    )
    assert found.as_document()["linear"]["scores"] is None
