"""Rows of a table for the training loop: brought to numbers once, kept in memory, or on disk if they are too many."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.data.dataset import Split
from aimodels.data.plurals import counted
from aimodels.data.rows import RowsInMemory
from aimodels.events import phase
from aimodels.layers.text_reading import readers_of
from aimodels.preprocessing import columns
from aimodels.preprocessing.words import Encoded
from aimodels.runs.atomic import cannot_write
from aimodels.training.encoded_rows import Stored, StoredTensor, StoredTexts, Wanted, store
from aimodels.training.ordering import Order, in_sequence, shuffled, shuffled_in_windows
from aimodels.training.pipelines import as_written, in_order
from aimodels.training.text_counts import TextCounts, counting

# What is read from disk at once: enough to mix rows from all over, little enough for memory.
WINDOW_BYTES = 2**25
BATCHES_AT_ONCE = 32


@dataclass(frozen=True)
class TableSource:
    """The rows of a split in memory, as the tensors that go into the architecture, by name; texts are ragged.

    `texts` says how the texts of each text column were read, by their key.
    """

    tensors: dict[str, Any]
    num_examples: int
    batch_size: int
    texts: dict[str, TextCounts] = field(default_factory=dict)

    def num_batches(self, num_chosen: int) -> int:
        """Batches that show so many rows."""
        return -(-num_chosen // self.batch_size)

    def shuffled(self, chosen: npt.NDArray[np.int64], *, seed: int, epoch: int) -> Order:
        """The chosen rows in random order."""
        return shuffled(len(chosen), size=self.batch_size, seed=seed, epoch=epoch).of(chosen)

    def in_sequence(self) -> Order:
        """Every row once, as they come."""
        return in_sequence(np.arange(self.num_examples), size=self.batch_size)

    def batches(self, order: Order, *, targets: tuple[Any, ...]) -> tf.data.Dataset:
        """The batches of an order: a tensor per name, then what `targets` has for these rows."""

        def fetch(chosen: Any) -> tuple[Any, ...]:
            found = {name: _padded(tf.gather(whole, chosen)) for name, whole in self.tensors.items()}
            return (found, *(tf.gather(each, chosen) for each in targets))

        if self._has_texts or order.size is None:
            return in_order(order, fetch)
        # A small batch takes less time than the call that gathers it, so that many are gathered at once.
        num_whole = len(order.positions) // order.size
        whole, rest = np.split(order.positions, [num_whole * order.size])
        several = tf.data.Dataset.from_tensor_slices(whole.reshape(-1, order.size)).batch(BATCHES_AT_ONCE)
        gathered = several.map(as_written(fetch), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).unbatch()
        last = tf.data.Dataset.from_tensor_slices(rest[None] if len(rest) else rest[:0, None])
        batches = gathered.concatenate(last.map(as_written(fetch)))
        return batches.apply(tf.data.experimental.assert_cardinality(len(order)))

    @property
    def _has_texts(self) -> bool:
        return any(isinstance(each, tf.RaggedTensor) for each in self.tensors.values())


@dataclass(frozen=True)
class StoredTableSource:
    """The rows of a split on disk. They are read in windows, each shuffled in memory; see `ordering`.

    `folder` and the files in it go with this object. `texts` is that of a `TableSource`.
    """

    stored: dict[str, Stored]
    num_examples: int
    batch_size: int
    folder: Path
    texts: dict[str, TextCounts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def window(self) -> int:
        """Rows that are read at once: whole batches, of a bounded number of bytes."""
        most = max(1, WINDOW_BYTES // max(1, sum(map(self._row_bytes, self.stored.values()))))
        return max(1, most // self.batch_size) * self.batch_size

    def num_batches(self, num_chosen: int) -> int:
        """Batches that show so many rows."""
        return -(-num_chosen // self.batch_size)

    def shuffled(self, chosen: npt.NDArray[np.int64], *, seed: int, epoch: int) -> Order:
        """The chosen rows in random order, such that each window reads few places of the files."""
        order = shuffled_in_windows(len(chosen), size=self.batch_size, window=self.window, seed=seed, epoch=epoch)
        return order.of(chosen)

    def in_sequence(self) -> Order:
        """Every row once, as they come."""
        return in_sequence(np.arange(self.num_examples), size=self.batch_size)

    def batches(self, order: Order, *, targets: tuple[Any, ...]) -> tf.data.Dataset:
        """The batches of an order: a tensor per name, then what `targets` has for these rows."""
        rows = [np.asarray(each) for each in targets]

        at_once = max(1, self.window // self.batch_size)

        def windows() -> Iterator[tuple[Any, ...]]:
            for first in range(0, len(order), at_once):
                starts = order.starts[first : first + at_once + 1]
                positions = order.positions[starts[0] : starts[-1]]
                yield (starts - starts[0], self._read(positions), *(each[positions] for each in rows))

        specs = (
            tf.TensorSpec([None], tf.int64),
            {name: _spec(each) for name, each in self.stored.items()},
            *(tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in rows),
        )
        whole = tf.data.Dataset.from_generator(windows, output_signature=specs).prefetch(1)
        return whole.flat_map(as_written(self._cut)).apply(tf.data.experimental.assert_cardinality(len(order)))

    def _read(self, positions: npt.NDArray[np.int64]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        wanted = Wanted(positions)
        for name, each in self.stored.items():
            read = each.read(wanted)
            found[name] = _ragged(read) if isinstance(read, Encoded) else read
        return found

    def _cut(self, starts: Any, found: Any, *rows: Any) -> tf.data.Dataset:
        """The batches of one window."""

        def batch(start: Any, end: Any) -> tuple[Any, ...]:
            cut = {name: _padded(whole[start:end]) for name, whole in found.items()}
            return (cut, *(each[start:end] for each in rows))

        return tf.data.Dataset.from_tensor_slices((starts[:-1], starts[1:])).map(as_written(batch))

    def _row_bytes(self, each: Stored) -> int:
        if isinstance(each, StoredTensor):
            return each.row_bytes
        return 4 * int(each.starts[-1]) // max(1, self.num_examples)


def table_source(split: Split, *, reading: keras.Model, batch_size: int) -> TableSource | StoredTableSource:
    """Bring every row of a split to numbers, once; `reading` is the fitted preprocessing.

    Raises:
        MachineError: the rows do not fit on the disk.
    """
    rows = split.rows
    with phase(f"encoding {counted(len(rows), f'{split.name} row')}"):
        texts: dict[str, TextCounts] = {}
        layers = {layer.name: layer for _, layer in readers_of(reading)}
        chunks = counting(columns.encode(reading, rows), layers=layers, counts=texts)
        if isinstance(rows.store, RowsInMemory):
            return TableSource(_joined(list(chunks)), len(rows), batch_size, texts)
        folder = Path(tempfile.mkdtemp(prefix="aimodels-rows-"))
        try:
            return StoredTableSource(store(chunks, folder), len(rows), batch_size, folder, texts)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise cannot_write(folder, error, elsewhere="name another one in TMPDIR") from error
            raise


def _joined(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """Chunks of rows as one tensor per name, outside any GPU."""
    with tf.device("CPU:0"):
        joined = {}
        for name, first in chunks[0].items():
            parts = [chunk[name] for chunk in chunks]
            if isinstance(first, Encoded):
                joined[name] = tf.concat([_ragged(part) for part in parts], axis=0)
            else:
                joined[name] = tf.constant(np.concatenate(parts))
        return joined


def _ragged(texts: Encoded) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_splits(texts.ids, texts.starts, validate=False)


def _padded(rows: Any) -> Any:
    return rows.to_tensor(0) if isinstance(rows, tf.RaggedTensor) else rows


def _spec(each: Stored) -> Any:
    if isinstance(each, StoredTexts):
        return tf.RaggedTensorSpec([None, None], tf.int32, row_splits_dtype=tf.int64)
    return tf.TensorSpec((None, *each.row_shape), each.dtype)
