"""How a column of numbers becomes inputs of a network, by its options and the statistics of the training split."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import NumberColumn
from aimodels.data.number_statistics import Moments, NumberStatistics, Sample
from aimodels.events import warn

LARGEST = float(np.finfo(np.float32).max)
# Less is constant: dividing by it would not stay within float32.
SMALLEST_SPREAD = 1e-30
# In deviations (or whatever the spread is). No number of N is further from their mean than sqrt(N - 1) deviations
# (Samuelson, 1968), so this holds back nothing of a hundred million training rows, and keeps a network finite.
LIMIT = 10_000.0
WHISKER = 1.5  # interquartile ranges (Tukey, 1977, "Exploratory Data Analysis")


@dataclass(frozen=True)
class NumberScaling:
    """What is done to a number, in this order: pulled into `low` to `high`, `fill` where it is missing, its signed
    logarithm if `log`, (x - `center`) / `spread`, pulled into -`limit` to `limit` (0 makes the column all zeros).

    With `edges` it becomes one of len(edges) + 1 bins instead, each from its edge on. `indicator` adds an input that is
    1 where the number is missing.
    """

    name: str
    fill: float
    low: float = -LARGEST
    high: float = LARGEST
    log: bool = False
    center: float = 0.0
    spread: float = 1.0
    limit: float = 0.0
    indicator: bool = False
    edges: tuple[float, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """What the inputs that come of it are called."""
        bins = tuple(f"{self.name} bin {number}" for number in range(1, len(self.edges) + 2))
        values = bins if self.edges else (self.name,)
        return (*values, f"{self.name} is missing") if self.indicator else values

    @property
    def tells(self) -> bool:
        """Whether any of them differs between rows of the training split."""
        return bool(self.limit or self.edges or self.indicator)


def statistics_for(options: NumberColumn) -> NumberStatistics:
    """Empty statistics that will know what these options need."""
    by_quantile = options.scale == "robust" or options.missing == "median" or options.clip != "none" or options.bins
    return NumberStatistics(
        logs=Moments() if options.scale == "log" else None, sample=Sample() if by_quantile else None
    )


def scaling_of(name: str, *, options: NumberColumn, statistics: NumberStatistics) -> NumberScaling:
    """What these options make of the column. One that is constant, or missing altogether, becomes zeros."""
    num_missing = statistics.missing + statistics.infinite
    some = 0 < num_missing < statistics.count
    indicator = some if options.indicator == "auto" else options.indicator
    if num_missing == statistics.count:
        fill = 0.0 if isinstance(options.missing, str) else options.missing
        return NumberScaling(name, fill=_float32(fill), indicator=indicator)
    sample = statistics.sample.values() if statistics.sample is not None else np.zeros(0, dtype=np.float32)
    low, high = _clip(name, options=options, sample=sample)
    if options.clip != "none":
        statistics = _clipped(statistics, sample=sample.clip(low, high))
        sample = sample.clip(low, high)
    fill = _fill(options, statistics=statistics, sample=sample)
    center, spread = _center_and_spread(name, options=options, statistics=statistics, sample=sample)
    is_constant = statistics.smallest == statistics.largest or spread < SMALLEST_SPREAD
    unlimited = options.scale == "none"
    return NumberScaling(
        name,
        fill=_float32(fill),
        low=_float32(low),
        high=_float32(high),
        log=options.scale == "log",
        center=_float32(center),
        spread=1.0 if is_constant else _float32(spread),
        limit=0.0 if is_constant else LARGEST if unlimited else LIMIT,
        indicator=indicator,
        edges=_edges(options.bins, sample=sample) if options.bins else (),
    )


def _float32(number: float) -> float:
    """The nearest number that float32 has."""
    return float(np.float32(np.clip(number, -LARGEST, LARGEST)))


def _clip(name: str, *, options: NumberColumn, sample: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The smallest and the largest number that stays."""
    if options.clip == "none":
        return -LARGEST, LARGEST
    if options.clip == "iqr":
        first, third = _quantiles(sample, [0.25, 0.75])
        low, high = first - WHISKER * (third - first), third + WHISKER * (third - first)
    else:
        low, high = _quantiles(sample, sorted(options.clip))
    if low < high or sample[0] == sample[-1]:
        return _float32(low), _float32(high)
    warn(
        "AM336",
        f'column "{name}" is not clipped: the bounds would both be {low:g}, and all its numbers the same',
        help="most of its numbers are equal; leave `clip` out, or take wider quantiles",
    )
    return -LARGEST, LARGEST


def _clipped(statistics: NumberStatistics, *, sample: npt.NDArray[np.float32]) -> NumberStatistics:
    """The statistics of the clipped sample, which are exact if it is whole."""
    clipped = NumberStatistics(logs=None if statistics.logs is None else Moments())
    clipped.add(sample)
    return clipped


def _fill(options: NumberColumn, *, statistics: NumberStatistics, sample: npt.NDArray[np.float32]) -> float:
    if options.missing == "mean":
        return statistics.moments.mean
    return _quantiles(sample, [0.5])[0] if options.missing == "median" else options.missing


def _center_and_spread(
    name: str, *, options: NumberColumn, statistics: NumberStatistics, sample: npt.NDArray[np.float32]
) -> tuple[float, float]:
    """What becomes 0, and how far from it becomes 1."""
    if options.scale == "none":
        return 0.0, 1.0
    if options.scale == "min_max":
        return statistics.smallest, statistics.largest - statistics.smallest
    if options.scale == "robust":
        first, median, third = _quantiles(sample, [0.25, 0.5, 0.75])
        if third - first >= SMALLEST_SPREAD or statistics.smallest == statistics.largest:
            return median, third - first
        warn(
            "AM337",
            f'column "{name}" has an interquartile range of 0: it is divided by its standard deviation instead',
            help="half of its numbers or more are equal; `scale: standard` says what is done",
        )
        return median, statistics.moments.deviation
    moments = statistics.moments if statistics.logs is None else statistics.logs
    return moments.mean, moments.deviation


def _edges(bins: int, *, sample: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """Where the bins after the first one begin; fewer where numbers are so frequent that bins would be empty."""
    found = sorted({_float32(edge) for edge in _quantiles(sample, [number / bins for number in range(1, bins)])})
    return tuple(edge for edge in found if edge > sample[0])


def _quantiles(sample: npt.NDArray[np.float32], shares: list[float]) -> list[float]:
    """By linear interpolation, as NumPy does unless told otherwise."""
    return [float(number) for number in np.quantile(sample.astype(np.float64), shares)]
