"""Seeded, stratified choices: every class has its share in every part, and the same seed makes the same choice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aimodels.config.schema import DatasetOptions
from aimodels.data.dataset import Split, SplitName, Targets
from aimodels.errors import ConfigError, Problem
from aimodels.events import warn

Indices = npt.NDArray[np.int64]
FEW_OF_A_KIND = 10


@dataclass(frozen=True)
class Parts:
    """Positions of the examples of two disjoint parts that together are everything; each in rising order."""

    kept: Indices
    held_out: Indices


@dataclass(frozen=True)
class Splits:
    """The three parts of the examples; those that there are come out of it in this order."""

    train: Split
    validation: Split | None
    test: Split | None

    def __iter__(self) -> Iterator[Split]:
        return (split for split in (self.train, self.validation, self.test) if split is not None)


def completed(own: Mapping[SplitName, Split], *, shares: Mapping[SplitName, float], seed: int) -> Splits:
    """The user's own splits (at least "train"); one that is absent is drawn from the training examples by its share.

    The shares are drawn one after the other, each from what the ones before it have left.
    """
    splits = dict(own)
    for name, share in shares.items():
        if name in splits:
            continue
        train = splits["train"]
        parts = hold_out(train.targets, share=share, seed=seed)
        warn_if_too_few(name, share=share, num_held_out=len(parts.held_out), num_examples=len(train))
        if len(parts.held_out):
            splits[name] = train.take(parts.held_out, name=name)
            splits["train"] = train.take(parts.kept)
    return Splits(train=splits["train"], validation=splits.get("validation"), test=splits.get("test"))


def hold_out(targets: Targets, *, share: float, seed: int) -> Parts:
    """Draw about `share` (0 to below 1) of the examples out of every class.

    A class gives its exact share rounded up or down, so that the total is the share of the whole, and always keeps
    at least one example. Of numbers, the share is drawn out of all of them.
    """
    strata = strata_of(targets)
    counts = np.bincount(strata)
    exact = counts.astype(np.float64) * share
    most = np.maximum(counts - 1, 0)
    wanted = _rounded(exact, total=round(len(strata) * share), most=most, seed=seed)
    held_out = _drawn(strata, wanted=wanted, seed=seed)
    is_kept = np.ones(len(strata), dtype=bool)
    is_kept[held_out] = False
    return Parts(kept=np.flatnonzero(is_kept), held_out=held_out)


def strata_of(targets: Targets) -> Indices:
    """The number of what each example is drawn with, int64 [N]: its class, or its set of labels; one for all numbers.

    Sets of labels that come less often than `FEW_OF_A_KIND` are drawn together, or none of them would ever be tested.
    """
    if targets.ndim == 1:
        return targets if np.issubdtype(targets.dtype, np.integer) else np.zeros(len(targets), dtype=np.int64)
    _, kinds, counts = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
    is_rare = counts < FEW_OF_A_KIND
    numbers = np.where(is_rare, 0, np.cumsum(~is_rare))
    found: Indices = numbers[kinds.reshape(-1)]
    return found


def cut_down(splits: Splits, *, options: DatasetOptions, seed: int) -> Splits:
    """Each split with at most `options.limit` examples, if that is set.

    Raises:
        ConfigError: the limit is smaller than the number of classes in a split.
    """
    if options.limit is None:
        return splits
    kept = {split.name: limited(split, limit=options.limit, seed=seed) for split in splits}
    return Splits(train=kept["train"], validation=kept.get("validation"), test=kept.get("test"))


def left_out_by_limit(splits: Splits, *, options: DatasetOptions) -> dict[str, int]:
    """How many examples `options.limit` leaves out of each of the (whole) splits."""
    limit = options.limit
    if limit is None:
        return {}
    return {f"{split.name} examples left out by limit": len(split) - limit for split in splits if len(split) > limit}


def limited(split: Split, *, limit: int, seed: int) -> Split:
    """At most `limit` examples of a split, each class with about its share and at least one example.

    Raises:
        ConfigError: the limit is smaller than the number of classes in the split.
    """
    if len(split) <= limit:
        return split
    strata = strata_of(split.targets)
    counts = np.bincount(strata)
    num_classes = int(np.count_nonzero(counts))
    if limit < num_classes:
        message = f"`data.limit` is {limit}, and the {split.name} split has {num_classes} classes"
        problem = Problem(
            code="AM221",
            message=message,
            path="data.limit",
            help=f"write {num_classes} or more, so that no class is lost",
        )
        raise ConfigError([problem], source=message)
    # One for every class first; the rest by share.
    floor = np.minimum(counts, 1)
    above = counts - floor
    exact = above * ((limit - num_classes) / above.sum())
    wanted = floor + _rounded(exact, total=limit - num_classes, most=above, seed=seed)
    return split.take(_drawn(strata, wanted=wanted, seed=seed))


def _rounded(exact: npt.NDArray[np.float64], *, total: int, most: Indices, seed: int) -> Indices:
    """Whole numbers within one of `exact`, at most `most` each, that add up to `total` where that is possible.

    The largest remainders are rounded up (Hare and Niemeyer's method of giving out seats); among equal ones the seed
    decides, or the classes that come first in the alphabet would always be the ones to be tested.
    """
    wanted = np.minimum(np.floor(exact).astype(np.int64), most)
    can_rise = (wanted < most) & (wanted < exact)
    lots = np.random.default_rng(seed).permutation(len(exact))
    order = np.lexsort((lots, -np.round(exact - wanted, 9)))
    rising = order[can_rise[order]][: max(total - int(wanted.sum()), 0)]
    wanted[rising] += 1
    return wanted


def _drawn(targets: Indices, *, wanted: Indices, seed: int) -> Indices:
    """Positions of `wanted[k]` examples of each class k, drawn without replacement, in rising order."""
    random = np.random.default_rng(seed)
    chosen = [
        random.choice(np.flatnonzero(targets == number), size=count, replace=False)
        for number, count in enumerate(wanted)
        if count
    ]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)


def warn_if_too_few(name: SplitName, *, share: float, num_held_out: int, num_examples: int) -> None:
    """Tell when a share was asked for and came to no example at all."""
    if share > 0 and num_held_out == 0:
        warn(
            "AM222",
            f"there is no {name} split: {share:g} of {num_examples} training examples is less than one",
            help=f"raise `data.{name}`, or add examples",
        )
