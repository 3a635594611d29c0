"""What is odd about the columns of a table: always the same, twice there, too good to be true."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aimodels.config.columns import CategoryColumn
from aimodels.data.column_kinds import FEWEST_IDENTIFIERS
from aimodels.data.dataset import Column, Split, Task
from aimodels.data.table_contents import row_keys
from aimodels.data.table_leaks import leaks
from aimodels.data.table_problems import listed
from aimodels.events import warn

if TYPE_CHECKING:
    import pyarrow

SAMPLE_ROWS = 5_000
FEWEST_ROWS = 20
# A few numbers that differ in their last digits only are nothing to worry about.
LOST_SHARE = 0.01


def point_out(train: Split, *, columns: Sequence[Column], task: Task, seed: int) -> None:
    """Warn of columns of the training rows that are no use, or too good; of many rows, some are looked at."""
    if len(columns) > len(train):
        warn(
            "AM282",
            f"there are more columns ({len(columns):,}) than training rows ({len(train):,})",
            help="a model can learn such rows by heart; add rows, or leave columns out: `data.columns: {NAME: ignore}`",
        )
    if len(train) < FEWEST_ROWS:
        return
    chosen = np.arange(len(train))
    if len(train) > SAMPLE_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(train), size=SAMPLE_ROWS, replace=False))
    sample = train.take(chosen)
    table = sample.rows.table(columns=[column.name for column in columns])
    partly = "" if len(chosen) == len(train) else f" (in {len(chosen):,} of {len(train):,} training rows)"
    _warn_of_constants(table, columns, partly)
    _warn_of_copies(table, partly)
    _warn_of_identifiers(table, columns, partly)
    _warn_of_lost_digits(table, columns)
    _warn_of_leaks(table, sample, columns, task)


def _warn_of_constants(table: "pyarrow.Table", columns: Sequence[Column], partly: str) -> None:
    import pyarrow.compute as pc

    constant = [column.name for column in columns if len(pc.unique(table[column.name])) == 1]
    if constant:
        warn(
            "AM277",
            f"the same in every training row{partly}: {listed(constant)}",
            help="nothing can be learned from such a column; leave it out: `data.columns: {NAME: ignore}`",
        )


def _warn_of_copies(table: "pyarrow.Table", partly: str) -> None:
    import pyarrow.compute as pc

    first: dict[bytes, str] = {}
    for name in table.column_names:
        if len(pc.unique(table[name])) == 1:
            continue
        other = first.setdefault(row_keys(table.select([name])).tobytes(), name)
        if other != name:
            warn(
                "AM278",
                f"the columns {other} and {name} are the same{partly}",
                help=f"one of them is enough: `data.columns: {{{name}: ignore}}`",
            )


def _warn_of_identifiers(table: "pyarrow.Table", columns: Sequence[Column], partly: str) -> None:
    import pyarrow.compute as pc

    names = [
        column.name
        for column in columns
        if isinstance(column.options, CategoryColumn)
        and len(pc.unique(table[column.name])) == table.num_rows >= FEWEST_IDENTIFIERS
    ]
    if names:
        warn(
            "AM279",
            f"another value in every training row{partly}: {listed(names)}",
            help="a category that never comes twice says nothing about new rows; make it text or ignore it",
        )


def _warn_of_lost_digits(table: "pyarrow.Table", columns: Sequence[Column]) -> None:
    for column in columns:
        if column.kind != "number":
            continue
        numbers = np.unique(table[column.name].drop_null().to_numpy())
        num_left = len(np.unique(numbers.astype(np.float32)))
        if num_left < (1 - LOST_SHARE) * len(numbers):
            warn(
                "AM281",
                f"the numbers in {column.name} are too near each other for 32 bits: {len(numbers):,} different ones "
                f"become {num_left:,}",
                help="take something off all of them in the file (the first time stamp, say), or make it a category",
            )


def _warn_of_leaks(table: "pyarrow.Table", sample: Split, columns: Sequence[Column], task: Task) -> None:
    for leak in leaks(table, sample.targets, columns=columns, task=task):
        warn(
            "AM280",
            f"the column {leak.name} alone predicts the target nearly perfectly ({leak.words})",
            help=f"was it known before the target was? If not, leave it out: `data.columns: {{{leak.name}: ignore}}`",
        )
