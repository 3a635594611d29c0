"""A decimal comma is found where it cannot be anything else."""

import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.data.decimal_marks import decimal_of


def found(*columns: list[str | None]) -> str:
    return decimal_of([pa.chunked_array([pa.array(cells, pa.string())]) for cells in columns])


@pytest.mark.parametrize(
    ("columns", "decimal"),
    [
        ([["77,5", "3", "-0,25", None]], ","),
        ([["1", "2"], ["a", "b"], ["1,5", "2,25"]], ","),
        ([["1,5e3", ",5"]], ","),
        ([["1,234", "0,5"]], ","),
        ([["77,5"] * 3, ["1.5", "2"]], "."),
        ([["77,5"] * 3, ["31.12.2024", "1.2.3"], ["10.0.0.1"]], ","),
        ([["1,234", "22,000", "-333,444"]], "."),
        ([["1,234,567"]], "."),
        ([["a,b", "1,5"]], "."),
        ([["1", "2"]], "."),
        ([[None]], "."),
        ([], "."),
    ],
)
def test_a_comma_is_taken_for_a_decimal_mark_only_where_nothing_speaks_against_it(columns, decimal):
    assert found(*columns) == decimal


def test_a_few_words_among_the_numbers_do_not_hide_it():
    numbers = [f"{number},5" for number in range(40)]
    assert found([*numbers, "unknown"]) == ","
    assert found([*numbers, "a", "b", "c"]) == "."


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr), min_size=1))
def test_numbers_with_a_point_always_have_one_and_with_a_comma_nearly_always(numbers):
    assert found(numbers) == "."
    with_comma = [number.replace(".", ",") for number in numbers]
    is_plain = any("," in cell and not (cell.rpartition(",")[2].isdigit() and len(cell.rpartition(",")[2]) == 3)
                   for cell in with_comma)  # fmt: skip
    if is_plain:
        assert found(with_comma) == ","
