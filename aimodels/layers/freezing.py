"""Layers that can be frozen for good."""

from typing import Any

import keras

from aimodels.layers.low_rank import train_only_changes


class Freezable(keras.layers.Layer):
    """A layer that never trains where it is `frozen`, and of which only the changes of low rank train where it
    `trains_changes`. Its `build` ends with `settle`.

    `trainable = False` alone does not last: it reaches only the weights that are there already, and whoever makes the
    model trainable again makes all of it so.
    """

    def __init__(self, *, frozen: bool = False, trains_changes: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.frozen, self.trains_changes = frozen, trains_changes
        if frozen:
            self._trainable = False

    @property
    def trainable(self) -> bool:
        """Whether something of the layer trains."""
        return bool(self._trainable)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._set_trainable(value)

    def settle(self) -> None:
        """Freeze what is to be frozen among the weights that are there now."""
        # Setting an attribute to what it is already does nothing to an object that TensorFlow tracks.
        self._set_trainable(self.trainable)

    def _set_trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value and not self.frozen)
        if self.trains_changes:
            train_only_changes(self)
