"""What the options of a number column make of its statistics."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from aimodels.config.columns import NumberColumn
from aimodels.data.number_scaling import LARGEST, LIMIT, NumberScaling, scaling_of, statistics_for
from aimodels.events import Event, Warned, listening

NUMBERS = np.random.default_rng(0).gamma(2.0, size=500).astype(np.float32)


def scaling(numbers: Any = NUMBERS, **options: Any) -> NumberScaling:
    section = NumberColumn.model_validate(options)
    statistics = statistics_for(section)
    for part in np.array_split(np.asarray(numbers, dtype=np.float32), 3):
        statistics.add(part)
    return scaling_of("x", options=section, statistics=statistics)


def warned(numbers: Any, **options: Any) -> tuple[NumberScaling, list[str]]:
    events: list[Event] = []
    with listening(events.append):
        found = scaling(numbers, **options)
    return found, [event.code for event in events if isinstance(event, Warned)]


def test_the_standard_scale() -> None:
    found = scaling()
    assert found.center == pytest.approx(NUMBERS.mean(), rel=1e-6)
    assert found.spread == pytest.approx(NUMBERS.std(), rel=1e-6)
    assert found.fill == pytest.approx(NUMBERS.mean(), rel=1e-6)
    assert (found.low, found.high, found.limit, found.indicator) == (-LARGEST, LARGEST, LIMIT, False)


def test_the_other_scales() -> None:
    found = scaling(scale="min_max")
    assert (found.center, found.center + found.spread) == pytest.approx((NUMBERS.min(), NUMBERS.max()))
    found = scaling(scale="robust", missing="median")
    first, median, third = np.quantile(NUMBERS, [0.25, 0.5, 0.75])
    assert (found.center, found.spread, found.fill) == pytest.approx((median, third - first, median))
    found = scaling(scale="log", missing=3.5)
    assert (found.center, found.spread, found.fill) == pytest.approx(
        (np.log1p(NUMBERS).mean(), np.log1p(NUMBERS).std(), 3.5)
    )
    found = scaling(scale="none")
    assert (found.center, found.spread, found.limit) == (0, 1, LARGEST)


def test_what_is_clipped_is_scaled_by_what_is_left() -> None:
    low, high = np.quantile(NUMBERS, [0.1, 0.9])
    found = scaling(clip=[0.1, 0.9])
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.spread == pytest.approx(NUMBERS.clip(low, high).std(), rel=1e-6)
    first, third = np.quantile(NUMBERS, [0.25, 0.75])
    found = scaling(clip="iqr", scale="min_max")
    assert found.high == pytest.approx(third + 1.5 * (third - first))
    assert found.center + found.spread == pytest.approx(found.high)


def test_bins_hold_equal_counts() -> None:
    found = scaling(bins=5)
    counts = np.bincount(np.searchsorted(np.array(found.edges, dtype=np.float32), NUMBERS, side="right"))
    assert counts.tolist() == [100] * 5
    assert found.features == tuple(f"x bin {number}" for number in range(1, 6))


def test_bins_that_would_be_empty_are_left_out() -> None:
    numbers = np.array([0] * 90 + [1] * 5 + [2] * 5)
    edges = scaling(numbers, bins=20).edges
    assert np.bincount(np.searchsorted(edges, numbers, side="right")).tolist() == [90, 5, 5]
    assert scaling([3] * 9, bins=4).edges == ()


def test_a_hole_is_filled_and_told() -> None:
    found = scaling([1, np.nan, 3, np.inf])
    assert (found.fill, found.indicator) == (2, True)
    assert found.features == ("x", "x is missing")
    assert not scaling([1, np.nan, 3], indicator=False).indicator
    assert scaling([1, 2, 3], indicator=True).indicator


@pytest.mark.parametrize("options", [{}, {"scale": "robust"}, {"scale": "none"}, {"scale": "log"}, {"clip": "iqr"}])
@pytest.mark.parametrize("numbers", [[7, 7, 7], [np.nan] * 3, [], [np.inf, -np.inf]])
def test_a_column_that_says_nothing_becomes_zeros(numbers: list[float], options: dict[str, Any]) -> None:
    found, codes = warned(numbers, **options)
    assert (found.limit, found.tells, codes) == (0, False, [])


def test_a_column_of_mostly_one_number_is_not_clipped_to_it() -> None:
    zeros = [0.0] * 90 + [5.0] * 10
    found, codes = warned(zeros, clip="iqr")
    assert (found.high, found.limit, codes) == (LARGEST, LIMIT, ["AM336"])
    found, codes = warned(zeros, scale="robust")
    assert found.spread == pytest.approx(np.std(zeros))
    assert codes == ["AM337"]


@pytest.mark.parametrize("wrong", [{"bins": 1}, {"clip": [0.9, 0.1]}, {"clip": [0, 2]}, {"scale": "z"}])
def test_options_that_leave_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NumberColumn.model_validate(wrong)
