"""A column of texts before its words are read."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.cells import texts_of
from aimodels.layers.words import ON_CPU


@keras.saving.register_keras_serializable(package="aimodels")
class TextColumn(keras.layers.Layer):
    """From the cells of a column, UTF-8 string [N], to texts: a cell that is one of the words in `missing` is empty."""

    def __init__(self, column: str, *, missing: Sequence[str] = (), **layer: Any) -> None:
        super().__init__(**{"dtype": "string", **layer})
        self.column = column
        self.missing = tuple(missing)
        self._convert_input_args = False  # Keras would refuse strings
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False

    def call(self, cells: Any) -> Any:
        """string [N]."""
        with ON_CPU():
            return texts_of(tf.convert_to_tensor(cells, dtype=tf.string), missing=self.missing)

    def compute_output_spec(self, cells: Any) -> keras.KerasTensor:
        """One text per cell."""
        return keras.KerasTensor(cells.shape, dtype="string")

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "column": self.column, "missing": list(self.missing)}
