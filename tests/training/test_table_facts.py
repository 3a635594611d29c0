"""What a run keeps of its table for pictures: counts by column and split, and the first rows."""

from typing import Any

import numpy as np
import pytest

from aimodels.config.columns import CategoryColumn, DateColumn, NumberColumn, TextColumn
from aimodels.data.dataset import Column, Dataset, Provenance, Split, TableInput, Target
from aimodels.data.gathering import Gathering
from aimodels.data.rows import Rows, rows_of

INPUT = TableInput(
    (
        Column("size", NumberColumn()),
        Column("remark", TextColumn()),
        Column("colour", CategoryColumn()),
        Column("day", DateColumn()),
    )
)
CELLS = {
    "size": [1.0, 2.0, None, 4.0, 5.0, 6.0],
    "remark": ["a", None, None, "d", "e", "f"],
    "colour": ["red", "red", "blue", None, "red", "green"],
    "day": ["2024-01-01", None, "2024-01-03", "x", "2024-01-05", "2024-01-06"],
}


def on_disk(table: Any) -> Rows:
    with Gathering(most_bytes=0) as gathering:
        gathering.add(table)
        return Rows(gathering.store(tuple(map(str, range(len(table))))), np.arange(len(table)))


@pytest.fixture(params=[rows_of, on_disk])
def dataset(request: pytest.FixtureRequest) -> Dataset:
    import pyarrow

    rows = request.param(pyarrow.table(CELLS))
    train = Split("train", rows.take(np.arange(4)), np.array([0, 1, 0, 1]))
    validation = Split("validation", rows.take(np.array([4, 5])), np.array([0, 1]))
    target = Target("binary", ("no", "yes"))
    return Dataset(INPUT, target, train, validation, None, Provenance("made up", fingerprint="0"))


def test_each_column_is_counted_by_split(dataset: Dataset) -> None:
    from aimodels.training.table_facts import columns_seen

    document = columns_seen(dataset)
    size, remark, colour, day = document["columns"]
    assert [(one["name"], one["kind"]) for one in document["columns"]] == [
        (column.name, column.kind) for column in INPUT.columns
    ]
    assert remark["splits"] == {"train": {"count": 4, "missing": 2}, "validation": {"count": 2, "missing": 0}}
    assert day["splits"]["train"] == {"count": 4, "missing": 1}
    assert colour["splits"]["train"] == {
        "count": 4, "missing": 1, "values": ["red", "blue"], "counts": [2, 1], "others": 0,
    }  # fmt: skip
    assert colour["splits"]["validation"]["others"] == 1
    assert (size["splits"]["train"]["missing"], sum(size["splits"]["train"]["counts"])) == (1, 3)
    assert document["target"] is None


def test_a_table_of_texts_alone_is_counted(dataset: Dataset) -> None:
    from aimodels.training.table_facts import columns_seen

    only = Dataset(TableInput(INPUT.columns[1:2]), dataset.target, dataset.train, None, None, dataset.provenance)
    [remark] = columns_seen(only)["columns"]
    assert remark["splits"] == {"train": {"count": 4, "missing": 2}}


def test_the_first_rows_are_kept_as_they_are(dataset: Dataset) -> None:
    from aimodels.training.table_facts import first_rows

    rows = [{name: cells[number] for name, cells in CELLS.items()} for number in range(2)]
    assert first_rows(dataset, count=2) == {"rows": rows, "labels": ["no", "yes"]}
