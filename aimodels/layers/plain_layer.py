"""What layers without options of their own have in common."""

from typing import Any

import keras


class PlainLayer(keras.layers.Layer):
    """A layer made of nothing but what every layer of Keras takes."""

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from, its name among it: where a layer has no such function, Keras forgets that."""
        return {**super().get_config()}
