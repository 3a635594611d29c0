"""Cells of date columns that the network cannot read, and takes for missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aimodels.data.category_values import different

if TYPE_CHECKING:
    import keras
    import pyarrow


@dataclass(frozen=True)
class UnreadDates:
    """How many cells of a column are neither empty nor a date of its format, and the first of them."""

    column: str
    format: str
    count: int
    first: str


def unread_dates(table: "pyarrow.Table", *, model: "keras.Model") -> Iterator[UnreadDates]:
    """The columns of a table with cells that the layer of the dates takes for missing; each is read once."""
    import tensorflow as tf

    from aimodels.layers.cells import cleaned
    from aimodels.layers.date_columns import DateColumns
    from aimodels.layers.date_parsing import dates_of

    for layer in model.layers:
        if not isinstance(layer, DateColumns):
            continue
        for column in layer.columns:
            values, times = different(table.column(column.name))
            if not len(values):
                continue
            cells = cleaned(tf.constant(values, dtype=tf.string), missing=layer.missing)
            is_date = dates_of(cells, format=column.format).is_date
            places = np.flatnonzero(~is_date.numpy() & (cells != "").numpy())
            if len(places):
                first = values[places[0]].decode(errors="replace")
                yield UnreadDates(column.name, column.format, int(times[places].sum()), first)
