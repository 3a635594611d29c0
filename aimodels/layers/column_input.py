"""The input of a network for one column of a table."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="aimodels")
class ColumnInput(keras.layers.InputLayer):
    """One value per row, [N], under the column's own name, whatever characters it has.

    The name of a layer must not hold a slash; only that of the tensor is the column's, which is what Keras compares
    with the key of a dict of inputs.
    """

    def __init__(self, column: str, **options: Any) -> None:
        super().__init__(**options)
        self.column = column
        self.output.name = column

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "column": self.column}


def column_input(column: str, *, number: int, dtype: str) -> Any:
    """The tensor of a column, the `number`-th of the network."""
    return ColumnInput(column, shape=(), dtype=dtype, name=f"column_{number}").output
