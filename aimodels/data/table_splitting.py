"""Which rows of a table are learned from, validated on and tested on: at random, by groups, by time, or as marked."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import AnyColumn, DateColumn
from aimodels.config.tables import SplitRule
from aimodels.data import dates
from aimodels.data.class_folders import SPLIT_FOLDERS
from aimodels.data.column_kinds import numbers_in, shown
from aimodels.data.dataset import Split, SplitName
from aimodels.data.plurals import one_or_many
from aimodels.data.splitting import Indices, Parts, Splits, completed, strata_of, warn_if_too_few
from aimodels.data.table_problems import listed
from aimodels.errors import DataError

if TYPE_CHECKING:
    import pyarrow

# Of so many random choices of groups, the one nearest to the share (of each class) is taken.
TRIES = 10
SPLIT_WORDS: dict[str, SplitName] = {**SPLIT_FOLDERS, "training": "train", "dev": "validation", "testing": "test"}

Draw = Callable[[Split, float], Parts]


def divided(
    own: Mapping[SplitName, Split],
    *,
    marks: npt.NDArray[np.int64] | None,
    rule: SplitRule,
    shares: Mapping[SplitName, float],
    seed: int,
) -> Splits:
    """The splits that have rows of their own (at least "train"); one that is absent is taken from the training rows.

    `marks` are the groups, times or splits of the training rows, int64 [N].
    """
    if rule.by == "column" and marks is not None:
        own = {**_as_marked(own["train"], marks), **{name: split for name, split in own.items() if name != "train"}}
    if rule.by in ("random", "column") or marks is None:
        return completed(own, shares=shares, seed=seed)
    splits, left = dict(own), marks
    for name, share in shares.items():
        if name in splits:
            continue
        train = splits["train"]
        parts = (
            by_group(left, train.targets, share=share, seed=seed) if rule.by == "group" else latest(left, share=share)
        )
        warn_if_too_few(name, share=share, num_held_out=len(parts.held_out), num_examples=len(train))
        if len(parts.held_out):
            splits[name], splits["train"] = train.take(parts.held_out, name=name), train.take(parts.kept)
            left = left[parts.kept]
    return Splits(train=splits["train"], validation=splits.get("validation"), test=splits.get("test"))


def by_group(groups: Indices, targets: npt.NDArray[Any], *, share: float, seed: int) -> Parts:
    """Draw whole groups until they hold about `share` of the examples, and of each class; one group is always kept."""
    numbers, members = np.unique(groups, return_inverse=True)
    strata = strata_of(targets)
    sizes = np.zeros((len(numbers), int(strata.max(initial=0)) + 1))
    np.add.at(sizes, (members, strata), 1)
    random = np.random.default_rng(seed)
    wanted = sizes.sum(axis=0) * share
    best, least = np.empty(0, dtype=np.int64), np.inf
    for _ in range(TRIES if share > 0 else 0):
        order = random.permutation(len(numbers))
        filled = np.cumsum(sizes[order].sum(axis=1))
        # At least one group is drawn and one is kept, however large they are.
        count = min(int(np.argmin(np.abs(filled - wanted.sum()))) + 1, len(numbers) - 1)
        distance = float(np.abs(sizes[order[:count]].sum(axis=0) - wanted).sum())
        if distance < least:
            best, least = order[:count], distance
    is_held_out = np.isin(members, best)
    return Parts(kept=np.flatnonzero(~is_held_out), held_out=np.flatnonzero(is_held_out))


def latest(times: npt.NDArray[np.int64], *, share: float) -> Parts:
    """The last `share` of the examples in the order of their times; of equal times, those further down come later."""
    order = np.argsort(times, kind="stable")
    count = min(round(len(order) * share), len(order) - 1)
    cut = len(order) - count
    return Parts(kept=np.sort(order[:cut]), held_out=np.sort(order[cut:]))


def marks_of(
    column: "pyarrow.ChunkedArray", *, rule: SplitRule, options: AnyColumn | None, where: str, decimal: str = "."
) -> npt.NDArray[np.int64]:
    """The group, time or split of each row as numbers, int64 [N], from the numbers or texts of the rule's column.

    Raises:
        DataError: a row has none, or one that is none.
    """
    import pyarrow as pa

    num_missing = column.null_count
    if num_missing:
        have = one_or_many(num_missing, "has", "have")
        raise _unusable(f"{num_missing:,} of the {len(column):,} rows of {where} {have} no {rule.column}", rule)
    if pa.types.is_floating(column.type) and rule.by != "column":
        return _ranks(column.to_numpy())
    column = column.cast(pa.string())
    if rule.by == "group":
        return np.asarray(_codes(column), dtype=np.int64)
    if rule.by == "column":
        return _split_numbers(column, rule, where)
    numbers = None if isinstance(options, DateColumn) else numbers_in(column.combine_chunks(), decimal=decimal)
    if numbers is None:
        return _times(column, rule, options, where)
    if not np.isfinite(numbers).all():
        raise _unusable(f"{rule.column} of {where} holds a time that is infinite", rule)
    return _ranks(numbers)


def _ranks(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole numbers in the same order, whatever the numbers are; of groups and of times nothing else counts."""
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _codes(column: "pyarrow.ChunkedArray") -> npt.NDArray[np.int64]:
    import pyarrow as pa

    coded = column.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    found: npt.NDArray[np.int64] = coded.indices.to_numpy(zero_copy_only=False)
    return found


def _times(
    column: "pyarrow.ChunkedArray", rule: SplitRule, options: AnyColumn | None, where: str
) -> npt.NDArray[np.int64]:
    strings = column.combine_chunks()
    format = options.format if isinstance(options, DateColumn) else dates.format_of(strings)
    times = dates.seconds(strings, format=format or dates.ISO)
    if times.null_count:
        wrong = strings.filter(times.is_null())[0].as_py()
        raise _unusable(
            f"{rule.column} of {where} is no time: {shown(wrong)} is neither a number nor a date "
            f"({'as in 2024-05-31' if (format or dates.ISO) == dates.ISO else format})",
            rule,
        )
    found: npt.NDArray[np.int64] = times.to_numpy(zero_copy_only=False)
    return found


def _split_numbers(column: "pyarrow.ChunkedArray", rule: SplitRule, where: str) -> npt.NDArray[np.int64]:
    import pyarrow.compute as pc

    names = list(dict.fromkeys(SPLIT_WORDS.values()))
    words = pc.unique(column).to_pylist()
    strange = [word for word in words if word.strip().lower() not in SPLIT_WORDS]
    if strange:
        raise _unusable(f"{rule.column} of {where} must be train, validation or test, found {listed(strange)}", rule)
    numbers = {word: names.index(SPLIT_WORDS[word.strip().lower()]) for word in words}
    if 0 not in numbers.values():
        raise _unusable(f"no row of {where} is marked as train in {rule.column}", rule)
    by_code = np.array([numbers[word] for word in words], dtype=np.int64)
    codes: npt.NDArray[np.int64] = np.asarray(
        pc.index_in(column, value_set=pc.unique(column)).to_numpy(), dtype=np.int64
    )
    return by_code[codes]


def _as_marked(whole: Split, marks: npt.NDArray[np.int64]) -> dict[SplitName, Split]:
    names = list(dict.fromkeys(SPLIT_WORDS.values()))
    return {
        names[number]: whole.take(np.flatnonzero(marks == number), name=names[number]) for number in np.unique(marks)
    }


def _unusable(message: str, rule: SplitRule) -> DataError:
    return DataError(
        message,
        code="AM274",
        help=f"fill the column in, or name another one in `data.split.column` (rows are split by {rule.by})",
    )
