"""Rows of a table on their way into a model: numbers scaled, categories and words to numbers, dates to their parts.

Everything is fitted on the training split, in one pass over it and in memory that has a bound.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from pydantic import Field

from aimodels.config.columns import TextColumn
from aimodels.config.section import Section
from aimodels.config.wordpieces import EncoderReading
from aimodels.data.dataset import Column, Split, TableInput
from aimodels.data.encodings import CATEGORIES, NUMBERS, TEXT, Encodings, TextEncoding
from aimodels.data.raw_columns import raw_numbers
from aimodels.data.rows import Rows
from aimodels.data.text_statistics import TextStatistics
from aimodels.data.word_counts import tell_forgotten
from aimodels.errors import DataError
from aimodels.events import phase, warn
from aimodels.preprocessing import wordpieces, words
from aimodels.preprocessing.words import Encoded

__all__ = ["Encodings", "Options", "columns", "encode", "fit", "tables"]

if TYPE_CHECKING:
    import keras
    import pyarrow

    from aimodels.layers.text_column import TextColumn as TextCells
    from aimodels.layers.wordpieces import Wordpieces
    from aimodels.layers.words import Words

Layer = TypeVar("Layer")
# By model, what reads a table for it: a graph for every column that is a text takes a second to make.
_READERS: "WeakKeyDictionary[keras.Model, dict[str, Callable[[pyarrow.Table], Any]]]" = WeakKeyDictionary()


class Options(Section):
    """What is done to a column stands with the column, in `data.columns`, but for an encoder, which comes with the
    model."""

    reading: EncoderReading | None = Field(
        None, description="The encoder that reads the text columns; null: they are read in words."
    )


def fit(options: Options, *, input: TableInput, train: Split) -> "keras.Model":
    """A model from a dict of columns (float32 [N] or string [N], by name) to a dict of tensors: `numbers` float32
    [N, F], `categories` int32 [N, C] and `text_<i>` int32 [N, T], as far as there are such columns.

    A column that says nothing becomes zeros.

    Raises:
        DataError: no column tells one row of the training split from another, or no text has a word.
        UserError: the files of the encoder that reads the texts are not as they should be.
    """
    with phase("reading the columns"):
        statistics = _statistics(input, rows=train.rows, reading=options.reading)
    fitted = _fitted(input, statistics=statistics, reading=options.reading)
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
    from aimodels.layers.text_reading import readers_of

    numbers, dates = _layer(fitted, NumberColumns), _layer(fitted, DateColumns)
    categories = _layer(fitted, CategoryColumns)
    texts = [
        TextEncoding(cells.column, key=read.name, vocabulary=read.vocabulary, max_length=read.max_length)
        for cells, read in readers_of(fitted)
    ]
    return Encodings(
        numbers=(*(numbers.features if numbers else ()), *(dates.features if dates else ())),
        categories=tuple(column.encoding for column in categories.columns) if categories else (),
        texts=tuple(texts),
    )


def tables(model: "keras.Model") -> list[Any]:
    """The layers that hold a lookup table, of what `fit` gave or of a whole network: an export must track them."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.wordpieces import Wordpieces
    from aimodels.layers.words import Words

    return [layer for layer in model.layers if isinstance(layer, CategoryColumns | Words | Wordpieces)]


def encode(fitted: "keras.Model", rows: Rows) -> Iterator[dict[str, Any]]:
    """What the model gives for these rows, some at a time and in bounded memory: arrays by the keys of its output,
    texts as `preprocessing.words.Encoded`."""
    readers = _READERS.get(fitted) or _READERS.setdefault(fitted, _readers(fitted))
    for table in rows.tables():
        yield {key: read(table) for key, read in readers.items()}


def _tells(fitted: "keras.Model") -> bool:
    """Whether anything that comes out differs between rows of the training split."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.date_columns import DateColumns
    from aimodels.layers.number_columns import NumberColumns
    from aimodels.layers.text_reading import readers_of

    layers = [layer for layer in fitted.layers if isinstance(layer, NumberColumns | DateColumns | CategoryColumns)]
    return bool(readers_of(fitted)) or any(column.tells for layer in layers for column in layer.columns)


def _statistics(input: TableInput, *, rows: Rows, reading: EncoderReading | None) -> dict[str, Any]:
    """What the training rows hold, column by column, in one pass; nothing of texts whose words need not be known."""
    columns = [column for column in input.columns if column.kind != "text" or _is_counted(reading)]
    statistics = {column.name: _empty(column, missing=input.missing, reading=reading) for column in columns}
    for table in rows.tables():
        for column in columns:
            cells = table[column.name]
            statistics[column.name].add(raw_numbers(cells) if column.kind == "number" else cells)
    return statistics


def _empty(column: Column, *, missing: tuple[str, ...], reading: EncoderReading | None) -> Any:
    """Statistics of no row."""
    from aimodels.layers.column_fitting import empty_statistics

    if isinstance(column.options, TextColumn):
        return _text_statistics(column.options, missing=missing, reading=reading)
    return empty_statistics(column.options, missing=missing)


def _fitted(input: TableInput, *, statistics: dict[str, Any], reading: EncoderReading | None) -> "keras.Model":
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
    for key, (cells, layer) in _text_layers(input, statistics=statistics, reading=reading).items():
        outputs[key] = layer(cells(inputs[cells.column]))
    return keras.Model(inputs, outputs, name="preprocessing")


def _text_columns(input: TableInput) -> list[Column]:
    """The text columns, in the order of their numbers."""
    return [column for column in input.columns if isinstance(column.options, TextColumn)]


def _is_counted(reading: EncoderReading | None) -> bool:
    """Whether the words of the training texts must be known: an encoder that was trained brings pieces of its own."""
    return reading is None or wordpieces.is_random(reading)


def _text_statistics(
    options: TextColumn, *, missing: tuple[str, ...], reading: EncoderReading | None
) -> TextStatistics:
    """How often each word of a column occurs, of no text yet."""
    import tensorflow as tf

    from aimodels.layers.cells import texts_of

    if reading is None:
        words_layer = words.counting_layer(options.words)

        def different(texts: Any) -> Any:
            return words.different_words(words_layer, texts)
    else:
        different = wordpieces.counting_layer(reading).different_words

    def count(cells: Any) -> Any:
        return different(texts_of(cells, missing=missing))

    graph = tf.function(count, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    return TextStatistics(lambda cells: tuple(part.numpy() for part in graph(tf.constant(cells, dtype=tf.string))))


def _text_layers(
    input: TableInput, *, statistics: Mapping[str, TextStatistics], reading: EncoderReading | None
) -> dict[str, tuple["TextCells", "Words | Wordpieces"]]:
    """By key of the output, the layer of a column's cells and the one that reads them. With `reading` all columns are
    read by the pieces of one encoder.

    Raises:
        DataError: a column holds no word that could be known.
        UserError: the encoder's files are not as they should be.
    """
    from aimodels.layers.text_column import TextColumn as Cells

    found: dict[str, tuple[TextCells, Words | Wordpieces]] = {}
    pieces: Wordpieces | None = None
    for number, column in enumerate(_text_columns(input)):
        key = f"{TEXT}{number}"
        layer: Words | Wordpieces
        if reading is None:
            layer = _word_layer(column, key=key, statistics=statistics[column.name])
        elif pieces is None:
            layer = pieces = _piece_layer(input, key=key, statistics=statistics, reading=reading)
        else:
            layer = type(pieces).from_config({**pieces.get_config(), "name": key})
        found[key] = (Cells(column.name, missing=input.missing, name=f"{key}_column"), layer)
    return found


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


def _piece_layer(
    input: TableInput, *, key: str, statistics: Mapping[str, TextStatistics], reading: EncoderReading
) -> "Wordpieces":
    """The layer that reads the pieces of every column; those of a random encoder are chosen from all of them."""
    _tell_unused(input)
    counts: Counter[bytes] = Counter()
    for column in _text_columns(input):
        if column.name in statistics:
            tell_forgotten(statistics[column.name].counting, texts=f'the texts of column "{column.name}"')
            counts.update(statistics[column.name].counting.counts)
    return wordpieces.fitted_layer(reading, counts=counts, name=key)


def _tell_unused(input: TableInput) -> None:
    """Warn of columns that say how their words are to be read, where nothing reads words."""
    usual = TextColumn()
    unused = [column.name for column in _text_columns(input) if column.options != usual]
    if unused:
        warn(
            "AM387",
            f"`words` of the text column{'s' * (len(unused) > 1)} {', '.join(unused)} is not used: the encoder reads "
            "pieces of its own",
            help="leave `words` out; `model.wordpieces.max_length` and `keep` hold for every text column",
        )


def _readers(fitted: "keras.Model") -> dict[str, Callable[["pyarrow.Table"], Any]]:
    """By key of the output, a function from an Arrow table to that output."""
    from aimodels.layers.category_columns import CategoryColumns
    from aimodels.layers.column_reading import category_reader, date_reader, number_reader
    from aimodels.layers.date_columns import DateColumns
    from aimodels.layers.number_columns import NumberColumns
    from aimodels.layers.text_reading import readers_of, text_reader

    readers: dict[str, Callable[[pyarrow.Table], Any]] = {}
    numbers, dates = _layer(fitted, NumberColumns), _layer(fitted, DateColumns)
    read_numbers = [number_reader(numbers)] if numbers else []
    read_numbers += [date_reader(dates)] if dates else []
    if read_numbers:
        readers[NUMBERS] = lambda table: np.concatenate([read(table) for read in read_numbers], axis=1)
    if categories := _layer(fitted, CategoryColumns):
        readers[CATEGORIES] = category_reader(categories)
    for column, layer in readers_of(fitted):
        readers[layer.name] = partial(_encoded, text_reader(column, layer))
    return readers


def _encoded(read: Callable[["pyarrow.Table"], Any], table: "pyarrow.Table") -> Encoded:
    return Encoded(*read(table))


def _layer(model: "keras.Model", kind: type[Layer]) -> Layer | None:
    return next((layer for layer in model.layers if isinstance(layer, kind)), None)
