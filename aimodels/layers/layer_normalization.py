"""The features of each word at mean 0 and variance 1."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="aimodels")
class LayerNormalization(keras.layers.LayerNormalization):
    """`keras.layers.LayerNormalization` (Ba et al., 2016) over the last axis, with a gradient by hand.

    The gradient that TensorFlow finds passes over the numbers twice as often. In float32 within.
    """

    def call(self, inputs: Any) -> Any:
        """The numbers normalised, scaled and moved."""
        rows = tf.cast(tf.reshape(inputs, [-1, inputs.shape[-1]]), tf.float32)
        scale, offset = (tf.cast(weight, tf.float32) for weight in (self.gamma, self.beta))
        normalised = tf.custom_gradient(self._normalised)(rows, scale, offset)
        return tf.cast(tf.reshape(normalised, tf.shape(inputs)), self.compute_dtype)

    def _normalised(self, rows: Any, scale: Any, offset: Any) -> Any:
        centred = rows - _mean(rows)
        by_deviation = tf.math.rsqrt(_mean(tf.square(centred)) + self.epsilon)
        unit = centred * by_deviation

        def gradient(by_output: Any) -> tuple[Any, Any, Any]:
            by_unit = by_output * scale
            by_rows = by_deviation * (by_unit - _mean(by_unit) - unit * _mean(by_unit * unit))
            return by_rows, tf.reduce_sum(by_output * unit, axis=0), tf.reduce_sum(by_output, axis=0)

        return unit * scale + offset, gradient


def _mean(rows: Any) -> Any:
    return tf.reduce_mean(rows, axis=-1, keepdims=True)
