"""The few cells that keep a column from being one of numbers or of dates are found, counted and shown."""

import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.data.stray_words import StrayWords, advice, stray_words

NUMBERS = [f"{number / 4}" for number in range(99)]
DAYS = [f"{day}.5.2024" for day in range(1, 29)]


def look(cells: list[str | None], decimal: str = ".") -> StrayWords | None:
    return stray_words(pa.chunked_array([pa.array(cells, pa.string())]), decimal=decimal)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([*NUMBERS, "unknown", None], '1 of 100 values is no number: "unknown"'),
        ([*NUMBERS, "a", "b", "c", "d"], '4 of 103 values are no numbers: "a", "b", "c", ...'),
        ([*NUMBERS, *["unknown"] * 90], '90 of 189 values are no numbers: "unknown"'),
        ([*DAYS, "soon"], '1 of 29 values is no date: "soon"'),
        ([*["1,234.50"] * 3, "20", "7.5"], 'numbers with other marks: "1,234.50"'),
        (["1.5", "2,5", "3,5"], 'numbers with other marks: "2,5", "3,5"'),
    ],
)
def test_what_keeps_a_column_from_being_numbers_or_dates(cells, words):
    assert look(cells).words == words


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [None],
        NUMBERS,
        DAYS,
        ["a", "b", "1"],
        [*NUMBERS, *["unknown"] * 120],
        [*NUMBERS, *"abcdefghij"],
        [*["01234", "98765"] * 20, "K1A"],
        ["10.0.0.1", "192.168.0.17"],
        ["007,5", "1,5"],
    ],
)
def test_other_columns_have_none(cells):
    assert look(cells) is None


def test_a_decimal_comma_makes_points_other_marks():
    assert look(["1,5", "2,5", "1.234"], decimal=",").other_mark
    assert look([*[f"{number},5" for number in range(30)], "1.234,5"], decimal=",").words.startswith("1 of 31 values")


def test_advice_can_be_copied():
    strays = look([*NUMBERS, 'so "big"'])
    assert '`data.format.missing: ["", NA, "so \\"big\\""]`' in advice(strays, name="x")
    assert "`data.columns: {x: number}`" in advice(strays, name="x")
    assert "`data.format.decimal`" in advice(look(["1,234.5"]), name="x")


@given(st.lists(st.one_of(st.none(), st.text(max_size=5), st.integers().map(str), st.dates().map(str))))
def test_any_cells_have_strays_that_are_among_them(cells):
    found = look(cells)
    if found is not None:
        assert set(found.first) <= set(cells)
        assert 0 < found.num_strays <= found.num_values == sum(cell is not None for cell in cells)
