"""Statistics of numbers that come some at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.data.number_statistics import Moments, NumberStatistics, Sample

FLOATS = st.lists(st.floats(width=32), max_size=50)


@settings(deadline=None)
@given(parts=st.lists(FLOATS, max_size=6))
def test_they_are_those_of_numpy_whatever_the_parts(parts: list[list[float]]) -> None:
    statistics = NumberStatistics(sample=Sample())
    for part in parts:
        statistics.add(np.array(part, dtype=np.float32))
    whole = np.array([number for part in parts for number in part], dtype=np.float64)
    finite = whole[np.isfinite(whole)]
    assert statistics.count == len(whole)
    assert statistics.missing == np.isnan(whole).sum()
    assert statistics.infinite == np.isinf(whole).sum()
    assert statistics.moments.count == len(finite)
    if len(finite):
        largest = np.abs(finite).max()
        assert statistics.moments.mean == pytest.approx(finite.mean(), abs=1e-12 * largest, rel=1e-9)
        assert statistics.moments.deviation == pytest.approx(finite.std(), abs=1e-7 * largest, rel=1e-9)
        assert (statistics.smallest, statistics.largest) == (finite.min(), finite.max())
        assert statistics.sample is not None
        np.testing.assert_array_equal(statistics.sample.values(), np.sort(finite))


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    numbers = 1e9 + np.random.default_rng(0).normal(size=30_000)
    moments = Moments()
    for part in np.array_split(numbers, 7):
        moments.add(part)
    assert moments.deviation == pytest.approx(numbers.std(), rel=1e-9)


def test_numbers_can_be_counted_several_times() -> None:
    moments, repeated = Moments(), Moments()
    moments.add(np.array([1.0, 5.0]), times=np.array([3, 1]))
    repeated.add(np.array([1.0, 1.0, 1.0, 5.0]))
    assert (moments.count, moments.mean, moments.deviation) == (repeated.count, repeated.mean, repeated.deviation)


def test_logs_are_those_of_both_signs() -> None:
    statistics = NumberStatistics(logs=Moments())
    statistics.add(np.array([-3.0, 0.0, 7.0, np.nan], dtype=np.float32))
    assert statistics.logs is not None
    assert statistics.logs.mean == pytest.approx((-np.log(4) + np.log(8)) / 3)


def test_a_large_sample_has_the_quantiles_and_is_always_the_same() -> None:
    def sample() -> np.ndarray:
        found = Sample(most=10_000)
        for start in range(0, 200_000, 7_000):
            found.add(np.arange(start, min(start + 7_000, 200_000), dtype=np.float32))
        return found.values()

    first = sample()
    assert len(first) == 10_000
    np.testing.assert_array_equal(first, sample())
    # Five standard deviations of what a sample of that size is off by.
    for share in (0.01, 0.25, 0.5, 0.9):
        allowed = 5 * np.sqrt(share * (1 - share) / 10_000)
        assert abs(np.quantile(first, share) / 200_000 - share) < allowed


def test_a_small_sample_is_everything() -> None:
    sample = Sample(most=10)
    sample.add(np.arange(6, dtype=np.float32))
    sample.add(np.arange(4, dtype=np.float32))
    assert len(sample.values()) == 10
    sample.add(np.arange(1, dtype=np.float32))
    assert len(sample.values()) == 10
