"""Arrow tables through the layers of the columns, many rows at a time: the same operations as in the network."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from aimodels.data.raw_columns import raw_numbers
from aimodels.layers.category_columns import CategoryColumns
from aimodels.layers.date_columns import DateColumns
from aimodels.layers.number_columns import NumberColumns

Numbers = Callable[[pa.Table], npt.NDArray[np.float32]]
Ids = Callable[[pa.Table], npt.NDArray[np.int32]]


def number_reader(layer: NumberColumns) -> Numbers:
    """A function from a table to the inputs that its numbers become, [N, F]."""
    signature = [tf.TensorSpec([None, len(layer.columns)], tf.float32)]
    features = tf.function(layer.features_of, input_signature=signature, autograph=False)

    def read(table: pa.Table) -> npt.NDArray[np.float32]:
        matrix = np.empty((table.num_rows, len(layer.columns)), dtype=np.float32)
        for number, column in enumerate(layer.columns):
            matrix[:, number] = raw_numbers(table[column.name])
        found: npt.NDArray[np.float32] = features(matrix).numpy()
        return found

    return read


def date_reader(layer: DateColumns) -> Numbers:
    """A function from a table to the inputs that its dates become, [N, F]. Each different date is read once."""

    def read(table: pa.Table) -> npt.NDArray[np.float32]:
        parts = []
        for number, column in enumerate(layer.columns):
            cells, places = _places(table[column.name])
            parts.append(layer.features_of(cells, number).numpy()[places])
        return np.concatenate(parts, axis=1)

    return read


def category_reader(layer: CategoryColumns) -> Ids:
    """A function from a table to the ids of its categories, [N, columns]. Each different value is looked up once."""

    def read(table: pa.Table) -> npt.NDArray[np.int32]:
        ids = np.empty((table.num_rows, len(layer.columns)), dtype=np.int32)
        for number, column in enumerate(layer.columns):
            cells, places = _places(table[column.name])
            ids[:, number] = layer.ids_of(cells, np.full(len(cells), number)).numpy()[places]
        return ids

    return read


def _places(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int32]]:
    """The different cells of a column as UTF-8 bytes, and which of them each row has."""
    array = column.fill_null("").cast(pa.binary()).combine_chunks().dictionary_encode()
    return array.dictionary.to_numpy(zero_copy_only=False), array.indices.to_numpy()
