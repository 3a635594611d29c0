"""Which training examples an epoch shows, and how often: all of them once, or classes of unequal size evened out."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Sampling = Literal["none", "over", "under"]


def sampled(targets: npt.NDArray[np.int64], sampling: Sampling, *, seed: int, epoch: int) -> Positions:
    """Positions of the examples of one epoch, in rising order; the same number of them in every epoch.

    over: each class as often as the largest, every example at least as often as another of its class less one;
    under: of each class as many as the smallest has, drawn anew in every epoch.
    """
    everyone = np.arange(len(targets), dtype=np.int64)
    if sampling == "none":
        return everyone
    random = np.random.default_rng([seed, epoch, 1])
    members = [everyone[targets == number] for number in np.unique(targets)]
    sizes = [len(each) for each in members]
    wanted = max(sizes) if sampling == "over" else min(sizes)
    chosen = []
    for each in members:
        whole, rest = divmod(wanted, len(each))
        chosen += [np.repeat(each, whole), random.choice(each, size=rest, replace=False)]
    return np.sort(np.concatenate(chosen))
