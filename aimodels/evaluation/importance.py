"""How much each column of a table counts: how much worse the model becomes when the column is shuffled.

Breiman, "Random Forests", Machine Learning 45, 2001. Columns that say the same stand in for each other, so that each
of them seems to matter less than both do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Split, Task
from aimodels.data.excerpts import fitted, num_columns, on_one_line
from aimodels.data.rows import rows_of
from aimodels.evaluation.numerals import plain
from aimodels.evaluation.probabilities import label_losses, losses
from aimodels.runs.atomic import finite

if TYPE_CHECKING:
    import pyarrow

    from aimodels.prediction.predict import Answers, Predictor

MOST_ROWS = 2_000
MOST_REPEATS = 5
# Rows that are asked about in all, over all columns and repeats: a few seconds.
MOST_ANSWERS = 400_000
FEWEST_ROWS = 100
LONGEST_NAME = 40


@dataclass(frozen=True)
class Effort:
    """How many rows are shuffled, and how often."""

    num_rows: int
    repeats: int


@dataclass(frozen=True)
class ColumnImportance:
    """How much worse the metric becomes without a column: mean and standard deviation over the repeats."""

    name: str
    mean: float
    std: float


@dataclass(frozen=True)
class Importance:
    """The columns, the most important first; `baseline` is the metric on the same rows as they are.

    `num_available` is how many rows the split has. Without columns, `reason` says why they were not measured.
    """

    metric: str
    baseline: float
    effort: Effort
    num_available: int
    columns: tuple[ColumnImportance, ...]
    reason: str = ""

    def as_text(self, *, limit: int | None = None) -> str:
        """A line per column, the most important first, at most so many."""
        if self.reason:
            return f"importance of columns: {self.reason}"
        times = "of a single time" if self.effort.repeats == 1 else f"± deviation of {self.effort.repeats} times"
        change = f"{self.metric} added by shuffling a column"
        width = max(num_columns(short(one.name)) for one in self.columns)
        lines = [f"{change}, {times} {self.effort.num_rows:,} rows"]
        for one in self.columns[:limit]:
            name = short(one.name)
            lines.append(f"  {name}{' ' * (width - num_columns(name))}  {plain(one.mean):>8} ± {plain(one.std)}")
        hidden = len(self.columns[limit:]) if limit else 0
        more = [f"  and {hidden} more column{'' if hidden == 1 else 's'}"] if hidden else []
        return "\n".join([*lines, *more])

    def as_document(self) -> dict[str, Any]:
        """The numbers as strict JSON."""
        document: dict[str, Any] = finite(
            {
                "metric": self.metric,
                "baseline": self.baseline,
                "num_rows": self.effort.num_rows,
                "num_available": self.num_available,
                "repeats": self.effort.repeats,
                "columns": [{"name": one.name, "mean": one.mean, "std": one.std} for one in self.columns],
                "reason": self.reason,
            }
        )
        return document


def effort_for(*, num_rows: int, num_columns: int) -> Effort | None:
    """At most 2,000 rows, 5 times over; of wide tables less often, then fewer rows. None if too few would be left.

    >>> effort_for(num_rows=9_000, num_columns=8), effort_for(num_rows=9_000, num_columns=1_000)
    (Effort(num_rows=2000, repeats=5), Effort(num_rows=400, repeats=1))
    """
    rows = min(num_rows, MOST_ROWS)
    repeats = min(MOST_REPEATS, max(1, MOST_ANSWERS // (rows * num_columns)))
    rows = min(rows, MOST_ANSWERS // (repeats * num_columns))
    return Effort(rows, repeats) if rows >= min(FEWEST_ROWS, num_rows) else None


def importance(predictor: "Predictor", split: Split, *, columns: tuple[str, ...], task: Task, seed: int) -> Importance:
    """Ask about rows of the split with one column after the other shuffled; the rows and their order by the seed.

    Of classes the loss is measured: accuracy stands still where one class is so frequent that it is always the answer.
    """
    effort, metric = effort_for(num_rows=len(split), num_columns=len(columns)), metric_of(task)
    if effort is None:
        reason = f"{len(columns):,} columns are too many to shuffle one by one"
        return Importance(metric, np.nan, Effort(0, 0), len(split), columns=(), reason=reason)
    random = np.random.default_rng(seed)
    kept = split.take(np.sort(random.choice(len(split), size=effort.num_rows, replace=False)))
    table = kept.rows.table(columns=columns)
    baseline = _metric(_answered(predictor.answer(rows_of(table)), task=task), kept.targets, task=task)
    measured = []
    for name in columns:
        shuffled = [random.permutation(effort.num_rows) for _ in range(effort.repeats)]
        answers = predictor.answer(rows_of(_with_shuffled(table, name, orders=shuffled)))
        found = _by_repeat(answers, kept.targets, repeats=effort.repeats, task=task)
        added = [shuffled_metric - baseline for shuffled_metric in found]
        measured.append(ColumnImportance(name, mean=float(np.mean(added)), std=float(np.std(added))))
    order = sorted(measured, key=lambda one: -one.mean)
    return Importance(metric, baseline, effort, num_available=len(split), columns=tuple(order))


def short(name: str) -> str:
    """The name of a column in little space, on one line."""
    return fitted(on_one_line(name), columns=LONGEST_NAME)


def metric_of(task: Task) -> str:
    """What shuffling a column adds to."""
    return "rmse" if task == "regression" else "log_loss"


def _with_shuffled(table: "pyarrow.Table", name: str, *, orders: list[npt.NDArray[np.int64]]) -> "pyarrow.Table":
    """The table as often as there are orders, one below the other, each with the column in another order."""
    import pyarrow as pa

    copies = pa.concat_tables([table] * len(orders))
    column = table.column(name).take(np.concatenate(orders))
    return copies.set_column(table.schema.get_field_index(name), table.schema.field(name), column)


def _by_repeat(answers: "Answers", targets: npt.NDArray[Any], *, repeats: int, task: Task) -> Iterator[float]:
    for answered in np.split(_answered(answers, task=task), repeats):
        yield _metric(answered, targets, task=task)


def _answered(answers: "Answers", *, task: Task) -> npt.NDArray[Any]:
    if task == "regression":
        if answers.values is None:
            raise TypeError("the model of a regression must answer numbers")
        return answers.values.astype(np.float64)
    return answers.probabilities


def _metric(answered: npt.NDArray[Any], targets: npt.NDArray[Any], *, task: Task) -> float:
    if task == "regression":
        return float(np.sqrt(np.mean(np.square(answered - targets))))
    of_each = label_losses if task == "multilabel" else losses
    return float(of_each(targets, answered).mean())
