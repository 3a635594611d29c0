"""One vector per text: the mean over its words."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.pooling_layer import PoolingLayer


@keras.saving.register_keras_serializable(package="aimodels")
class MeanPooling(PoolingLayer):
    """From states [N, T, features] to their mean over the words of each text, [N, features].

    In float32 within: in bfloat16, in which Keras's GlobalAveragePooling1D counts, 257 words are 256.
    """

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The mean over the positions where the mask is true."""
        states = tf.cast(sequence, tf.float32)
        if mask is None:
            return tf.cast(tf.reduce_mean(states, axis=1), sequence.dtype)
        # As a product with the weight of each position: one pass over the states.
        is_word = tf.cast(mask, tf.float32)
        share = is_word / tf.maximum(tf.reduce_sum(is_word, axis=1, keepdims=True), 1.0)
        return tf.cast(tf.matmul(share[:, tf.newaxis], states)[:, 0], sequence.dtype)
