"""Rows on disk and in memory: the same rows in every order, and nothing is left behind."""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa  # noqa: TID253 - what these tests are about
import pytest

from aimodels.data import gathering, stored_rows
from aimodels.data.gathering import Gathering
from aimodels.data.row_names import RowNames
from aimodels.data.rows import Rows, RowsInMemory, RowStore
from aimodels.errors import MachineError
from aimodels.events import Event, PhaseEnded, PhaseStarted, listening

NUM_ROWS = 1000


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder for temporary files, in which nothing is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(gathering, "MOST_BATCH_ROWS", 64)
    yield folder
    if any(folder.iterdir()):
        gc.collect()
    assert list(folder.iterdir()) == []


def names() -> RowNames:
    found = RowNames([Path("data/a.csv"), Path("data/b.csv")])
    found.extend(np.arange(1, 601), file=0)
    found.extend(np.concatenate([np.arange(1, 100), np.arange(200, 501)]), file=1)
    return found


def table() -> pa.Table:
    numbers = [None if number % 7 == 0 else number / 2 for number in range(NUM_ROWS)]
    words = [None if number % 5 == 0 else f"ä{number}" * (number % 3) for number in range(NUM_ROWS)]
    return pa.table({"n": numbers, "w": words, "i": [float(number) for number in range(NUM_ROWS)]})


def gathered(*, most_bytes: int) -> RowStore:
    whole, start = table(), 0
    with Gathering(most_bytes=most_bytes) as rows:
        for length in (1, 0, 150, 3, 64, 400, 5, 377):
            rows.add(whole.slice(start, length))
            start += length
        assert start == NUM_ROWS
        return rows.store(names())


STORES = pytest.mark.parametrize("most_bytes", [1 << 20, 4000, 0], ids=["memory", "disk", "disk at once"])
ORDERS = {
    "all": np.arange(NUM_ROWS),
    "none": np.arange(0),
    "one": np.array([999]),
    "a run": np.arange(60, 200),
    "rising": np.arange(0, NUM_ROWS, 3),
    "falling": np.arange(NUM_ROWS)[::-1],
    "random": np.random.default_rng(0).permutation(NUM_ROWS)[:300],
    "repeated": np.array([5, 5, 700, 5, 64, 63]),
}


@STORES
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_rows_come_in_the_order_that_is_asked_for(most_bytes, order):
    store = gathered(most_bytes=most_bytes)
    assert isinstance(store, RowsInMemory) == (most_bytes == 1 << 20)
    assert len(store) == NUM_ROWS
    assert store.table(order).equals(table().take(order))
    assert store.table(order, columns=["w", "n"]).equals(table().take(order).select(["w", "n"]))


@STORES
def test_rows_are_read_some_at_a_time(most_bytes):
    rows = Rows(gathered(most_bytes=most_bytes), ORDERS["rising"])
    tables = list(rows.tables(rows_at_once=50, columns=["i"]))
    assert [len(part) for part in tables] == [50, 50, 50, 50, 50, 50, 34]
    assert pa.concat_tables(tables).column("i").to_pylist() == ORDERS["rising"].tolist()
    assert rows.take(np.array([3, 1])).table(columns=["i"]).column("i").to_pylist() == [9, 3]


def test_long_rows_are_looked_at_few_at_a_time(monkeypatch):
    monkeypatch.setattr(gathering, "BATCH_BYTES", 1000)
    tables = list(Rows(gathered(most_bytes=0), np.arange(NUM_ROWS)).tables())
    assert len(tables) > 5
    assert pa.concat_tables(tables).equals(table())
    assert len(list(Rows(gathered(most_bytes=1 << 20), np.arange(NUM_ROWS)).tables())) == 1


@STORES
def test_rows_are_called_by_their_file_and_number(most_bytes):
    store = gathered(most_bytes=most_bytes)
    found = [store.name_of(position) for position in (0, 599, 600, 698, 699, 999)]
    assert found == ["a.csv row 1", "a.csv row 600", "b.csv row 1", "b.csv row 99", "b.csv row 200", "b.csv row 500"]


def test_each_batch_is_read_once_where_positions_rise(monkeypatch):
    store = gathered(most_bytes=0)
    read: list[int] = []
    reader = store._reader(None)
    counted = SimpleNamespace(get_batch=lambda number: read.append(number) or reader.get_batch(number))
    monkeypatch.setattr(stored_rows.StoredRows, "_reader", lambda self, columns: counted)
    for part in Rows(store, ORDERS["rising"]).tables(rows_at_once=10):
        assert len(part)
    assert read == list(range(16))


def test_several_threads_may_read():
    store = gathered(most_bytes=0)
    orders = [np.random.default_rng(seed).permutation(NUM_ROWS) for seed in range(20)]
    with ThreadPoolExecutor(8) as pool:
        for order, found in zip(orders, pool.map(store.table, orders), strict=True):
            assert found.column("i").to_pylist() == order.tolist()


def test_it_is_told_that_rows_go_to_disk(temporary):
    heard: list[Event] = []
    with listening(heard.append):
        gathered(most_bytes=1 << 20)
        assert heard == []
        gathered(most_bytes=0)
    assert [type(event) for event in heard] == [PhaseStarted, PhaseEnded]
    assert heard[0] == PhaseStarted(f"writing rows to {temporary}, too many for memory")


def test_an_error_on_the_way_leaves_nothing_behind(temporary):
    def fail() -> None:
        with Gathering(most_bytes=0) as rows:
            rows.add(table())
            assert len(list(temporary.iterdir())) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()


def test_too_little_room_on_the_disk_is_told_before_anything_is_written(monkeypatch, temporary):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5 << 20))
    with Gathering(least_bytes=6 << 20, most_bytes=0) as rows, pytest.raises(MachineError) as caught:
        rows.add(table())
    assert caught.value.code == "AM704"
    assert "6 MiB are needed at least, 5 MiB are free" in caught.value.message
    assert "TMPDIR" in caught.value.help


def test_a_disk_that_is_full_is_told(monkeypatch):
    full = SimpleNamespace(write_table=lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with Gathering(most_bytes=0) as rows:
        rows.add(table().slice(0, 10))
        full.close = rows._file._writer.close
        rows._file._writer = full
        with pytest.raises(MachineError, match="No space left on device"):
            rows.add(table())
