"""Training rows of a table that are far off in their number columns."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.config.tables import InterquartileRange, IsolationForest, Outliers, TableDatasetOptions
from aimodels.data.dataset import Column, Split
from aimodels.data.raw_columns import raw_numbers
from aimodels.data.rows import Rows
from aimodels.data.table_cleaning import tell_of_left_out
from aimodels.errors import DataError

# Quartiles and trees are those of so many rows, drawn at random; every row is then held against them.
SAMPLE_ROWS = 100_000

Numbers = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
OUTLIERS = "training rows with outliers, dropped"
KEPT = (
    "as `data.clean` says; validation and test keep theirs, as new rows have them: `clip: iqr` on a column of numbers "
    "pulls in all of them"
)


def without_outliers(train: Split, *, columns: Sequence[Column], options: TableDatasetOptions, seed: int) -> Split:
    """The training rows without those that are far off, by the rule of `data.clean.outliers`.

    Raises:
        DataError: every row is far off.
    """
    numbers = [column.name for column in columns if column.kind == "number"]
    is_far_off = far_off(train.rows, columns=numbers, rule=options.clean.outliers, seed=seed)
    if len(train) and is_far_off.all():
        raise DataError(
            f"every training row of {options.path} counts as an outlier",
            code="AM283",
            help="raise the factor of `data.clean.outliers`, or leave it out",
        )
    tell_of_left_out(int(is_far_off.sum()), "training rows with outliers", where=options.path, help=KEPT)
    return train.take(np.flatnonzero(~is_far_off)) if is_far_off.any() else train


def far_off(rows: Rows, *, columns: Sequence[str], rule: Outliers, seed: int) -> Mask:
    """Whether each row is far off in these columns of numbers, bool [N]."""
    if not columns or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    if isinstance(rule, InterquartileRange):
        return _beyond_quartiles(rows, columns, rule=rule, seed=seed)
    if isinstance(rule, IsolationForest):
        return _isolated(rows, columns, rule=rule, seed=seed)
    return np.zeros(len(rows), dtype=bool)


def _beyond_quartiles(rows: Rows, columns: Sequence[str], *, rule: InterquartileRange, seed: int) -> Mask:
    """A missing number is never far off; nor is any in a column of which half is one value."""
    sample = _sample(rows, columns, seed=seed)
    has_numbers = ~np.isnan(sample).all(axis=0)
    low, high = np.full(len(columns), -np.inf), np.full(len(columns), np.inf)
    first, third = np.nanquantile(sample[:, has_numbers].astype(np.float64), [0.25, 0.75], axis=0)
    reach = np.where(third > first, rule.factor * (third - first), np.inf)
    low[has_numbers], high[has_numbers] = first - reach, third + reach

    def is_beyond(numbers: Numbers) -> Mask:
        found: Mask = np.any((numbers < low) | (numbers > high), axis=1)
        return found

    return _each(rows, columns, is_beyond).astype(bool)


def _isolated(rows: Rows, columns: Sequence[str], *, rule: IsolationForest, seed: int) -> Mask:
    """The share of rows that the forest finds strangest; a missing number counts as the median."""
    from sklearn.ensemble import IsolationForest as Forest

    sample = _sample(rows, columns, seed=seed)
    empty = np.isnan(sample).all(axis=0)
    medians = np.zeros(len(columns), dtype=np.float32)
    medians[~empty] = np.nanmedian(sample[:, ~empty], axis=0)

    def whole(numbers: Numbers) -> Numbers:
        return np.where(np.isnan(numbers), medians, numbers)

    forest = Forest(n_estimators=rule.trees, random_state=seed).fit(whole(sample))
    scores = _each(rows, columns, lambda numbers: forest.score_samples(whole(numbers)))
    count = round(rule.share * len(rows))
    found = np.zeros(len(rows), dtype=bool)
    found[np.argsort(scores, kind="stable")[:count]] = True
    return found


def _sample(rows: Rows, columns: Sequence[str], *, seed: int) -> Numbers:
    if len(rows) > SAMPLE_ROWS:
        chosen = np.random.default_rng(seed).choice(len(rows), size=SAMPLE_ROWS, replace=False)
        rows = rows.take(np.sort(chosen))
    return np.concatenate(list(_numbers(rows, columns)))


def _each(rows: Rows, columns: Sequence[str], judge: Callable[[Numbers], npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
    return np.concatenate([judge(numbers).astype(np.float64) for numbers in _numbers(rows, columns)])


def _numbers(rows: Rows, columns: Sequence[str]) -> Iterator[Numbers]:
    """The numbers of some rows at a time, float32 [n, columns], NaN where one is missing."""
    for table in rows.tables(columns=columns):
        numbers = np.stack([raw_numbers(table[name]) for name in columns], axis=1)
        yield np.where(np.isfinite(numbers), numbers, np.float32(np.nan))
