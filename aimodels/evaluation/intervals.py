"""How far a share that was counted on some examples may be from the true one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# 97.5 % of a normal distribution lie below it.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """The lower and upper ends, one pair per share."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def wilson(counts: npt.NDArray[np.int64], totals: npt.NDArray[np.int64]) -> Interval:
    """The 95 % score interval of each share `counts / totals`; it stays within 0..1 and has a width at 0 and 1 too.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.

    >>> interval = wilson(np.array([8]), np.array([10]))
    >>> interval.low.round(4).tolist(), interval.high.round(4).tolist()
    ([0.4902], [0.9433])
    """
    share, square = counts / totals, Z_95**2
    middle = (share + square / (2 * totals)) / (1 + square / totals)
    half = Z_95 / (1 + square / totals) * np.sqrt(share * (1 - share) / totals + square / (4 * totals**2))
    return Interval(low=np.clip(middle - half, 0.0, share), high=np.clip(middle + half, share, 1.0))


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % interval; None where there is none."""

    value: float
    interval: tuple[float, float] | None


def estimate(
    value: float, *, influence: npt.NDArray[np.float64], lowest: float = -np.inf, highest: float = np.inf
) -> Estimate:
    """The normal 95 % interval of a score that moves by `influence` ([N], up to a constant) with each example.

    Source: Efron, "Nonparametric Estimates of Standard Error", Biometrika 68, 1981 (the infinitesimal jackknife).

    >>> low, high = estimate(2.0, influence=np.array([1.0, 2.0, 3.0])).interval
    >>> round(low, 4), round(high, 4)
    (0.8684, 3.1316)
    """
    if len(influence) < 2 or not np.isfinite(value):
        return Estimate(value, None)
    half = Z_95 * float(np.std(influence, ddof=1)) / len(influence) ** 0.5
    return Estimate(value, (max(value - half, lowest), min(value + half, highest)))
