"""The layers that read the columns of a table: always finite, and what NumPy and Python's calendar say."""

import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.data.category_values import CategoryValues
from aimodels.data.date_scaling import DateScaling, PartScaling
from aimodels.data.encodings import CategoryEncoding
from aimodels.data.number_scaling import LARGEST, LIMIT, NumberScaling

pytestmark = pytest.mark.tensorflow

HARD_NUMBERS = np.array(
    [np.nan, np.inf, -np.inf, 1e38, -3.4e38, 3.4028235e38, 1e-45, -0.0, 0.0, 1.5, -7.0], dtype=np.float32
)
HARD_CELLS = ["", " ", "NA", "\u00a0NA\ufeff", "a", " a\t", "\x00", "ä" * 500, "2024-02-30", "9999-99-99", "%Y", "\\1"]
BROKEN = [b"\xff\xfe", b"2024-\xc3-01", b"\x80a", b" \xffa "]


def numbers(*columns: NumberScaling, values: np.ndarray) -> np.ndarray:
    from aimodels.layers.number_columns import NumberColumns

    return np.asarray(NumberColumns(columns)([values] * len(columns)))


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(width=32), min_size=1, max_size=8),
    center=st.floats(width=32, allow_nan=False, allow_infinity=False),
    spread=st.floats(min_value=1e-30, max_value=LARGEST),
    limit=st.sampled_from([0.0, LIMIT]),
    log=st.booleans(),
)
def test_any_number_gives_finite_ones(
    values: list[float], center: float, spread: float, limit: float, log: bool
) -> None:
    one = NumberScaling("x", fill=1.0, center=center, spread=spread, limit=limit, log=log, indicator=True)
    binned = NumberScaling("y", fill=0.0, edges=(-1.0, 2.0))
    found = numbers(one, binned, values=np.array([*values, *HARD_NUMBERS], dtype=np.float32))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= max(limit, 1)


def test_numbers_are_filled_clipped_scaled_and_told() -> None:
    values = np.array([np.nan, -5, 1, 100, np.inf], dtype=np.float32)
    one = NumberScaling("x", fill=7, low=-1, high=10, center=1, spread=2, limit=LIMIT, indicator=True)
    log = NumberScaling("y", fill=0, log=True, limit=LIMIT)
    binned = NumberScaling("z", fill=1, edges=(1.0, 50.0))
    from aimodels.layers.number_columns import NumberColumns

    layer = NumberColumns([binned, one, log])
    assert layer.features == ("x", "y", "x is missing", "z bin 1", "z bin 2", "z bin 3")
    np.testing.assert_allclose(
        np.asarray(layer([values] * 3)),
        [
            [3, 0, 1, 0, 1, 0],
            [-1, -np.log(6), 0, 1, 0, 0],
            [0, np.log(2), 0, 0, 1, 0],
            [4.5, np.log(101), 0, 0, 0, 1],
            [3, 0, 1, 0, 1, 0],
        ],
        rtol=1e-6,
    )


def test_where_a_number_stands_in_its_batch_changes_no_digit() -> None:
    values = np.random.default_rng(0).gamma(1.0, 100.0, size=37).astype(np.float32)
    one = NumberScaling("x", fill=0, log=True, center=3.1, spread=0.7, limit=LIMIT)
    together = numbers(one, values=values)
    alone = np.concatenate([numbers(one, values=values[[place]]) for place in range(len(values))])
    np.testing.assert_array_equal(together, alone)


def category_ids(cells: list[Any], **column: Any) -> list[int]:
    from aimodels.layers.category_columns import CategoryColumns

    layer = CategoryColumns([CategoryValues("other", values=("b",)), CategoryValues("x", **column)], missing=("NA",))
    values = np.array([cell if isinstance(cell, bytes) else cell.encode() for cell in cells], dtype=object)
    return [int(number) for number in np.asarray(layer([values, values]))[:, 1]]


def test_categories_have_slots_for_missing_and_unseen_values() -> None:
    cells = ["a", " a\u00a0", "ä", "", " \t", "NA", " NA ", "na", "b", "1:a", b"\xff"]
    assert category_ids(cells, values=("a", "ä")) == [2, 2, 3, 0, 0, 0, 0, 1, 1, 1, 1]


def test_hashes_are_those_of_tensorflow() -> None:
    import tensorflow as tf

    cells = ["a", "Größe", "NA", "", *map(str, range(200))]
    expected = 2 + tf.strings.to_hash_bucket_fast(cells, 50).numpy()
    expected[2:4] = 0
    assert category_ids(cells, buckets=50) == expected.tolist()


def test_any_cell_gets_an_id_and_a_finite_date() -> None:
    from aimodels.layers.date_columns import DateColumns

    cells = [*HARD_CELLS, *BROKEN]
    assert set(category_ids(cells, values=("a",))) == {0, 1, 2}
    assert set(category_ids(cells, buckets=3)) <= {0, 2, 3, 4}
    parts = (PartScaling("year", center=2000, spread=1e-3), PartScaling("month", cycle=True))
    values = np.array([cell if isinstance(cell, bytes) else cell.encode() for cell in cells], dtype=object)
    for format in ("iso", "%d.%m.%Y", "%Y%m%d %H%M%S"):
        found = np.asarray(DateColumns([DateScaling("d", format, parts, indicator=True)])([values]))
        assert np.isfinite(found).all()
        assert (found[:, -1] == 1).all()
        assert not found[:, :-1].any()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.datetimes(min_value=datetime.datetime(1, 1, 1)), min_size=1, max_size=20))
def test_dates_are_those_of_the_calendar(moments: list[datetime.datetime]) -> None:
    from aimodels.layers.date_parsing import dates_of

    expected = [
        [*moment.timetuple()[:3], moment.weekday(), moment.timetuple().tm_yday, moment.hour, moment.minute]
        for moment in moments
    ]
    patterns = {"iso": "{0:04}-{1:02}-{2:02}T{3:02}:{4:02}", "%d.%m.%Y %H:%M": "{2}.{1}.{0:04} {3}:{4:02}"}
    for format, pattern in patterns.items():
        cells = [pattern.format(*moment.timetuple()[:5]) for moment in moments]
        dates = dates_of(np.array([cell.encode() for cell in cells], dtype=object), format=format)
        assert dates.parts().numpy().tolist() == expected
        assert dates.is_date.numpy().all()


@pytest.mark.parametrize(
    ("cell", "format", "is_date"),
    [
        ("2024-02-29", "iso", True),
        ("2023-02-29", "iso", False),
        ("1900-02-29", "iso", False),
        ("2000-02-29 23:59:60", "iso", True),
        ("2000-02-29T12:00:00.123456Z", "iso", True),
        ("2000-02-29T12:00+02:00", "iso", True),
        ("2000-02-29 24:00", "iso", False),
        ("2000-13-01", "iso", False),
        ("2000-00-01", "iso", False),
        ("2000-01-00", "iso", False),
        ("20000101", "iso", False),
        ("20000131", "%Y%m%d", True),
        ("31/1/2000", "%d/%m/%Y", True),
        ("1/31/2000", "%d/%m/%Y", False),
        ("31.1.2000", "%d/%m/%Y", False),
        ("31a1a2000", "%d.%m.%Y", False),
        ("[31](1)+2000", "[%d](%m)+%Y", True),
    ],
)
def test_what_is_a_date(cell: str, format: str, is_date: bool) -> None:
    import tensorflow as tf

    from aimodels.layers.date_parsing import dates_of

    assert bool(dates_of(tf.constant([cell]), format=format).is_date[0]) is is_date


def test_dates_agree_with_those_that_put_rows_in_order() -> None:
    import pyarrow as pa
    import tensorflow as tf

    from aimodels.data.dates import seconds
    from aimodels.layers.date_parsing import dates_of

    cells = ["2024-02-29", "2024-02-30", "1969-12-31T23:59:59", "0000-01-01", "x", "2024-1-1", "2024-01-01 7:30"]
    dates = dates_of(tf.constant(cells), format="iso")
    assert dates.is_date.numpy().tolist() == seconds(pa.array(cells), format="iso").is_valid().to_pylist()


def test_cycles_are_waves_and_other_parts_are_scaled() -> None:
    from aimodels.layers.date_columns import DateColumns

    parts = (PartScaling("year", center=2020, spread=2), PartScaling("month", cycle=True))
    layer = DateColumns([DateScaling("d", "iso", parts, indicator=True), DateScaling("e", "iso")], missing=("NA",))
    assert layer.features == ("d year", "d month sine", "d month cosine", "d is missing", "e")
    cells = np.array([b"2024-01-05", b"2018-10-01 ", b"NA", b"soon"], dtype=object)
    expected = [[2, 0, 1, 0, 0], [-1, -1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]]
    np.testing.assert_allclose(np.asarray(layer([cells, cells])), expected, atol=1e-6)


def test_ids_become_slots_and_vectors() -> None:
    from aimodels.layers.category_vectors import CategoryVectors

    columns = [
        CategoryEncoding("a", num_ids=4, untrained=(1,)),
        CategoryEncoding("b", num_ids=5, size=2, untrained=(0, 1)),
        CategoryEncoding("c", num_ids=9),
        CategoryEncoding("d", num_ids=3),
    ]
    layer = CategoryVectors(columns)
    found = np.asarray(layer(np.array([[2, 1, 8, 0], [1, 3, 0, 2]], dtype=np.int32)))
    # The columns of few values first: a without its slot for unseen values, d, c, and the vectors of b.
    assert found[:, :3].tolist() == [[0, 1, 0], [0, 0, 0]]
    assert found[:, 3:6].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert found[:, 6:15].argmax(axis=1).tolist() == [8, 0]
    assert found.shape == (2, layer.width)
    vectors = np.asarray(layer.vectors[0])
    assert not vectors[:2].any()
    np.testing.assert_array_equal(found[1, 15:], vectors[3])
    assert not found[0, 15:].any()
