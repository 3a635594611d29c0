"""The text columns of a table as the ids of their words or pieces, without the network."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.data.encodings import TEXT
from aimodels.data.raw_columns import raw_strings
from aimodels.layers.text_column import TextColumn
from aimodels.layers.wordpieces import Wordpieces
from aimodels.layers.words import Words

if TYPE_CHECKING:
    import pyarrow

TEXTS_AT_ONCE = 4_096
MOST_THREADS = 8

# The ids of all texts one after the other, where each begins (and the last one ends), and its words before the cut.
ReadTexts = tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]
# Of each text column, the layer of its cells, the layer that reads them, and the function that does so for a table.
ColumnReaders = list[tuple[TextColumn, Words | Wordpieces, Callable[["pyarrow.Table"], ReadTexts]]]


def readers_of(model: keras.Model) -> list[tuple[TextColumn, Words | Wordpieces]]:
    """Of each text column, the layer of its cells and the layer that reads them."""
    cells = [layer for layer in model.layers if isinstance(layer, TextColumn)]
    pairs = [(layer, model.get_layer(layer.name.removesuffix("_column"))) for layer in cells]
    return sorted(pairs, key=lambda pair: int(pair[1].name.removeprefix(TEXT)))


def text_reader(column: TextColumn, layer: Words | Wordpieces) -> Callable[["pyarrow.Table"], ReadTexts]:
    """A function from a table to the ids of a column's words or pieces."""

    def ids_of(cells: Any) -> Any:
        found = layer.words_of(column.call(cells))
        ids = layer.ids_of(found)
        return ids.flat_values, ids.row_lengths(), layer.num_tokens_of(found)

    graph = tf.function(ids_of, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)

    def read(table: "pyarrow.Table") -> ReadTexts:
        cells = raw_strings(table[column.column])
        pieces = [cells[start : start + TEXTS_AT_ONCE] for start in range(0, max(len(cells), 1), TEXTS_AT_ONCE)]
        with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS)) as threads:
            read_pieces = list(threads.map(lambda piece: graph(tf.constant(piece, dtype=tf.string)), pieces))
        ids, lengths, num_tokens = (np.concatenate(parts) for parts in zip(*read_pieces, strict=True))
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
        return ids, starts, num_tokens

    return read
