"""What columns are taken for, by their cells."""

import numpy as np
import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest

from aimodels.data import dates
from aimodels.data.column_kinds import Seen, is_identifier_name, numbers_in, seen


def look(*cells: str | None, name: str = "c", decimal: str = ".") -> Seen:
    return seen(name, pa.chunked_array([pa.array(cells, pa.string())]), decimal=decimal)


NAMES = [f"user{number}@example.org" for number in range(25)]
SENTENCES = [f"no two of these texts are {number} alike" for number in range(5)]


@pytest.mark.parametrize(
    ("cells", "kind", "summary"),
    [
        (["1", "2.5", "-3e2", None], "number", "3 numbers, 1 missing, -300 to 2.5"),
        ([" 1 ", "+2", ".5", "7."], "number", "4 numbers, 0.5 to 7"),
        (["0", "1", "0"], "number", "3 numbers, 0 to 1"),
        (["inf", "1", "2"], "number", "3 numbers, 1 to 2"),
        (["inf", "-inf"], "number", "2 numbers, none finite"),
        (["007", "010", "010"], "category", "3 values, 2 different"),
        (["1,5", "2"], "category", '2 values, 2 different; numbers with other marks: "1,5"'),
        (["a", "b", "a", None], "category", "3 values, 1 missing, 2 different"),
        (["a", None], "category", "1 value, 1 missing, 1 different"),
        (["a", "a"], "ignore", "2 values, always a"),
        ([None, None], "ignore", "0 values, 2 missing, nothing in it"),
        ([str(number) for number in range(7, 32)], "ignore", "25 values, a number for each row"),
        ([str(number * 3) for number in range(25)], "number", "25 numbers, 0 to 72"),
        ([str(number) for number in range(5)], "number", "5 numbers, 0 to 4"),
        (NAMES, "ignore", "25 values, a name for each row"),
        (NAMES[:10], "category", "10 values, 10 different"),
        (SENTENCES, "text", "5 texts, about 8 words each"),
        (SENTENCES[:1] * 9 + SENTENCES, "category", "14 values, 5 different"),
        (["2024-05-31", "2023-12-01"], "date", "2 dates, 2023-12-01 to 2024-05-31"),
        (["31.05.2024", None], "date", "1 date, 1 missing, 2024-05-31 to 2024-05-31"),
        (["1/2/2024", "3/4/2024"], "date", "2 dates, 2024-02-01 to 2024-04-03; is the day first?"),
        (["2024-02-30", "2024-02-28"], "category", "2 values, 2 different"),
    ],
)
def test_a_column_is_what_its_cells_are(cells, kind, summary):
    found = look(*cells)
    assert (found.column.kind, found.summary) == (kind, summary)


def test_a_number_for_each_row_is_known_by_its_name_too():
    cells = [str(number * 3) for number in range(25)]
    assert look(*cells, name="PassengerId").column.kind == "ignore"
    assert look(*cells, name="customer_id").column.kind == "ignore"
    assert look(*cells, name="paid").column.kind == "number"


def test_in_the_first_rows_of_many_one_value_may_mean_that_they_are_sorted():
    cells = pa.chunked_array([pa.array(["a"] * 9)])
    assert seen("c", cells, is_whole=False).column.kind == "category"
    assert seen("c", cells).column.kind == "ignore"


def test_what_a_decimal_comma_makes_no_number_is_not_guessed_to_be_one():
    assert look("1.234", "2.000", "3", decimal=",").column.kind == "category"
    assert look("1.234", "2.000", "3").column.kind == "number"


def test_a_decimal_comma_is_read():
    found = look("1,5", "2", decimal=",")
    assert (found.column.kind, found.summary) == ("number", "2 numbers, 1.5 to 2")


def test_a_value_is_shown_on_one_line_and_short():
    assert look("a\nb" * 40).content == "always a ba ba ba ba ba ba…"


def test_a_date_has_the_format_that_fits():
    assert look("13/02/2024", "01/02/2024").column.format == "%d/%m/%Y"
    assert look("02/13/2024", "01/02/2024").column.format == "%m/%d/%Y"
    assert look("2024-05-31T13:45:10Z", "2024-05-31").column.format == "iso"
    assert look("31.05.2024 13:45", "1.6.2024 9:05").column.format == "%d.%m.%Y %H:%M"


def test_dates_become_seconds():
    cells = ["1970-01-02", "2024-02-29T12:00:30", "2023-02-29", "x", None, "1969-12-31 23:59"]
    assert dates.seconds(pa.array(cells), format="iso").to_pylist() == [86_400, 1_709_208_030, None, None, None, -60]
    assert dates.seconds(pa.array(["29.2.2024", "2024-02-29"]), format="%d.%m.%Y").to_pylist() == [1_709_164_800, None]


def test_numbers_are_all_or_none():
    assert numbers_in(pa.array(["1", "a"])) is None
    assert numbers_in(pa.array([], pa.string())).tolist() == []
    assert np.isnan(numbers_in(pa.array(["nan", "NaN"]))).all()


@pytest.mark.parametrize("name", ["id", "ID", "user_id", "Unnamed: 0", "uuid", "row", "orderId"])
def test_names_of_identifiers(name):
    assert is_identifier_name(name)


@pytest.mark.parametrize("name", ["paid", "width", "arrow", "valid", "grid", "idea"])
def test_names_of_other_things(name):
    assert not is_identifier_name(name)
