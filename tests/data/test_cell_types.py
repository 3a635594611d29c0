"""Cells as numbers and as words: what counts as a number, what as missing, and what as neither."""

import datetime
from decimal import Decimal

import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest

from aimodels.config.table_format import TableFormat
from aimodels.data.cell_types import as_strings, is_simple, typed


def numbers(*cells: str, **format: object) -> list[object]:
    found = typed(pa.array(cells, pa.string()), kind="number", format=TableFormat(**format))
    bad = found.bad.to_pylist() if found.bad is not None else [False] * len(cells)
    values = found.values.to_pylist()
    assert found.values.type == pa.float64()
    return ["bad" if is_bad else value for is_bad, value in zip(bad, values, strict=True)]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("3", 3.0),
        (" 3.4 ", 3.4),
        ("\t-2", -2.0),
        ("+1", 1.0),
        ("1e5", 1e5),
        ("1E-3", 1e-3),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0", 0.0),
        ("1e-400", 0.0),
    ],
)
def test_a_number_is_read_alone_and_beside_words(cell, number):
    assert numbers(cell) == [number]
    assert numbers(cell, "x") == [number, "bad"]


@pytest.mark.parametrize(
    "cell", ["1_000", "0x10", "TRUE", "1,5", "1 2", "1.2.3", "--1", "e5", ".", "1d5", "3 kg", "١", "1e", "+-1", "yes"]
)
def test_what_is_no_number_is_told(cell):
    assert numbers("1", cell, "2") == [1.0, "bad", 2.0]


@pytest.mark.parametrize("cell", ["", "NA", " NA ", "  ", "nan", "-NaN", "NULL", "?", "-", "#N/A"])
def test_missing_numbers_are_null(cell):
    assert numbers(cell, "1") == [None, 1.0]
    assert numbers(cell, "x") == [None, "bad"]


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "+INF", "1e400", "-1e39"])
def test_infinite_numbers_and_those_beyond_a_float32_are_missing_and_counted(cell):
    for beside in ("1", " 1", "x"):
        cells = pa.array([cell, beside, "nan", "NA"])
        found = typed(cells, kind="number", format=TableFormat())
        assert found.num_infinite == 1
        assert found.values.to_pylist()[0] is None
        assert found.values.null_count == 3 + (beside == "x")


def test_words_for_missing_values_can_be_chosen():
    assert numbers("-999", "NA", "", missing=("-999",)) == [None, "bad", None]


def test_a_decimal_comma_makes_the_point_no_part_of_a_number():
    assert numbers("1,5", "-2", "3,", " 1e3 ", "NA", decimal=",") == [1.5, -2.0, 3.0, 1000.0, None]
    assert numbers("1.000", "1.234,5", "1,2,3", decimal=",") == ["bad", "bad", "bad"]


def words(*cells: str, kind: str) -> list[str | None]:
    return typed(pa.array(cells, pa.string()), kind=kind, format=TableFormat()).values.to_pylist()


@pytest.mark.parametrize("kind", ["category", "date"])
def test_white_space_is_no_part_of_a_category_or_a_date(kind):
    assert words(" a b\t", "a b", " NA", "na", "", "\u3000x", kind=kind) == ["a b", "a b", None, "na", None, "x"]


def test_a_text_stays_as_it_is():
    assert words(" Two\nlines. ", " NA ", "", kind="text") == [" Two\nlines. ", None, None]


def test_other_types_become_what_a_csv_file_would_hold():
    def strings(values, kind):
        return as_strings(pa.array(values, kind)).to_pylist()

    moment = datetime.datetime(2024, 5, 31, 13, 45, 10, 999_999)
    assert strings([1.0, 2.5, None, 1e20], pa.float64()) == ["1", "2.5", None, "1e+20"]
    assert strings([7, None], pa.int8()) == ["7", None]
    assert strings([True, False], pa.bool_()) == ["true", "false"]
    assert strings([moment.date()], pa.date32()) == ["2024-05-31"]
    assert strings([moment, None], pa.timestamp("us")) == ["2024-05-31T13:45:10", None]
    assert strings([moment], pa.timestamp("ns", tz="UTC")) == ["2024-05-31T13:45:10"]
    assert strings([Decimal("1.50")], pa.decimal128(5, 2)) == ["1.50"]
    assert strings(["a", None, "a"], pa.dictionary(pa.int8(), pa.string())) == ["a", None, "a"]
    assert strings(["a", None], pa.large_string()) == ["a", None]
    assert strings([None, None], pa.null()) == [None, None]
    assert strings([[1, 2], None], pa.list_(pa.int64())) == ["[1, 2]", None]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None], pa.int32()),
        ([1.0, None], pa.float32()),
        ([1.0, float("nan")], pa.float64()),
        ([True, None], pa.bool_()),
        ([Decimal("1"), None], pa.decimal128(5, 2)),
        (["1", " NA"], pa.dictionary(pa.int8(), pa.string())),
        (["1", "NA"], pa.large_string()),
        (["1", "NA"], pa.string_view()),
    ],
)
def test_numbers_of_other_types_are_numbers(values, kind):
    found = typed(pa.array(values, kind), kind="number", format=TableFormat())
    assert found.values.to_pylist() == [1.0, None]
    assert found.values.type == pa.float64()
    assert found.bad is None


def test_dates_are_no_numbers():
    found = typed(pa.array([datetime.date(2024, 5, 31), None]), kind="number", format=TableFormat())
    assert found.bad.to_pylist() == [True, False]


def test_lists_and_bytes_are_not_simple():
    assert [is_simple(kind) for kind in (pa.list_(pa.int64()), pa.binary(), pa.struct([]))] == [False] * 3
    assert all(is_simple(kind) for kind in (pa.string(), pa.int64(), pa.date64(), pa.dictionary(pa.int8(), pa.int8())))
