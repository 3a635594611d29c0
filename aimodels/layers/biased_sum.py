"""What several parts of a row add up to, and a constant."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.plain_layer import PlainLayer


@keras.saving.register_keras_serializable(package="aimodels")
class BiasedSum(PlainLayer):
    """From tensors [N, K] to their sum and a learned number per output, [N, K]; float32 whatever the policy."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "dtype": "float32"})

    def build(self, input_shape: Sequence[tuple[int | None, ...]]) -> None:
        """Make the numbers."""
        self.bias = self.add_weight(name="bias", shape=(input_shape[0][-1],), initializer="zeros")

    def call(self, parts: Sequence[Any]) -> Any:
        """The sum."""
        return tf.add_n(list(parts)) + self.bias

    def compute_output_shape(self, input_shape: Sequence[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of each part."""
        return tuple(input_shape[0])
