"""Values of categories that training has not shown: what a model answers about them is a guess."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    import pyarrow


@dataclass(frozen=True)
class Unseen:
    """How many rows of a column have such a value, and the first of these values."""

    column: str
    count: int
    first: str


def unseen(table: "pyarrow.Table", *, model: "keras.Model") -> Iterator[Unseen]:
    """The columns of a table with values that the model has no number for; each different value is looked up once."""
    import pyarrow
    from pyarrow import compute

    from aimodels.data.encodings import UNSEEN
    from aimodels.layers.category_columns import CategoryColumns

    for layer in model.layers:
        if not isinstance(layer, CategoryColumns):
            continue
        for number, column in enumerate(layer.columns):
            found = compute.value_counts(compute.fill_null(table.column(column.name).cast(pyarrow.string()), ""))
            if not len(found):
                continue
            values, counts = found.field("values").to_pylist(), found.field("counts").to_numpy()
            ids = layer.ids_of([value.encode() for value in values], np.full(len(values), number)).numpy()
            places = np.flatnonzero(ids == UNSEEN)
            if len(places):
                yield Unseen(column.name, int(counts[places].sum()), values[places[0]])
