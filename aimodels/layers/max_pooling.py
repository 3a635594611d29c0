"""One vector per text: the largest value of each feature over its words."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="aimodels")
class MaxPooling(keras.layers.Layer):
    """From states [N, T, features] to the maximum of each feature over the words of a text, [N, features]."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The maximum over the positions where the mask is true."""
        if mask is not None:
            sequence = tf.where(mask[..., tf.newaxis], sequence, sequence.dtype.min)
        return tf.reduce_max(sequence, axis=1)

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        """There are no positions left."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[N, features]."""
        return (input_shape[0], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from, its name among it: where a layer has no such function, Keras forgets that."""
        return {**super().get_config()}
