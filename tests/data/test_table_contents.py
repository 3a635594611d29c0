"""Keys of rows: equal rows have equal ones, and nothing else does."""

import numpy as np
import pyarrow as pa  # noqa: TID253 - what these tests are about
from hypothesis import given
from hypothesis import strategies as st

from aimodels.data.rows import rows_of
from aimodels.data.table_contents import contents, num_copies, row_keys

CELLS = st.tuples(
    st.one_of(st.none(), st.floats(allow_nan=False), st.sampled_from([0.0, -0.0, 1.0])),
    st.one_of(st.none(), st.text(max_size=2), st.sampled_from(["", "a"])),
)


def table(rows: list[tuple[float | None, str | None]]) -> pa.Table:
    numbers, texts = [row[0] for row in rows], [row[1] for row in rows]
    return pa.table({"n": pa.array(numbers, pa.float64()), "t": pa.array(texts, pa.string())})


@given(st.lists(CELLS, min_size=1, max_size=20))
def test_rows_are_equal_where_their_keys_are(rows):
    keys = row_keys(table(rows)).tolist()
    for first in range(len(rows)):
        for second in range(first):
            assert (keys[first] == keys[second]) == (rows[first] == rows[second])


def test_columns_do_not_change_places():
    swapped = pa.table({"a": ["x", "y"], "b": ["y", "x"]})
    assert len(set(row_keys(swapped).tolist())) == 2


def test_missing_is_a_value_of_its_own():
    assert len(set(row_keys(table([(None, None), (None, ""), (0.0, None), (0.0, "")])).tolist())) == 4


def test_going_through_rows_keeps_their_order():
    rows = rows_of(table([(float(index), f"t{index}") for index in range(10)])).take(np.array([7, 2, 2]))
    found = contents(rows, kept=["t"], compared=["n", "t"])
    assert found.columns["t"].to_pylist() == ["t7", "t2", "t2"]
    assert found.keys[1] == found.keys[2] != found.keys[0]
    assert found.take(np.array([2, 0])).columns["t"].to_pylist() == ["t2", "t7"]


def test_copies_are_those_in_an_earlier_part():
    parts = [np.array(keys, dtype=np.uint64) for keys in ([1, 2, 2], [2, 3], [3, 3, 4])]
    assert num_copies(parts) == 3
    assert num_copies(parts[:1]) == 0
