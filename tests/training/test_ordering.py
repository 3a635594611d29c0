"""Which examples share a batch: everyone once an epoch, texts of similar length together, the same for one seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.config.schema import TokenBudget

pytestmark = pytest.mark.tensorflow

LENGTHS = np.random.default_rng(3).integers(1, 401, size=3_000)


def padded(order: object, lengths: np.ndarray) -> int:
    """Tokens in all batches, padding counted."""
    return sum(len(batch) * int(lengths[batch].max()) for batch in map(order.batch, range(len(order))))


def by_length(lengths: np.ndarray, *, size: int = 32, seed: int = 5, epoch: int = 0) -> object:
    from aimodels.training.ordering import shuffled_by_length

    return shuffled_by_length(lengths, size=size, seed=seed, epoch=epoch)


def by_budget(lengths: np.ndarray, *, tokens: int = 8_000, seed: int = 5, epoch: int = 0) -> object:
    from aimodels.training.ordering import shuffled_by_budget

    return shuffled_by_budget(lengths, budget=TokenBudget(tokens=tokens), seed=seed, epoch=epoch)


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(1, 20), st.integers(0, 5))
def test_everyone_comes_once_an_epoch(lengths: list[int], size: int, epoch: int) -> None:
    from aimodels.training.ordering import sorted_by_length

    given_lengths = np.array(lengths, dtype=np.int64)
    orders = (
        by_length(given_lengths, size=size, epoch=epoch),
        by_budget(given_lengths, tokens=size * 10, epoch=epoch),
        sorted_by_length(given_lengths, batch_size=size),
        sorted_by_length(given_lengths, batch_size=TokenBudget(tokens=size * 10)),
    )
    for order in orders:
        assert sorted(order.positions) == list(range(len(lengths)))
        assert sum(len(order.batch(number)) for number in range(len(order))) == len(lengths)


def test_batches_have_the_size_asked_for_but_the_last() -> None:
    order = by_length(LENGTHS, size=32)
    sizes = [len(order.batch(number)) for number in range(len(order))]
    assert sizes == [32] * 93 + [24]


def test_little_is_padded() -> None:
    assert padded(by_length(LENGTHS), LENGTHS) < 1.06 * LENGTHS.sum()
    # The same texts in random batches: this is what is saved.
    from aimodels.training.ordering import shuffled

    assert padded(shuffled(len(LENGTHS), size=32, seed=5, epoch=0), LENGTHS) > 1.8 * LENGTHS.sum()


def test_a_budget_is_kept_and_used() -> None:
    order = by_budget(LENGTHS, tokens=8_000)
    tokens = [len(batch) * int(LENGTHS[batch].max()) for batch in map(order.batch, range(len(order)))]
    assert max(tokens) <= 8_000
    assert np.median(tokens) > 0.85 * 8_000
    assert padded(order, LENGTHS) < 1.1 * LENGTHS.sum()


def test_one_text_above_the_budget_is_a_batch_of_its_own() -> None:
    order = by_budget(np.array([1_000, 1, 1]), tokens=10)
    assert sorted(len(order.batch(number)) for number in range(len(order))) == [1, 2]


@pytest.mark.parametrize("made", [by_length, by_budget])
def test_the_order_is_a_function_of_seed_and_epoch(made: object) -> None:
    np.testing.assert_array_equal(made(LENGTHS, epoch=1).positions, made(LENGTHS, epoch=1).positions)
    assert (made(LENGTHS, epoch=0).positions != made(LENGTHS, epoch=1).positions).any()
    assert (made(LENGTHS, seed=6).positions != made(LENGTHS, seed=5).positions).any()


@pytest.mark.parametrize("made", [by_length, by_budget])
def test_the_number_of_steps_is_the_same_in_every_epoch(made: object) -> None:
    from aimodels.training.ordering import sorted_by_length

    assert len({len(made(LENGTHS, epoch=epoch)) for epoch in range(5)}) == 1
    budget = TokenBudget(tokens=8_000)
    assert len(by_budget(LENGTHS)) == len(sorted_by_length(LENGTHS, batch_size=budget))


def test_lengths_are_shuffled_across_batches_and_partners_change() -> None:
    first, second = by_length(LENGTHS, epoch=0), by_length(LENGTHS, epoch=1)
    means = [LENGTHS[first.batch(number)].mean() for number in range(len(first))]
    # Neither short first nor long first.
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3
    partners = set(first.batch(0)) - {first.batch(0)[0]}
    again = next(second.batch(n) for n in range(len(second)) if first.batch(0)[0] in second.batch(n))
    assert len(partners & set(again)) < len(partners) / 2


@given(count=st.integers(0, 3000), size=st.integers(1, 50), batches=st.integers(1, 20), epoch=st.integers(0, 3))
def test_windows_hold_everyone_once_from_few_places(count: int, size: int, batches: int, epoch: int) -> None:
    from aimodels.training.ordering import CHUNKS_PER_WINDOW, shuffled_in_windows

    window = size * batches
    order = shuffled_in_windows(count, size=size, window=window, seed=1, epoch=epoch)
    assert sorted(order.positions.tolist()) == list(range(count))
    per_chunk = max(1, window // CHUNKS_PER_WINDOW)
    for start in range(0, count, window):
        places = np.unique(order.positions[start : start + window] // per_chunk)
        # Whole chunks, and two that reach into the windows beside it.
        assert len(places) <= -(-window // per_chunk) + 2


def test_windows_mix_rows_from_all_over() -> None:
    from aimodels.training.ordering import shuffled_in_windows

    order = shuffled_in_windows(100_000, size=100, window=10_000, seed=1, epoch=0)
    first = order.positions[:10_000]
    assert first.min() < 10_000
    assert first.max() > 90_000
    assert not (np.diff(first) == 1).mean() > 0.05
