"""Seeded, stratified choices: every class has its share in every part, and the same seed makes the same choice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Split
from aimodels.errors import ConfigError, Problem

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Positions of the examples of two disjoint parts that together are everything; each in rising order."""

    kept: Indices
    held_out: Indices


def hold_out(targets: Indices, *, share: float, seed: int) -> Parts:
    """Draw about `share` (0 to below 1) of the examples out of every class.

    A class gives its exact share rounded up or down, so that the total is the share of the whole, and always keeps
    at least one example.
    """
    counts = np.bincount(targets)
    exact = counts.astype(np.float64) * share
    most = np.maximum(counts - 1, 0)
    wanted = _rounded(exact, total=round(len(targets) * share), most=most, seed=seed)
    held_out = _drawn(targets, wanted=wanted, seed=seed)
    kept = np.setdiff1d(np.arange(len(targets)), held_out, assume_unique=True)
    return Parts(kept=kept, held_out=held_out)


def limited(split: Split, *, limit: int, seed: int) -> Split:
    """At most `limit` examples of a split, each class with about its share and at least one example.

    Raises:
        ConfigError: the limit is smaller than the number of classes in the split.
    """
    if len(split) <= limit:
        return split
    counts = np.bincount(split.targets)
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
    return split.take(_drawn(split.targets, wanted=wanted, seed=seed))


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
