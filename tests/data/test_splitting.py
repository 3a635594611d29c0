"""Seeded, stratified splits: properties that hold for any classes, share and seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.data.dataset import Split
from aimodels.data.splitting import hold_out, limited
from aimodels.errors import ConfigError

TARGETS = st.lists(st.integers(0, 6), min_size=1, max_size=120).map(lambda labels: np.array(labels, dtype=np.int64))
SHARES = st.floats(0, 0.99)
SEEDS = st.integers(0, 2**31 - 1)


def a_split(targets: np.ndarray) -> Split:
    """Examples that say which they are."""
    images = np.arange(len(targets), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Split(name="train", examples=images, targets=targets)


@given(TARGETS, SHARES, SEEDS)
def test_the_two_parts_are_disjoint_and_together_everything(targets, share, seed):
    parts = hold_out(targets, share=share, seed=seed)
    assert sorted([*parts.kept, *parts.held_out]) == list(range(len(targets)))


@given(TARGETS, SHARES, SEEDS)
def test_every_class_gives_its_share_and_keeps_an_example(targets, share, seed):
    parts = hold_out(targets, share=share, seed=seed)
    for label in np.unique(targets):
        size = np.count_nonzero(targets == label)
        num_held_out = np.count_nonzero(targets[parts.held_out] == label)
        assert abs(num_held_out - share * size) < 1
        assert num_held_out < size


@given(TARGETS, st.floats(0, 0.5), SEEDS)
def test_the_held_out_part_is_the_share_of_the_whole(targets, share, seed):
    parts = hold_out(targets, share=share, seed=seed)
    sizes = np.unique(targets, return_counts=True)[1]
    # Classes of one example give none, so the total can fall short by as many as there are of them.
    shortage = np.count_nonzero(sizes == 1)
    assert round(len(targets) * share) - shortage <= len(parts.held_out) <= round(len(targets) * share)


@given(TARGETS, SHARES, SEEDS)
def test_the_same_seed_makes_the_same_split(targets, share, seed):
    first, second = hold_out(targets, share=share, seed=seed), hold_out(targets, share=share, seed=seed)
    assert np.array_equal(first.held_out, second.held_out)
    assert np.array_equal(first.kept, second.kept)


def test_another_seed_makes_another_split():
    targets = np.repeat(np.arange(10), 50)
    choices = {tuple(hold_out(targets, share=0.1, seed=seed).held_out) for seed in range(5)}
    assert len(choices) == 5


@given(TARGETS, st.integers(7, 150), SEEDS)
def test_a_limit_keeps_every_class_and_is_reached(targets, limit, seed):
    split = limited(a_split(targets), limit=limit, seed=seed)
    assert len(split) == min(limit, len(targets))
    assert set(split.targets) == set(targets)
    positions = split.examples.reshape(-1)
    assert list(positions) == sorted(set(positions))
    assert np.array_equal(targets[positions], split.targets)


def test_a_limit_keeps_the_shares_of_the_classes():
    targets = np.repeat([0, 1, 2], [600, 300, 100])
    split = limited(
        Split(name="train", examples=np.zeros((1000, 1, 1, 1), np.uint8), targets=targets), limit=100, seed=0
    )
    assert np.bincount(split.targets) == pytest.approx([60, 30, 10], abs=1)


def test_a_limit_below_the_number_of_classes_is_an_error():
    split = a_split(np.repeat(np.arange(5), 4))
    with pytest.raises(ConfigError, match="`data.limit` is 4, and the train split has 5 classes") as caught:
        limited(split, limit=4, seed=0)
    assert caught.value.code == "AM221"


@given(st.integers(1, 200), SHARES, SEEDS)
def test_of_numbers_the_share_is_drawn_out_of_all(count, share, seed):
    parts = hold_out(np.random.default_rng(seed).normal(size=count), share=share, seed=seed)
    assert len(parts.held_out) == min(round(count * share), count - 1)


def test_sets_of_labels_are_drawn_by_their_share():
    targets = np.repeat([[0, 1], [1, 1], [1, 0]], [60, 30, 2], axis=0)
    held_out = targets[hold_out(targets, share=0.1, seed=0).held_out]
    assert (held_out == [0, 1]).all(axis=1).sum() == 6
    assert (held_out == [1, 1]).all(axis=1).sum() == 3


def test_rare_sets_of_labels_are_drawn_together():
    targets = np.array([[int(bit) for bit in f"{number:06b}"] for number in range(40)])
    assert len(hold_out(targets, share=0.25, seed=0).held_out) == 10
