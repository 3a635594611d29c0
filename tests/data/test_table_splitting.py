"""Splits by groups and by time: properties that hold for any groups, times, share and seed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aimodels.data.table_splitting import by_group, latest

NUMBERS = st.lists(st.integers(0, 9), min_size=1, max_size=80).map(lambda found: np.array(found, dtype=np.int64))
SHARES = st.floats(0, 0.95)
SEEDS = st.integers(0, 2**31 - 1)


@given(NUMBERS, SHARES, SEEDS)
def test_no_group_is_parted_and_none_is_lost(groups, share, seed):
    parts = by_group(groups, np.zeros(len(groups)), share=share, seed=seed)
    assert sorted([*parts.kept, *parts.held_out]) == list(range(len(groups)))
    assert not set(groups[parts.kept]) & set(groups[parts.held_out])
    assert len(parts.kept)
    assert bool(len(parts.held_out)) == (share > 0 and len(set(groups)) > 1)


def test_groups_come_near_the_share_of_each_class():
    random = np.random.default_rng(0)
    groups = random.integers(0, 100, 1000)
    targets = (groups % 2).astype(np.int64)
    held_out = targets[by_group(groups, targets, share=0.2, seed=0).held_out]
    assert 170 <= len(held_out) <= 230
    assert 0.35 <= held_out.mean() <= 0.65


@given(NUMBERS, SHARES)
def test_nothing_that_is_kept_is_later(times, share):
    parts = latest(times, share=share)
    assert sorted([*parts.kept, *parts.held_out]) == list(range(len(times)))
    assert len(parts.held_out) == min(round(len(times) * share), len(times) - 1)
    if len(parts.held_out):
        assert times[parts.kept].max() <= times[parts.held_out].min()


def test_of_equal_times_those_further_down_come_later():
    assert latest(np.array([3, 1, 3, 3]), share=0.5).held_out.tolist() == [2, 3]
    assert latest(np.arange(300) % 2, share=0.1).held_out.tolist() == list(range(241, 300, 2))
