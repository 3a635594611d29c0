"""What is known of many numbers that are seen once, some at a time, in memory that has a bound."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float32]

# The quantiles of so many numbers are exact. Of more, they are those of a random sample of this size: the true share
# below such a quantile is then off by 0.16 percentage points in the standard deviation, at most (sqrt(q (1 - q) / n)).
MOST_SAMPLED = 100_000


@dataclass
class Moments:
    """Count, mean and variance of numbers, in float64.

    Parts are joined as by Chan, Golub and LeVeque (1983), "Algorithms for Computing the Sample Variance": no digits are
    lost where the mean is far larger than the deviation.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0  # sum of the squared distances from the mean

    def add(self, values: npt.NDArray[np.floating], *, times: npt.NDArray[np.int64] | None = None) -> None:
        """Take in finite numbers [n], each so many times."""
        wide = values.astype(np.float64)
        count = len(wide) if times is None else int(times.sum())
        if not count:
            return
        mean = float(np.average(wide, weights=times))
        wide -= mean
        # Without BLAS, whose threads wait for each other where the machine is busy.
        squares = float((wide * wide).sum() if times is None else (wide * wide * times).sum())
        distance, total = mean - self.mean, self.count + count
        self.squares += squares + distance * distance * self.count * count / total
        self.mean += distance * count / total
        self.count = total

    @property
    def deviation(self) -> float:
        """The standard deviation (of all numbers there are: divided by their count); 0 without any."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0


@dataclass
class Sample:
    """At most `most` numbers of all that were added, any of them with the same chance; the same ones every time.

    Each number gets a random key, and those with the smallest keys stay.
    """

    most: int = MOST_SAMPLED
    _values: list[Numbers] = field(default_factory=list)
    _keys: list[npt.NDArray[np.float64]] = field(default_factory=list)
    _largest_key: float = 1.0
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, values: Numbers) -> None:
        """Take in numbers [n]."""
        keys = self._random.random(len(values))
        if self._largest_key < 1.0:
            stays = keys < self._largest_key
            values, keys = values[stays], keys[stays]
        self._values.append(values)
        self._keys.append(keys)
        if sum(map(len, self._keys)) > 2 * self.most:
            self._shrink()

    def values(self) -> Numbers:
        """The sample, sorted."""
        if sum(map(len, self._keys)) > self.most:
            self._shrink()
        return np.sort(np.concatenate([np.zeros(0, dtype=np.float32), *self._values]))

    def _shrink(self) -> None:
        values, keys = np.concatenate(self._values), np.concatenate(self._keys)
        smallest = np.argpartition(keys, self.most)[: self.most]
        self._values, self._keys = [values[smallest]], [keys[smallest]]
        self._largest_key = float(self._keys[0].max())


@dataclass
class NumberStatistics:
    """Of one column of numbers as the network sees them, float32: `missing` are NaN, `infinite` the other ones that are
    no number. `logs` are the moments of sign(x) log(1 + |x|); it and `sample` are kept where they are asked for."""

    count: int = 0
    missing: int = 0
    infinite: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    moments: Moments = field(default_factory=Moments)
    logs: Moments | None = None
    sample: Sample | None = None

    def add(self, values: Numbers) -> None:
        """Take in numbers [n]."""
        self.count += len(values)
        is_finite = np.isfinite(values)
        finite = values if is_finite.all() else values[is_finite]
        missing = int(np.isnan(values).sum()) if len(finite) < len(values) else 0
        self.missing += missing
        self.infinite += len(values) - len(finite) - missing
        if not len(finite):
            return
        self.smallest = min(self.smallest, float(finite.min()))
        self.largest = max(self.largest, float(finite.max()))
        self.moments.add(finite)
        if self.logs is not None:
            self.logs.add(signed_log(finite.astype(np.float64)))
        if self.sample is not None:
            self.sample.add(finite)


def signed_log(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sign(x) log(1 + |x|).

    >>> signed_log(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.693, 0.0, 0.693]
    """
    return np.sign(values) * np.log1p(np.abs(values))
