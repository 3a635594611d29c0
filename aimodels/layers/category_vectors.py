"""Ids of categories to numbers: a 0 or 1 per value, or a learned vector per value."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.data.encodings import CategoryEncoding
from aimodels.layers.embedding import rows_of


@keras.saving.register_keras_serializable(package="aimodels")
class CategoryVectors(keras.layers.Layer):
    """From ids, int32 [N, columns], to the numbers of all columns side by side, [N, F]: first one-hot, then vectors.

    What no training row has (a missing or an unseen value) is all zeros: a weight of its own would stay as it began.
    `l2` is a penalty on the squared size of the vectors.
    """

    def __init__(
        self, columns: Sequence[CategoryEncoding | Mapping[str, Any]], *, l2: float = 0.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.columns = tuple(one if isinstance(one, CategoryEncoding) else _encoding(one) for one in columns)
        self.l2 = l2
        self._one_hot = sorted(
            (number for number, column in enumerate(self.columns) if column.size is None),
            key=lambda number: _depth(self.columns[number]),
        )
        self._learned = [number for number, column in enumerate(self.columns) if column.size is not None]

    @property
    def width(self) -> int:
        """F."""
        slots = sum(self.columns[number].num_ids - len(self.columns[number].untrained) for number in self._one_hot)
        return slots + sum(self.columns[number].size or 0 for number in self._learned)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make a table [ids, size] per column that has learned vectors."""
        penalty = keras.regularizers.L2(self.l2) if self.l2 else None
        self.vectors = []
        for number in self._learned:
            column = self.columns[number]
            shape = (column.num_ids, column.size)
            table = self.add_weight(name=f"vectors_{number}", shape=shape, initializer="uniform", regularizer=penalty)
            is_trained = np.ones((column.num_ids, 1), dtype=np.float32)
            is_trained[list(column.untrained)] = 0
            table.assign(table * is_trained)
            self.vectors.append(table)

    def call(self, ids: Any) -> Any:
        """[N, F] in the precision of the layer."""
        parts = [
            self._slots_of(ids, list(numbers), depth=depth)
            for depth, numbers in groupby(self._one_hot, key=lambda number: _depth(self.columns[number]))
        ]
        for number, table in zip(self._learned, self.vectors, strict=True):
            parts.append(tf.cast(rows_of(table, ids[:, number]), self.compute_dtype))
        return tf.concat(parts, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[N, F]."""
        return (input_shape[0], self.width)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "columns": [asdict(one) for one in self.columns], "l2": self.l2}

    def _slots_of(self, ids: Any, numbers: Sequence[int], *, depth: int) -> Any:
        """One-hot of columns of about the same number of values, in one operation for all of them."""
        wide = tf.one_hot(tf.gather(ids, numbers, axis=1), depth, dtype=self.compute_dtype)
        slots = [
            place * depth + slot
            for place, number in enumerate(numbers)
            for slot in range(self.columns[number].num_ids)
            if slot not in self.columns[number].untrained
        ]
        return tf.gather(tf.reshape(wide, [-1, len(numbers) * depth]), slots, axis=1)


def _depth(column: CategoryEncoding) -> int:
    """The number of ids, rounded up to a power of two."""
    return 1 << (column.num_ids - 1).bit_length()


def _encoding(config: Mapping[str, Any]) -> CategoryEncoding:
    return CategoryEncoding(**{**config, "untrained": tuple(config["untrained"])})
