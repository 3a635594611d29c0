"""Columns of categories to ids, by the values of the training split or by a hash."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.data.category_values import CategoryValues
from aimodels.data.encodings import FIRST_VALUE, MISSING, UNSEEN
from aimodels.layers.cells import cleaned

ON_CPU = partial(tf.device, "CPU:0")  # there are no strings on a GPU


@keras.saving.register_keras_serializable(package="aimodels")
class CategoryColumns(keras.layers.Layer):
    """From one tensor per column, UTF-8 string [N], to ids, int32 [N, columns]: 0 is missing, 1 is unseen in training.

    White space around a value does not count, and the words in `missing` are missing. A column with `buckets` has no
    list of values: the id is 2 plus the remainder of FarmHash's Fingerprint64 (the same on every machine), as
    `tf.strings.to_hash_bucket_fast` gives it. One table holds the values of all columns, each behind the number of its
    column, so that a network has few operations however many columns there are.
    """

    def __init__(
        self, columns: Sequence[CategoryValues | Mapping[str, Any]], *, missing: Sequence[str] = (), **layer: Any
    ) -> None:
        super().__init__(**{"dtype": "int32", **layer})
        self.columns = tuple(one if isinstance(one, CategoryValues) else _values(one) for one in columns)
        self.missing = tuple(missing)
        self._convert_input_args = False  # Keras would refuse strings
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False
        with tf.init_scope(), ON_CPU():
            self.table = self._table()

    def call(self, columns: Sequence[Any]) -> Any:
        """int32 [N, columns] of one string [N] per column."""
        with ON_CPU():
            cells = tf.stack([tf.convert_to_tensor(column, dtype=tf.string) for column in columns], axis=1)
            numbers = tf.broadcast_to(tf.range(len(self.columns)), tf.shape(cells))
            return self.ids_of(cells, numbers)

    def ids_of(self, cells: Any, numbers: Any) -> Any:
        """The id of each cell, int32; `numbers` (of the same shape) says which column it belongs to."""
        with ON_CPU():
            cells = cleaned(cells, missing=self.missing)
            ids = self.table.lookup(tf.strings.join([tf.gather(_prefixes(len(self.columns)), numbers), cells]))
            buckets = np.array([column.buckets for column in self.columns], dtype=np.int64)
            if buckets.any():
                wanted = tf.gather(buckets, numbers)
                ids = tf.where(wanted > 0, FIRST_VALUE + _bucket(cells, buckets=tf.maximum(wanted, 1)), ids)
            return tf.where(tf.equal(cells, ""), MISSING, ids)

    def compute_output_spec(self, columns: Sequence[Any]) -> keras.KerasTensor:
        """One row per row."""
        return keras.KerasTensor((columns[0].shape[0], len(self.columns)), dtype="int32")

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        own = {"columns": [asdict(one) for one in self.columns], "missing": list(self.missing)}
        return {**super().get_config(), **own}

    def _table(self) -> Any:
        # Never empty, as a table must not be; no key is, as each begins with the number of its column.
        keys, ids = [b""], [MISSING]
        for prefix, column in zip(_prefixes(len(self.columns)), self.columns, strict=True):
            keys += [prefix + value.encode() for value in column.values]
            ids += range(FIRST_VALUE, FIRST_VALUE + len(column.values))
        entries = tf.lookup.KeyValueTensorInitializer(tf.constant(keys), tf.constant(ids, dtype=tf.int32))
        return tf.lookup.StaticHashTable(entries, default_value=UNSEEN)


def _prefixes(count: int) -> list[bytes]:
    return [f"{number}:".encode() for number in range(count)]


def _bucket(cells: Any, *, buckets: Any) -> Any:
    """The remainder of the fingerprint of each cell, int32."""
    flat = tf.bitcast(tf.fingerprint(tf.reshape(cells, [-1])), tf.uint64)
    remainder = tf.math.floormod(flat, tf.cast(tf.reshape(buckets, [-1]), tf.uint64))
    return tf.reshape(tf.cast(remainder, tf.int32), tf.shape(cells))


def _values(config: Mapping[str, Any]) -> CategoryValues:
    return CategoryValues(**{**config, "values": tuple(config["values"]), "untrained": tuple(config["untrained"])})
