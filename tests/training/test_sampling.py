"""Which examples an epoch shows when classes are evened out."""

import numpy as np
import pytest

TARGETS = np.array([0] * 10 + [1] * 3 + [2] * 4)

pytestmark = pytest.mark.tensorflow


def sampled(targets: np.ndarray, how: str, *, seed: int, epoch: int) -> np.ndarray:
    from aimodels.training.sampling import sampled

    return sampled(targets, how, seed=seed, epoch=epoch)


def counts(chosen: np.ndarray) -> list[int]:
    return np.bincount(TARGETS[chosen]).tolist()


def test_without_sampling_everyone_comes_once() -> None:
    np.testing.assert_array_equal(sampled(TARGETS, "none", seed=1, epoch=0), np.arange(17))


def test_over_sampling_shows_every_class_as_often_as_the_largest() -> None:
    chosen = sampled(TARGETS, "over", seed=1, epoch=0)
    assert counts(chosen) == [10, 10, 10]
    shown = np.bincount(chosen)
    assert shown[:10].tolist() == [1] * 10
    assert sorted(shown[10:13].tolist()) == [3, 3, 4]


def test_under_sampling_shows_of_every_class_as_many_as_the_smallest_has() -> None:
    chosen = sampled(TARGETS, "under", seed=1, epoch=0)
    assert counts(chosen) == [3, 3, 3]
    assert len(np.unique(chosen)) == 9


def test_the_choice_is_a_function_of_seed_and_epoch() -> None:
    one, again, other = (sampled(TARGETS, "under", seed=1, epoch=epoch).tolist() for epoch in (3, 3, 4))
    assert one == again
    assert one != other
