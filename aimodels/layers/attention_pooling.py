"""One vector per text: the mean of its positions, weighted by learned scores."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.pooling_layer import PoolingLayer


@keras.saving.register_keras_serializable(package="aimodels")
class AttentionPooling(PoolingLayer):
    """From states h [N, T, features] to sum_t alpha_t h_t, [N, features]: alpha = softmax(w . h_t + b) over words.

    Feed-forward attention (Raffel and Ellis, 2016, "Feed-Forward Networks with Attention Can Solve Some Long-Term
    Memory Problems"). `weights_of` gives alpha, which tells what each word counted in an answer.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make w [features] and b."""
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 1), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(), initializer="zeros")

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The weighted mean, [N, features]."""
        weights = tf.cast(self.weights_of(sequence, mask), sequence.dtype)
        return tf.matmul(weights[:, tf.newaxis], sequence)[:, 0]

    def weights_of(self, sequence: Any, mask: Any = None) -> Any:
        """alpha, float32 [N, T]: 0 at padding, and 1 in total for each text."""
        kernel = tf.cast(self.kernel, sequence.dtype)
        scores = tf.cast(tf.matmul(sequence, kernel)[..., 0] + tf.cast(self.bias, sequence.dtype), tf.float32)
        if mask is not None:
            # The lowest number rather than minus infinity: a text that is all padding gives even weights, not NaN.
            scores = tf.where(mask, scores, scores.dtype.min)
        return tf.nn.softmax(scores)
