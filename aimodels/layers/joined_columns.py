"""The tensors of a table joined into one vector per row."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from aimodels.data.encodings import CATEGORIES, NUMBERS, Encodings, TextEncoding
from aimodels.errors import ConfigError, Problem
from aimodels.layers.category_vectors import CategoryVectors


def inputs_of(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """An input of the network per tensor, by the same keys."""
    return {key: keras.Input(one.shape[1:], dtype=one.dtype, name=key) for key, one in tensors.items()}


Read = Callable[[Any, TextEncoding], Any]


def texts_read(
    tensors: Any, *, columns: Encodings | None, alone: TextEncoding, read: Read, architecture: str
) -> tuple[Any, Any]:
    """The inputs of an architecture that is there to read texts, and one vector per example: what `read` makes of the
    ids of a text where texts are all that there is (`alone`), or of each text column beside a table's other columns.

    Raises:
        ConfigError: no column of the table is a text.
    """
    if columns is None:
        ids = keras.Input((None,), dtype=tensors.dtype, name="ids")
        return ids, read(ids, alone)
    _expect_texts(columns, architecture=architecture)
    inputs = inputs_of(tensors)
    return inputs, joined(inputs, columns=columns, read=read)


def _expect_texts(columns: Encodings, *, architecture: str) -> None:
    if not columns.texts:
        message = f'the architecture "{architecture}" reads texts, and no column of the table is one'
        help = "set `model.name` to mlp, or a column of `data.columns` to `kind: text`"
        raise ConfigError([Problem(code="AM335", message=message, path="model.name", help=help)], source="model")


def joined(inputs: Mapping[str, Any], *, columns: Encodings, read: Read | None = None) -> Any:
    """Numbers, one-hot or learned vectors of categories, and what `read` makes of each text, side by side: [N, F].

    Raises:
        TypeError: there are texts, and nothing to read them.
    """
    parts = [inputs[NUMBERS]] if columns.numbers else []
    if columns.categories:
        parts.append(CategoryVectors(columns.categories, name="category_vectors")(inputs[CATEGORIES]))
    for text in columns.texts:
        if read is None:
            raise TypeError(f"joined() needs `read`, which makes a vector of a text: the column {text.name!r} is one")
        parts.append(read(inputs[text.key], text))
    return keras.layers.Concatenate(name="joined")(parts) if len(parts) > 1 else parts[0]
