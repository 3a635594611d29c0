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
from aimodels.evaluation.chosen import Chosen
from aimodels.evaluation.intervals import wilson
from aimodels.evaluation.linear_features import Encoded, LinearFeatures, cells_per_row, fit_features
from aimodels.evaluation.numerals import percent, plain
from aimodels.evaluation.regression_scores import RegressionScores, score_numbers
from aimodels.evaluation.scoring import AnyScores
from aimodels.prediction.outputs import EVEN
from aimodels.runs.atomic import finite
from aimodels.runs.predictions import Predictions

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

    `num_train` is how many rows the linear model was fitted on, of `num_available`. `is_tuned` says that the answers
    are not those of the threshold 0.5, so that accuracy is not what they were chosen for.
    """

    metric: str
    network: float
    interval: tuple[float, float] | None
    trivial: Baseline
    linear: Baseline
    num_train: int = 0
    num_available: int = 0
    is_tuned: bool = False

    def __str__(self) -> str:
        shown = percent if self.metric == "accuracy" else plain
        parts = [f"{self.metric} {shown(self.network)}"]
        for one in (self.trivial, self.linear):
            parts.append(f"{one.name} {shown(one.scores[self.metric]) if one.scores else 'not fitted'}")
        return " · ".join(parts) + self._fitted

    @property
    def _fitted(self) -> str:
        if not self.linear.scores:
            return f" ({self.linear.reason})"
        rows = f"{self.num_train:,} training rows"
        if self.num_train < self.num_available:
            rows = f"{self.num_train:,} of {self.num_available:,} training rows"
        return f" (scikit-learn, {rows}{', ' if self.linear.note else ''}{self.linear.note})"

    @property
    def hint(self) -> str:
        """What to try where the linear model is better by more than chance; empty where it is not."""
        best = self.linear.scores.get(self.metric, -np.inf)
        if self.is_tuned or self.interval is None or best <= self.interval[1]:
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
                "linear": self.linear.as_document(),
                "num_train": self.num_train,
                "num_available": self.num_available,
                "line": str(self),
                "hint": self.hint,
            }
        )
        return document


def trivial_baseline(train: Targets, targets: Targets, *, task: Task) -> Baseline:
    """What the answer scores that never looks: the mean, the most frequent class or set of labels of training."""
    if task == "regression":
        return Baseline(trivial_name(task), _scores(targets, np.full(len(targets), train.mean()), task=task))
    found, counts = np.unique(train, axis=0, return_counts=True)
    answer = np.broadcast_to(found[counts.argmax()], targets.shape)
    return Baseline(trivial_name(task), _scores(targets, answer, task=task))


def trivial_name(task: Task) -> str:
    """What the answer is called that never looks."""
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
        parts = [self.model.predict(self.features.matrix([chunk])) for chunk in encode(split.rows)]
        return Baseline(linear_name(task), _scores(split.targets, np.concatenate(parts), task=task), note=self.note)


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


def _scores(targets: Targets, answers: Targets, *, task: Task) -> dict[str, float]:
    if task == "regression":
        metrics = score_numbers(targets, np.asarray(answers, np.float64), unit=None).metrics
        return {name: metrics[name] for name in ("r2", "rmse", "mae")}
    equal = np.asarray(answers) == targets
    return {"accuracy": float((equal.all(axis=1) if task == "multilabel" else equal).mean())}


def linear_baseline(train: Split, split: Split, *, encode: Encode, task: Task, seed: int) -> tuple[Baseline, int]:
    """What the linear model scores and how many rows it was fitted on; if the rows do not allow that, why."""
    try:
        fitted = fit_linear(train, encode=encode, task=task, seed=seed)
        return fitted.baseline(split, encode=encode, task=task), fitted.num_train
    except (ValueError, ArithmeticError, MemoryError, UserError) as error:
        reason = error.message if isinstance(error, UserError) else " ".join(str(error).split())
        return Baseline(linear_name(task), {}, reason=reason or type(error).__name__), 0


def compare(rows: Predictions, chosen: Chosen, *, scores: AnyScores, encode: Encode, seed: int) -> Comparison:
    """The network's main score on these examples, beside that of the baselines of its training rows."""
    train, task = chosen.train, rows.task
    if train is None:
        trivial = Baseline(trivial_name(task), {}, reason=chosen.without_train)
        linear, num_train = Baseline(linear_name(task), {}, reason=chosen.without_train), 0
    else:
        trivial = trivial_baseline(train.targets, rows.targets, task=task)
        linear, num_train = linear_baseline(train, chosen.split, encode=encode, task=task, seed=seed)
    return Comparison(
        metric=scores.main,
        network=scores.metrics[scores.main],
        interval=_interval(rows, scores),
        trivial=trivial,
        linear=linear,
        num_train=num_train,
        num_available=0 if train is None else len(train),
        is_tuned=task == "binary" and bool((rows.predictions != (rows.probabilities[:, 1] >= EVEN)).any()),
    )


def _interval(rows: Predictions, scores: AnyScores) -> tuple[float, float] | None:
    if isinstance(scores, RegressionScores):
        return scores.intervals.get(scores.main)
    interval = wilson(np.array([rows.correct.sum()]), np.array([len(rows)]))
    return float(interval.low[0]), float(interval.high[0])
