"""Intervals of shares: published numbers, and that they never leave 0..1."""

import numpy as np
import pytest

from aimodels.evaluation.intervals import wilson

# Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
PUBLISHED = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("count", "total", "low", "high"), PUBLISHED)
def test_intervals_are_the_published_ones(count, total, low, high):
    interval = wilson(np.array([count]), np.array([total]))
    assert interval.low[0] == pytest.approx(low, abs=5e-5)
    assert interval.high[0] == pytest.approx(high, abs=5e-5)


def test_the_share_is_inside_even_at_the_ends():
    counts, totals = np.array([0, 7, 7]), np.array([7, 7, 9])
    interval = wilson(counts, totals)
    share = counts / totals
    assert (interval.low <= share).all()
    assert (share <= interval.high).all()
    assert interval.low[0] == 0.0
    assert interval.high[1] == 1.0
    assert (interval.high - interval.low > 0.1).all()
