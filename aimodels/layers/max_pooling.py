"""One vector per text: the largest value of each feature over its words."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.pooling_layer import PoolingLayer


@keras.saving.register_keras_serializable(package="aimodels")
class MaxPooling(PoolingLayer):
    """From states [N, T, features] to the maximum of each feature over the words of a text, [N, features]."""

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The maximum over the positions where the mask is true."""
        if mask is not None:
            sequence = tf.where(mask[..., tf.newaxis], sequence, sequence.dtype.min)
        return tf.reduce_max(sequence, axis=1)
