"""Words that look at all words of their text."""

import math
from typing import Any

import keras
import tensorflow as tf

# Added to the score of padding: its exponential is exactly 0, and no sum with a score overflows in half precision.
HIDDEN = -3e4


@keras.saving.register_keras_serializable(package="aimodels")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention, [N, T, features] to the same shape: softmax(q k^T / sqrt(size)) v in each head.

    Vaswani et al. (2017), "Attention Is All You Need", section 3.2; what `keras.layers.MultiHeadAttention` computes on
    one sequence, with queries, keys and values from one product. No word looks at padding. What comes out at padding
    means nothing, and no later layer looks at it.
    """

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the matrices for queries, keys and values side by side, [features, 3 * features], and the one behind."""
        features = input_shape[-1] or 0
        if features % self.heads:
            raise ValueError(f"{features} features cannot be shared among {self.heads} heads")
        # As if the three were made one by one (Glorot and Bengio, 2010): as one matrix they would begin too small.
        limit = math.sqrt(3 / features)
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
        gathered = attend(query * (1 / math.sqrt(size)), key, value, mask=mask)
        rows = tf.reshape(tf.transpose(gathered, [0, 2, 1, 3]), [-1, features])
        mixed = tf.nn.bias_add(tf.matmul(rows, self.output_kernel), self.output_bias)
        return tf.reshape(mixed, [texts, length, features])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "heads": self.heads}


def attend(query: Any, key: Any, value: Any, *, mask: Any) -> Any:
    """softmax(q k^T) v, all [N, heads, T, size], with a gradient by hand; `mask` [N, T] is true at words, or None.

    The scores [N, heads, T, T] are by far the largest tensors of a Transformer, and each pass over them costs as much
    as a product. So what is added to all scores of a row or a column takes part in the product as one more feature.
    """

    def run(query: Any, key: Any, value: Any) -> Any:
        ones = tf.ones_like(query[..., :1])
        hidden = tf.zeros_like(ones) if mask is None else ones * _hidden(mask, dtype=query.dtype)
        weights = tf.nn.softmax(_product(query, ones, key, hidden))
        gathered = tf.matmul(weights, value)

        def gradient(by_gathered: Any) -> tuple[Any, Any, Any]:
            # By the scores it is weights * (by_weights - their mean under the weights), which is this mean.
            mean = tf.reduce_sum(by_gathered * gathered, axis=-1, keepdims=True)
            by_scores = weights * _product(by_gathered, -mean, value, ones)
            by_query, by_key = tf.matmul(by_scores, key), tf.matmul(by_scores, query, transpose_a=True)
            return by_query, by_key, tf.matmul(weights, by_gathered, transpose_a=True)

        return gathered, gradient

    return tf.custom_gradient(run)(query, key, value)


def _product(left: Any, more_left: Any, right: Any, more_right: Any) -> Any:
    """left . right^T + more_left . more_right^T."""
    return tf.matmul(tf.concat([left, more_left], axis=-1), tf.concat([right, more_right], axis=-1), transpose_b=True)


def _hidden(mask: Any, *, dtype: Any) -> Any:
    """What is added to the scores of each word, [N, 1, T, 1]."""
    return (HIDDEN * (1 - tf.cast(mask, dtype)))[:, tf.newaxis, :, tf.newaxis]
