"""Rows of a table on their way into a model: numbers scaled, categories and words to numbers, dates to their parts.

Everything is fitted on the training split, in one pass over it and in memory that has a bound.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import CategoryColumn, NumberColumn
from aimodels.config.section import Section
from aimodels.data import category_values, number_scaling
from aimodels.data.dataset import Column, Split, TableInput
from aimodels.data.encodings import Encodings
from aimodels.data.raw_columns import raw_numbers
from aimodels.data.rows import Rows
from aimodels.events import phase

__all__ = ["Encodings", "Options", "columns", "encode", "fit", "tables"]

if TYPE_CHECKING:
    import keras
    import pyarrow

    from aimodels.data.category_values import ValueStatistics
    from aimodels.data.number_statistics import NumberStatistics
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.number_columns import NumberColumns

    Statistics = NumberStatistics | ValueStatistics

Layer = TypeVar("Layer")


class Options(Section):
    """Nothing: what is done to a column stands with the column, in `data.columns`."""


def fit(options: Options, *, input: TableInput, train: Split) -> "keras.Model":
    """A model from a dict of columns (float32 [N] or string [N], by name) to a dict of tensors: `numbers` float32
    [N, F], `categories` int32 [N, C] and `text_<i>` int32 [N, T], as far as there are such columns.

    Raises:
        DataError: no column tells one row of the training split from another.
    """

    if not isinstance(train.examples, Rows):
        raise TypeError(f"columns are those of rows, not of {type(train.examples).__name__}")
    with phase("reading the columns"):
        statistics = _statistics(input, rows=train.examples)
    return _fitted(input, statistics=statistics)


def columns(fitted: "keras.Model") -> Encodings:
    """What an architecture must know, of what `fit` gave or of a whole network."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.number_columns import NumberColumns

    numbers, categories = _layer(fitted, NumberColumns), _layer(fitted, CategoryColumns)
    return Encodings(
        numbers=numbers.features if numbers else (),
        categories=tuple(column.encoding for column in categories.columns) if categories else (),
    )


def tables(model: "keras.Model") -> list[Any]:
    """The layers that hold a lookup table, of what `fit` gave or of a whole network: an export must track them."""
    from aimodels.layers.category_columns import CategoryColumns

    return [layer for layer in model.layers if isinstance(layer, CategoryColumns)]


def encode(fitted: "keras.Model", rows: Rows) -> Iterator[dict[str, Any]]:
    """What the model gives for these rows, some at a time, in bounded memory."""
    readers = _readers(fitted)
    for table in rows.tables():
        yield {key: read(table) for key, read in readers.items()}


def _statistics(input: TableInput, *, rows: Rows) -> dict[str, "Statistics"]:
    """What the training rows hold, column by column, in one pass."""
    statistics: dict[str, Any] = {column.name: _empty(column) for column in input.columns}
    for table in rows.tables():
        for column in input.columns:
            cells = table[column.name]
            statistics[column.name].add(raw_numbers(cells) if column.kind == "number" else cells)
    return statistics


def _empty(column: Column) -> "Statistics":
    if isinstance(column.options, NumberColumn):
        return number_scaling.statistics_for(column.options)
    if isinstance(column.options, CategoryColumn):
        return category_values.statistics_for(column.options)
    raise TypeError(column.options)


def _fitted(input: TableInput, *, statistics: dict[str, Any]) -> "keras.Model":
    """The model that these statistics make."""
    import keras

    from aimodels.layers.column_input import column_input

    inputs = {
        column.name: column_input(column.name, number=number, dtype="float32" if column.kind == "number" else "string")
        for number, column in enumerate(input.columns)
    }
    layers = {
        "numbers": _number_layer(input, statistics=statistics),
        "categories": _category_layer(input, statistics=statistics),
    }
    outputs = {key: layer([inputs[column.name] for column in layer.columns]) for key, layer in layers.items() if layer}
    return keras.Model(inputs, outputs, name="preprocessing")


def _number_layer(input: TableInput, *, statistics: dict[str, Any]) -> "NumberColumns | None":
    from aimodels.layers.number_columns import NumberColumns

    scalings = [
        number_scaling.scaling_of(column.name, options=column.options, statistics=statistics[column.name])
        for column in input.columns
        if isinstance(column.options, NumberColumn)
    ]
    return NumberColumns(scalings, name="number_columns") if scalings else None


def _category_layer(input: TableInput, *, statistics: dict[str, Any]) -> "CategoryColumns | None":
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.cells import cleaned

    values = [
        category_values.values_of(
            column.name,
            options=column.options,
            statistics=statistics[column.name],
            cleaned=lambda cells: np.asarray(cleaned(cells, missing=input.missing)),
        )
        for column in input.columns
        if isinstance(column.options, CategoryColumn)
    ]
    return CategoryColumns(values, missing=input.missing, name="category_columns") if values else None


def _readers(fitted: "keras.Model") -> dict[str, Callable[["pyarrow.Table"], Any]]:
    """By key of the output, a function from an Arrow table to that output."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.number_columns import NumberColumns

    readers: dict[str, Callable[[pyarrow.Table], Any]] = {}
    numbers, categories = _layer(fitted, NumberColumns), _layer(fitted, CategoryColumns)
    if numbers:
        readers["numbers"] = _number_reader(numbers)
    if categories:
        readers["categories"] = _category_reader(categories)
    return readers


def _number_reader(layer: "NumberColumns") -> Callable[["pyarrow.Table"], npt.NDArray[np.float32]]:
    import tensorflow as tf

    signature = [tf.TensorSpec([None, len(layer.columns)], tf.float32)]
    features = tf.function(layer.features_of, input_signature=signature)

    def read(table: "pyarrow.Table") -> npt.NDArray[np.float32]:
        matrix = np.empty((table.num_rows, len(layer.columns)), dtype=np.float32)
        for number, column in enumerate(layer.columns):
            matrix[:, number] = raw_numbers(table[column.name])
        found: npt.NDArray[np.float32] = features(matrix).numpy()
        return found

    return read


def _category_reader(layer: "CategoryColumns") -> Callable[["pyarrow.Table"], npt.NDArray[np.int32]]:
    def read(table: "pyarrow.Table") -> npt.NDArray[np.int32]:
        """Each different value goes through the graph once."""
        ids = np.empty((table.num_rows, len(layer.columns)), dtype=np.int32)
        for number, column in enumerate(layer.columns):
            values, places = _places(table[column.name])
            ids[:, number] = layer.ids_of(values, np.full(len(values), number)).numpy()[places]
        return ids

    return read


def _places(column: "pyarrow.ChunkedArray") -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int32]]:
    """The different values of a column as UTF-8 bytes, and which of them each row has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.fill_null(column.cast(pa.binary()), b"").combine_chunks().dictionary_encode()
    return found.dictionary.to_numpy(zero_copy_only=False), found.indices.to_numpy()


def _layer(model: "keras.Model", kind: type[Layer]) -> Layer | None:
    return next((layer for layer in model.layers if isinstance(layer, kind)), None)
