"""What the scores of a table are worth: against the most frequent class or the mean, and against a linear model.

The linear model is scikit-learn's logistic or ridge regression with its default penalty, on the columns as the network
encodes them (see `linear_features`), fitted on the run's training rows. Sample and class weights are left out.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Split, Task
from aimodels.data.rows import Rows
from aimodels.errors import UserError
from aimodels.evaluation.aims import MEDIAN, Aim
from aimodels.evaluation.confusions import confusion_matrix, count
from aimodels.evaluation.intervals import wilson
from aimodels.evaluation.linear_features import Encoded, LinearFeatures, cells_per_row, fit_features
from aimodels.evaluation.measured import Measured
from aimodels.evaluation.numerals import percent, plain
from aimodels.evaluation.probabilities import areas
from aimodels.evaluation.regression_scores import OF_QUANTILES, Floats, RegressionScores, score_numbers
from aimodels.runs.atomic import finite

Targets = npt.NDArray[Any]
Encode = Callable[[Rows], Iterator[Encoded]]

MOST_ROWS = 50_000
# Numbers other than 0 in the matrix, times classes: what each step of the fit goes through.
MOST_CELLS = 10_000_000
MOST_STEPS = 300


@dataclass(frozen=True)
class Baseline:
    """What a simple model scores; without scores, `reason` says why. `note` is what one should know of its fit."""

    name: str
    scores: dict[str, float]
    reason: str = ""
    note: str = ""

    def as_document(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return {"name": self.name, "scores": self.scores or None, "reason": self.reason, "note": self.note}


@dataclass(frozen=True)
class Comparison:
    """The network beside its baselines on the same examples; `interval` is the 95 % interval of the network's score.

    `num_train` is how many rows the linear model was fitted on, of `num_available`. `linear` is None where a linear
    model would aim at something else. `is_usual` says that the network was asked for what the baselines are.
    """

    metric: str
    network: float
    interval: tuple[float, float] | None
    trivial: Baseline
    linear: Baseline | None
    num_train: int = 0
    num_available: int = 0
    is_usual: bool = True

    def __str__(self) -> str:
        shown = percent if self.metric == "accuracy" else plain
        parts = [f"{self.metric} {shown(self.network)}"]
        for one in filter(None, (self.trivial, self.linear)):
            parts.append(f"{one.name} {shown(one.scores[self.metric]) if one.scores else 'not fitted'}")
        return " · ".join(parts) + self._fitted

    @property
    def _fitted(self) -> str:
        if self.linear is None:
            return f" ({self.trivial.reason})" if self.trivial.reason else ""
        if not self.linear.scores:
            return f" ({self.linear.reason})"
        rows = f"{self.num_train:,} training rows"
        if self.num_train < self.num_available:
            rows = f"{self.num_train:,} of {self.num_available:,} training rows"
        return f" (scikit-learn, {rows}{', ' if self.linear.note else ''}{self.linear.note})"

    @property
    def hint(self) -> str:
        """What to try where the linear model is better by more than chance; empty where it is not."""
        if not self.is_usual or self.interval is None or self.linear is None:
            return ""
        if self.linear.scores.get(self.metric, -np.inf) <= self.interval[1]:
            return ""
        return (
            f"the {self.linear.name} is better than the network by more than chance: train longer, with another "
            "learning rate or less dropout; or use a linear model, `model: {name: linear}`"
        )

    def as_document(self) -> dict[str, Any]:
        """The scores as strict JSON, with the line for people."""
        document: dict[str, Any] = finite(
            {
                "metric": self.metric,
                "network": self.network,
                "interval": self.interval,
                "trivial": self.trivial.as_document(),
                "linear": None if self.linear is None else self.linear.as_document(),
                "num_train": self.num_train,
                "num_available": self.num_available,
                "line": str(self),
                "hint": self.hint,
            }
        )
        return document


def trivial_baseline(train: Targets, targets: Targets, *, task: Task, quantile: float | None = None) -> Baseline:
    """What the answer scores that never looks: the mean, the most frequent class or set of labels of training; where a
    quantile is wanted, that of training.
    """
    name = trivial_name(task, quantile=quantile)
    if task == "regression":
        answer = train.mean() if quantile is None else np.quantile(train, quantile)
        return Baseline(name, _number_scores(targets, np.full(len(targets), answer), quantile=quantile))
    found, counts = np.unique(train, axis=0, return_counts=True)
    answer = np.broadcast_to(found[counts.argmax()], targets.shape)
    return Baseline(name, _class_scores(targets, answer, task=task, chances=np.zeros(len(targets))))


def trivial_name(task: Task, *, quantile: float | None = None) -> str:
    """What the answer is called that never looks.

    >>> trivial_name("regression", quantile=0.9), trivial_name("binary")
    ('0.9 quantile of training', 'most frequent class')
    """
    if quantile is not None:
        return "training median" if quantile == MEDIAN else f"{quantile:.4g} quantile of training"
    names = {"regression": "training mean", "multilabel": "most frequent labels"}
    return names.get(task, "most frequent class")


def linear_name(task: Task) -> str:
    """What the linear model of a task is called."""
    return "ridge regression" if task == "regression" else "logistic regression"


@dataclass(frozen=True)
class Fitted:
    """A linear model, what it sees of a row, how many rows it was fitted on, and what one should know of its fit."""

    model: Any
    features: LinearFeatures
    num_train: int
    note: str

    def baseline(self, split: Split, *, encode: Encode, task: Task) -> Baseline:
        """What it scores on a split, asked some rows at a time."""
        answers, chances = [], []
        for chunk in encode(split.rows):
            matrix = self.features.matrix([chunk])
            answers.append(self.model.predict(matrix))
            if task == "binary":
                chances.append(self.model.predict_proba(matrix)[:, 1])
        if task == "regression":
            scores = _number_scores(split.targets, np.concatenate(answers))
        else:
            chance = np.concatenate(chances) if chances else None
            scores = _class_scores(split.targets, np.concatenate(answers), task=task, chances=chance)
        return Baseline(linear_name(task), scores, note=self.note)


def fit_linear(train: Split, *, encode: Encode, task: Task, seed: int) -> Fitted:
    """Logistic regression (of several labels one per label) or ridge regression, on at most 50,000 training rows, fewer
    of wide tables and many classes; drawn by the seed.

    Raises:
        ValueError: the rows all have the same target, or nothing can be learned from them.
    """
    if task != "regression" and len(np.unique(train.targets, axis=0)) == 1:
        raise ValueError("the training rows all have the same target")
    first = next(encode(train.take(range(min(len(train), 1000))).rows))
    cells = cells_per_row(first) * _num_models(train.targets, task=task)
    size = min(len(train), MOST_ROWS, max(1000, int(MOST_CELLS / cells)))
    chosen = np.sort(np.random.default_rng(seed).choice(len(train), size=size, replace=False))
    kept = train.take(chosen)
    chunks = list(encode(kept.rows))
    features, model = fit_features(chunks), _model(task)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        model.fit(features.matrix(chunks), kept.targets)
    stopped = any(warning.category.__name__ == "ConvergenceWarning" for warning in heard)
    note = f"stopped after {MOST_STEPS} steps before it had converged" if stopped else ""
    return Fitted(model, features, num_train=size, note=note)


def _model(task: Task) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier

    if task == "regression":
        return Ridge()
    model = LogisticRegression(max_iter=MOST_STEPS)
    return OneVsRestClassifier(model) if task == "multilabel" else model


def _num_models(targets: Targets, *, task: Task) -> int:
    if task == "multilabel":
        return int(targets.shape[1])
    return int(targets.max()) + 1 if task == "multiclass" else 1


def _number_scores(targets: Targets, answers: Targets, *, quantile: float | None = None) -> dict[str, float]:
    metrics = score_numbers(targets, np.asarray(answers, np.float64), unit=None, quantile=quantile).metrics
    return {name: metrics[name] for name in ("r2", "rmse", "mae", *OF_QUANTILES) if name in metrics}


def _class_scores(targets: Targets, answers: Targets, *, task: Task, chances: Floats | None) -> dict[str, float]:
    """`chances` ([N]) are the probabilities of the second of two classes."""
    equal = np.asarray(answers) == targets
    if task == "multilabel":
        return {"accuracy": float(equal.all(axis=1).mean())}
    accuracy = {"accuracy": float(equal.mean())}
    if task == "multiclass":
        num_classes = int(max(targets.max(), answers.max())) + 1
        counted = count(confusion_matrix(targets, answers, num_classes=num_classes))
        return accuracy | {"macro_f1": float(np.nanmean(counted.f1))}
    area = np.nan if chances is None else areas(targets == 1, chances)[0]
    return accuracy if np.isnan(area) else accuracy | {"roc_auc": area}


def linear_baseline(train: Split, split: Split, *, encode: Encode, task: Task, seed: int) -> tuple[Baseline, int]:
    """What the linear model scores and how many rows it was fitted on; if the rows do not allow that, why."""
    try:
        fitted = fit_linear(train, encode=encode, task=task, seed=seed)
        return fitted.baseline(split, encode=encode, task=task), fitted.num_train
    except (ValueError, ArithmeticError, MemoryError, UserError) as error:
        reason = error.message if isinstance(error, UserError) else " ".join(str(error).split())
        return Baseline(linear_name(task), {}, reason=reason or type(error).__name__), 0


def compare(measured: Measured, *, aim: Aim, encode: Encode, seed: int) -> Comparison:
    """What the network scores on these examples in the metric of its aim, beside the baselines of its training rows."""
    chosen, task = measured.chosen, measured.rows.task
    train, without = chosen.train, chosen.without_train
    linear: Baseline | None = None
    num_train = 0
    if train is None:
        trivial = Baseline(trivial_name(task, quantile=aim.quantile), {}, reason=without)
        linear = Baseline(linear_name(task), {}, reason=without)
    else:
        trivial = trivial_baseline(train.targets, measured.rows.targets, task=task, quantile=aim.quantile)
        if aim.metric not in OF_QUANTILES:
            linear, num_train = linear_baseline(train, chosen.split, encode=encode, task=task, seed=seed)
    return Comparison(
        metric=aim.metric,
        network=measured.scores.metrics[aim.metric],
        interval=_interval(measured, metric=aim.metric),
        trivial=trivial,
        linear=None if aim.metric in OF_QUANTILES else linear,
        num_train=num_train,
        num_available=0 if train is None else len(train),
        is_usual=aim.is_usual,
    )


def _interval(measured: Measured, *, metric: str) -> tuple[float, float] | None:
    rows, scores = measured.rows, measured.scores
    if isinstance(scores, RegressionScores):
        return scores.intervals.get(metric)
    if metric != scores.main:
        return None
    interval = wilson(np.array([rows.correct.sum()]), np.array([len(rows)]))
    return float(interval.low[0]), float(interval.high[0])
