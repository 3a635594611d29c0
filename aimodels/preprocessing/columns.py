"""Rows of a table on their way into a model: numbers scaled, categories and words to numbers, dates to their parts.

Everything is fitted on the training split, in one pass over it and in memory that has a bound.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import TextColumn
from aimodels.config.section import Section
from aimodels.data.dataset import Column, Split, TableInput
from aimodels.data.encodings import CATEGORIES, NUMBERS, TEXT, Encodings, TextEncoding
from aimodels.data.raw_columns import raw_numbers, raw_strings
from aimodels.data.rows import Rows
from aimodels.data.text_statistics import TextStatistics
from aimodels.data.word_counts import tell_forgotten
from aimodels.errors import DataError
from aimodels.events import phase
from aimodels.preprocessing import words
from aimodels.preprocessing.words import Encoded

__all__ = ["Encodings", "Options", "columns", "encode", "fit", "tables"]

if TYPE_CHECKING:
    import keras
    import pyarrow

    from aimodels.layers.text_column import TextColumn as TextCells
    from aimodels.layers.words import Words

TEXTS_AT_ONCE = 4_096
MOST_THREADS = 8

Layer = TypeVar("Layer")


class Options(Section):
    """Nothing: what is done to a column stands with the column, in `data.columns`."""


def fit(options: Options, *, input: TableInput, train: Split) -> "keras.Model":
    """A model from a dict of columns (float32 [N] or string [N], by name) to a dict of tensors: `numbers` float32
    [N, F], `categories` int32 [N, C] and `text_<i>` int32 [N, T], as far as there are such columns.

    A column that says nothing becomes zeros.

    Raises:
        DataError: no column tells one row of the training split from another, or no text has a word.
    """
    with phase("reading the columns"):
        statistics = _statistics(input, rows=train.rows)
    fitted = _fitted(input, statistics=statistics)
    if not _tells(fitted):
        raise DataError(
            f"no column is left to learn from: in the {len(train):,} training rows each is always the same, or missing",
            code="AM334",
            help="look at `data.columns`, and at what the file holds",
        )
    return fitted


def columns(fitted: "keras.Model") -> Encodings:
    """What an architecture must know, of what `fit` gave or of a whole network."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.date_columns import DateColumns
    from aimodels.layers.number_columns import NumberColumns

    numbers, dates = _layer(fitted, NumberColumns), _layer(fitted, DateColumns)
    categories = _layer(fitted, CategoryColumns)
    texts = [
        TextEncoding(cells.column, key=read.name, vocabulary=read.vocabulary, max_length=read.rules.max_length)
        for cells, read in _text_layers(fitted)
    ]
    return Encodings(
        numbers=(*(numbers.features if numbers else ()), *(dates.features if dates else ())),
        categories=tuple(column.encoding for column in categories.columns) if categories else (),
        texts=tuple(texts),
    )


def tables(model: "keras.Model") -> list[Any]:
    """The layers that hold a lookup table, of what `fit` gave or of a whole network: an export must track them."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.words import Words

    return [layer for layer in model.layers if isinstance(layer, CategoryColumns | Words)]


def encode(fitted: "keras.Model", rows: Rows) -> Iterator[dict[str, Any]]:
    """What the model gives for these rows, some at a time and in bounded memory: arrays by the keys of its output,
    texts as `preprocessing.words.Encoded`."""
    readers = _readers(fitted)
    for table in rows.tables():
        yield {key: read(table) for key, read in readers.items()}


def _tells(fitted: "keras.Model") -> bool:
    """Whether anything that comes out differs between rows of the training split."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.date_columns import DateColumns
    from aimodels.layers.number_columns import NumberColumns

    layers = [layer for layer in fitted.layers if isinstance(layer, NumberColumns | DateColumns | CategoryColumns)]
    return bool(_text_layers(fitted)) or any(column.tells for layer in layers for column in layer.columns)


def _statistics(input: TableInput, *, rows: Rows) -> dict[str, Any]:
    """What the training rows hold, column by column, in one pass."""
    statistics = {column.name: _empty(column, missing=input.missing) for column in input.columns}
    for table in rows.tables():
        for column in input.columns:
            cells = table[column.name]
            statistics[column.name].add(raw_numbers(cells) if column.kind == "number" else cells)
    return statistics


def _empty(column: Column, *, missing: tuple[str, ...]) -> Any:
    """Statistics of no row."""
    from aimodels.layers.column_fitting import empty_statistics

    if isinstance(column.options, TextColumn):
        return TextStatistics(_word_counter(column.options, missing=missing))
    return empty_statistics(column.options, missing=missing)


def _word_counter(options: TextColumn, *, missing: tuple[str, ...]) -> Callable[[npt.NDArray[np.object_]], Any]:
    """A function from cells to their different words, and how often each occurs."""
    import tensorflow as tf

    from aimodels.layers.cells import texts_of

    layer = words.counting_layer(options.words)

    def count(cells: Any) -> Any:
        return words.different_words(layer, texts_of(cells, missing=missing))

    graph = tf.function(count, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda cells: tuple(part.numpy() for part in graph(tf.constant(cells, dtype=tf.string)))


def _fitted(input: TableInput, *, statistics: dict[str, Any]) -> "keras.Model":
    """The model that these statistics make."""
    import keras

    from aimodels.layers.column_fitting import category_layers, number_layers
    from aimodels.layers.column_input import column_input

    inputs = {
        column.name: column_input(column.name, number=number, dtype="float32" if column.kind == "number" else "string")
        for number, column in enumerate(input.columns)
    }
    outputs = {}
    layers = {
        NUMBERS: number_layers(input, statistics=statistics),
        CATEGORIES: category_layers(input, statistics=statistics),
    }
    for key, of_key in layers.items():
        parts = [layer([inputs[column.name] for column in layer.columns]) for layer in of_key]
        if parts:
            # float32 whatever the policy: half precision would round what was just scaled.
            joined = keras.layers.Concatenate(dtype="float32", name=key)
            outputs[key] = joined(parts) if len(parts) > 1 else parts[0]
    texts = [column for column in input.columns if isinstance(column.options, TextColumn)]
    for number, column in enumerate(texts):
        key = f"{TEXT}{number}"
        text = _text_column(column, key=key, missing=input.missing)(inputs[column.name])
        outputs[key] = _word_layer(column, key=key, statistics=statistics[column.name])(text)
    return keras.Model(inputs, outputs, name="preprocessing")


def _text_column(column: Column, *, key: str, missing: tuple[str, ...]) -> Any:
    from aimodels.layers.text_column import TextColumn as Cells

    return Cells(column.name, missing=missing, name=f"{key}_column")


def _word_layer(column: Column, *, key: str, statistics: TextStatistics) -> "Words":
    """The layer that reads the words of a column."""
    if not isinstance(column.options, TextColumn):
        raise TypeError(column.options)
    tell_forgotten(statistics.counting, texts=f'the texts of column "{column.name}"')
    try:
        return words.fitted_layer(column.options.words, counts=statistics.counting.counts, name=key)
    except DataError as error:
        help = f"{error.help}; or set the column to `kind: ignore`"
        raise DataError(f'column "{column.name}": {error.message}', code=error.code, help=help) from error


def _readers(fitted: "keras.Model") -> dict[str, Callable[["pyarrow.Table"], Any]]:
    """By key of the output, a function from an Arrow table to that output."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.column_reading import category_reader, date_reader, number_reader
    from aimodels.layers.date_columns import DateColumns
    from aimodels.layers.number_columns import NumberColumns

    readers: dict[str, Callable[[pyarrow.Table], Any]] = {}
    numbers, dates = _layer(fitted, NumberColumns), _layer(fitted, DateColumns)
    read_numbers = [number_reader(numbers)] if numbers else []
    read_numbers += [date_reader(dates)] if dates else []
    if read_numbers:
        readers[NUMBERS] = lambda table: np.concatenate([read(table) for read in read_numbers], axis=1)
    if categories := _layer(fitted, CategoryColumns):
        readers[CATEGORIES] = category_reader(categories)
    for column, layer in _text_layers(fitted):
        readers[layer.name] = _text_reader(column, layer)
    return readers


def _text_reader(column: "TextCells", layer: "Words") -> Callable[["pyarrow.Table"], Encoded]:
    """A function from a table to the ids of a column's words."""
    import tensorflow as tf

    def ids_of(cells: Any) -> Any:
        found = layer.words_of(column.call(cells))
        ids = layer.ids_of(found)
        return ids.flat_values, ids.row_lengths(), found.row_lengths()

    graph = tf.function(ids_of, input_signature=[tf.TensorSpec([None], tf.string)])

    def read(table: "pyarrow.Table") -> Encoded:
        cells = raw_strings(table[column.column])
        pieces = [cells[start : start + TEXTS_AT_ONCE] for start in range(0, max(len(cells), 1), TEXTS_AT_ONCE)]
        with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS)) as threads:
            read_pieces = list(threads.map(lambda piece: graph(tf.constant(piece, dtype=tf.string)), pieces))
        ids, lengths, num_words = (np.concatenate(parts) for parts in zip(*read_pieces, strict=True))
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
        return Encoded(ids=ids, starts=starts, num_words=num_words)

    return read


def _text_layers(model: "keras.Model") -> list[tuple["TextCells", "Words"]]:
    """Of each text column, the layer of its cells and the layer that reads their words."""
    from aimodels.layers.text_column import TextColumn as Cells

    cells = [layer for layer in model.layers if isinstance(layer, Cells)]
    pairs = [(layer, model.get_layer(layer.name.removesuffix("_column"))) for layer in cells]
    return sorted(pairs, key=lambda pair: int(pair[1].name.removeprefix(TEXT)))


def _layer(model: "keras.Model", kind: type[Layer]) -> Layer | None:
    return next((layer for layer in model.layers if isinstance(layer, kind)), None)
