"""Every example of every batch goes to one replica, and all replicas take the same steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.tensorflow


# The first call loads TensorFlow.
@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8), num_replicas=st.integers(1, 5))
def test_every_example_counts_once_whoever_feeds_the_replicas(sizes: list[int], num_replicas: int) -> None:
    from aimodels.training.ordering import Order
    from aimodels.training.sharing import Shares

    starts = np.cumsum([0, *sizes], dtype=np.int64)
    order = Order(np.random.default_rng(0).permutation(int(starts[-1])).astype(np.int64), starts, size=None)
    together = Shares(num_replicas, 0, num_replicas).of(order)
    alone = [Shares(num_replicas, number, 1).of(order) for number in range(num_replicas)]
    assert len(together.order) == num_replicas * len(order)
    assert {len(parts.order) for parts in alone} == {len(order)}
    for number, size in enumerate(sizes):
        found = []
        for replica, parts in enumerate(alone):
            mine, ours = parts.order.batch(number), together.order.batch(number * num_replicas + replica)
            np.testing.assert_array_equal(mine, ours)
            assert len(mine) == max(1, parts.counted[number])
            assert parts.in_batch[number] == size
            found += mine[: parts.counted[number]].tolist()
        assert found == order.batch(number).tolist()


def test_a_part_has_the_same_number_whoever_makes_it() -> None:
    """It is what the random changes of its examples depend on."""
    from aimodels.training.sharing import Shares

    together = [Shares(4, 0, 4).number_of(part, first_step=2) for part in range(8)]
    apart = [Shares(4, first, 2).number_of(part, first_step=2) for part in range(4) for first in (0, 2)]
    assert together == list(range(8, 16))
    assert sorted(apart) == together
    assert Shares().number_of(3, first_step=2) == 5
