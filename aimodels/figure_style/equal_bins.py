"""Bins that hold about as many examples each."""

import numpy as np
import numpy.typing as npt


def bin_starts(ordered: npt.NDArray[np.generic], *, fewest: int, most: int) -> npt.NDArray[np.int64]:
    """Where the bins begin among numbers in order: at most `most` bins, of `fewest` numbers or more where there are
    that many. Equal numbers are never in two bins.

    >>> bin_starts(np.array([1, 1, 1, 2, 3, 4]), fewest=2, most=3).tolist()
    [0, 4]
    """
    num_bins = int(np.clip(len(ordered) // fewest, 1, most))
    wanted = np.arange(num_bins) * len(ordered) // num_bins
    return np.unique(np.searchsorted(ordered, ordered[wanted]))
