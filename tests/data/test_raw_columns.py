"""From rows to what a network is given of them."""

import numpy as np
import pyarrow as pa  # noqa: TID253 - what these tests are about

from aimodels.config.columns import CategoryColumn, DateColumn, NumberColumn, TextColumn
from aimodels.data.dataset import Column, TableInput
from aimodels.data.raw_columns import raw

INPUT = TableInput(
    (Column("n", NumberColumn()), Column("c", CategoryColumn()), Column("d", DateColumn()), Column("t", TextColumn()))
)


def table() -> pa.Table:
    columns = {"t": ["ä", None, ""], "d": ["2024-05-31", None, "x"], "c": ["a", "b", None], "n": [1.5, None, 1e300]}
    return pa.table(columns | {"other": [1, 2, 3]})


def test_numbers_are_floats_with_nan_and_the_others_bytes():
    found = raw(table(), input=INPUT)
    assert list(found) == ["n", "c", "d", "t"]
    assert found["n"].dtype == np.float32
    np.testing.assert_array_equal(found["n"], np.float32([1.5, np.nan, np.inf]))
    assert found["t"].tolist() == ["ä".encode(), b"", b""]
    assert found["d"].tolist() == [b"2024-05-31", b"", b"x"]
    assert found["c"].tolist() == [b"a", b"b", b""]
    assert {found[name].dtype for name in "cdt"} == {np.dtype(object)}


def test_pieces_and_no_rows_will_do():
    parts = pa.concat_tables([table(), table().slice(1, 1), table().slice(0, 0)])
    assert raw(parts, input=INPUT)["c"].tolist() == [b"a", b"b", b"", b"b"]
    empty = raw(table().slice(0, 0), input=INPUT)
    assert [len(array) for array in empty.values()] == [0, 0, 0, 0]
