"""Words that look at all words of their text."""

import math
from typing import Any

import keras
import tensorflow as tf

# Added to the score of a padding: its exponential is exactly 0, and no sum with a score overflows in half precision.
HIDDEN = -3e4


@keras.saving.register_keras_serializable(package="aimodels")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention, [N, T, features] to the same shape: softmax(q k^T / sqrt(d)) v in each head.

    Vaswani et al. (2017), "Attention Is All You Need", section 3.2; what `keras.layers.MultiHeadAttention` computes on
    one sequence, with queries, keys and values from one product. No word looks at padding. What comes out at padding
    means nothing, and no later layer looks at it.
    """

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the matrices for queries, keys and values beside each other [features, 3 * features], and the last."""
        features = input_shape[-1] or 0
        if features % self.heads:
            raise ValueError(f"{features} features cannot be shared among {self.heads} heads")
        # As if the three were made one by one (Glorot and Bengio, 2010): together they would begin too small.
        limit = math.sqrt(3 / features) if features else 0.0
        uniform = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(name="kernel", shape=(features, 3 * features), initializer=uniform)
        self.bias = self.add_weight(name="bias", shape=(3 * features,), initializer="zeros")
        self.output_kernel = self.add_weight(name="output_kernel", shape=(features, features))
        self.output_bias = self.add_weight(name="output_bias", shape=(features,), initializer="zeros")

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """What each word gathers from the words of its text."""
        texts, length = tf.unstack(tf.shape(sequence)[:2])
        features = sequence.shape[-1]
        size = features // self.heads
        joint = tf.nn.bias_add(tf.matmul(tf.reshape(sequence, [-1, features]), self.kernel), self.bias)
        parts = tf.transpose(tf.reshape(joint, [texts, length, 3, self.heads, size]), [2, 0, 3, 1, 4])
        query, key, value = tf.unstack(parts)
        scores = tf.matmul(query * (1 / math.sqrt(size)), key, transpose_b=True)
        if mask is not None:
            hidden = HIDDEN * (1 - tf.cast(mask, scores.dtype))
            scores += hidden[:, tf.newaxis, tf.newaxis]
        gathered = tf.transpose(tf.matmul(tf.nn.softmax(scores), value), [0, 2, 1, 3])
        mixed = tf.matmul(tf.reshape(gathered, [-1, features]), self.output_kernel)
        return tf.reshape(tf.nn.bias_add(mixed, self.output_bias), [texts, length, features])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "heads": self.heads}
