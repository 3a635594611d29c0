"""The layers of the columns, from the statistics of the training split."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.config.columns import CategoryColumn, DateColumn, NumberColumn
from aimodels.data import category_values, date_scaling, number_scaling
from aimodels.data.dataset import TableInput
from aimodels.data.date_scaling import DatesRead, DateStatistics
from aimodels.layers.category_columns import CategoryColumns
from aimodels.layers.cells import cleaned
from aimodels.layers.date_columns import DateColumns
from aimodels.layers.date_parsing import dates_of
from aimodels.layers.number_columns import NumberColumns

Strings = npt.NDArray[np.object_]


def empty_statistics(options: NumberColumn | CategoryColumn | DateColumn, *, missing: Sequence[str]) -> Any:
    """Statistics of no row, that will know what these options need."""
    if isinstance(options, NumberColumn):
        return number_scaling.statistics_for(options)
    if isinstance(options, CategoryColumn):
        return category_values.statistics_for(options)
    return DateStatistics(_date_reader(options, missing=missing))


def number_layers(input: TableInput, *, statistics: Mapping[str, Any]) -> list[Any]:
    """The layers that make `numbers`: of the number columns, and of the dates."""
    numbers = [
        number_scaling.scaling_of(column.name, options=column.options, statistics=statistics[column.name])
        for column in input.columns
        if isinstance(column.options, NumberColumn)
    ]
    dates = [
        date_scaling.scaling_of(column.name, options=column.options, statistics=statistics[column.name])
        for column in input.columns
        if isinstance(column.options, DateColumn)
    ]
    layers = [NumberColumns(numbers, name="number_columns")] if numbers else []
    return [*layers, DateColumns(dates, missing=input.missing, name="date_columns")] if dates else layers


def category_layers(input: TableInput, *, statistics: Mapping[str, Any]) -> list[Any]:
    """The layer that makes `categories`, if there are any."""
    values = [
        category_values.values_of(
            column.name,
            options=column.options,
            statistics=statistics[column.name],
            cleaned=lambda cells: np.asarray(cleaned(tf.constant(cells, dtype=tf.string), missing=input.missing)),
        )
        for column in input.columns
        if isinstance(column.options, CategoryColumn)
    ]
    return [CategoryColumns(values, missing=input.missing, name="category_columns")] if values else []


def _date_reader(options: DateColumn, *, missing: Sequence[str]) -> Callable[[Strings], DatesRead]:
    """A function from cells to dates."""

    def read(cells: Any) -> Any:
        cells = cleaned(cells, missing=missing)
        dates = dates_of(cells, format=options.format)
        return tf.cast(dates.parts(), tf.int64), dates.is_date, tf.equal(cells, "")

    graph = tf.function(read, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    return lambda cells: DatesRead(*(part.numpy() for part in graph(tf.constant(cells, dtype=tf.string))))
