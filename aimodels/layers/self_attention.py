"""Words that look at all words of their text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.layers.dropout import kept, scale_of
from aimodels.layers.low_rank import LowRank, Weights

# Added to the score of padding: its exponential is exactly 0, and no sum with a score overflows in half precision.
HIDDEN = -3e4
JOINT = ("query", "key", "value")  # the parts of the joint kernel, in their order


@keras.saving.register_keras_serializable(package="aimodels")
class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention, [N, T, features] to the same shape: softmax(q k^T / sqrt(size)) v in each head.

    Vaswani et al. (2017), "Attention Is All You Need", section 3.2; what `keras.layers.MultiHeadAttention` computes on
    one sequence, with queries, keys and values from one product. No word looks at padding. What comes out at padding
    means nothing, and no later layer looks at it. `dropout` falls on what the softmax gives. `low_rank` (`rank`,
    `alpha` and the parts that it is `on`: query, key, value, output) adds a change of low rank to the kernels of these
    parts. With `first_only` the first word alone looks at all words, and [N, 1, features] come out.
    """

    def __init__(
        self, heads: int, *, dropout: float = 0.0, low_rank: Mapping[str, Any] | None = None, first_only: bool = False,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.heads, self.dropout, self.low_rank, self.first_only = heads, dropout, low_rank, first_only
        self.supports_masking = True
        self.seeds = keras.random.SeedGenerator() if dropout else None

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
        self.changes = self._changes(features)

    def _changes(self, features: int) -> dict[str, LowRank]:
        """The changes of low rank, by part."""
        if self.low_rank is None:
            return {}
        sizes = {key: self.low_rank[key] for key in ("rank", "alpha")}
        found = {}
        for part in (*JOINT, "output"):
            if part in self.low_rank["on"]:
                found[part] = LowRank(features, **sizes, name=f"{part}_change", dtype=self.dtype_policy)
                found[part].build((None, features))
        return found

    def call(self, sequence: Any, mask: Any = None, training: bool = False) -> Any:
        """What each word gathers from the words of its text."""
        features = sequence.shape[-1]
        query, key, value = self._parts(sequence)
        dropping = None
        if training and self.seeds is not None:
            shape = tf.concat([tf.shape(query)[:3], [tf.shape(key)[2]]], axis=0)
            dropping = kept(shape, rate=self.dropout, seed=self.seeds.next())
            value *= scale_of(self.dropout)
        scale = 1 / math.sqrt(features // self.heads)
        gathered = attend(query * scale, key, value, mask=mask, keep=dropping)
        rows = tf.reshape(tf.transpose(gathered, [0, 2, 1, 3]), [-1, features])
        mixed = tf.nn.bias_add(tf.matmul(rows, self.output_kernel), self.output_bias)
        if "output" in self.changes:
            mixed += self.changes["output"](rows)
        return tf.reshape(mixed, [tf.shape(query)[0], tf.shape(query)[2], features])

    def _parts(self, sequence: Any) -> tuple[Any, Any, Any]:
        """Queries, keys and values, [N, heads, T, size] each; queries [N, heads, 1, size] with `first_only`."""
        if not self.first_only:
            query, key, value = self._projected(sequence, JOINT)
            return query, key, value
        (query,) = self._projected(sequence[:, :1], JOINT[:1])
        key, value = self._projected(sequence, JOINT[1:])
        return query, key, value

    def _projected(self, sequence: Any, parts: Sequence[str]) -> list[Any]:
        """Some neighbouring parts, of the words of a sequence, in heads."""
        features = sequence.shape[-1]
        texts, length = tf.unstack(tf.shape(sequence)[:2])
        joint = self._joint(tf.reshape(sequence, [-1, features]), parts)
        in_heads = tf.reshape(joint, [texts, length, len(parts), self.heads, features // self.heads])
        return list(tf.unstack(tf.transpose(in_heads, [2, 0, 3, 1, 4])))

    def _joint(self, rows: Any, parts: Sequence[str]) -> Any:
        """Some neighbouring parts side by side, [N * T, len(parts) * features]."""
        features, first = rows.shape[-1], JOINT.index(parts[0])
        columns = slice(first * features, (first + len(parts)) * features)
        # Of all columns without a slice, whose gradient would be one more pass over them.
        every = len(parts) == len(JOINT)
        kernel, bias = self.kernel, self._bias_without_noise()
        if not every:
            kernel, bias = kernel[:, columns], bias[columns]
        joint = tf.nn.bias_add(tf.matmul(rows, kernel), bias)
        changed = [part for part in parts if part in self.changes]
        if not changed:
            return joint
        down = tf.concat([self.changes[part].down for part in changed], axis=1)
        # One product for all parts: what changes the values is 0 in the columns of the others.
        ups = []
        for part in changed:
            before = parts.index(part)
            up = self.changes[part].up * self.changes[part].scale
            ups.append(tf.pad(up, [[0, 0], [before * features, (len(parts) - 1 - before) * features]]))
        return joint + tf.matmul(tf.matmul(rows, down), tf.concat(ups, axis=0))

    def _bias_without_noise(self) -> Any:
        """The biases; those of the keys are not trained. They add the same to all scores of a query, which the softmax
        forgets: their gradient is 0 but for rounding, and Adam would make steps of that, others on every device."""
        query, key, value = tf.split(self.bias, len(JOINT))
        return tf.concat([query, tf.stop_gradient(key), value], axis=0)

    def merged_weights(self) -> Weights:
        """The weights, in their order, of the attention without changes that answers alike."""
        kernel, bias, output_kernel, output_bias = (
            np.array(keras.ops.convert_to_numpy(weight))
            for weight in (self.kernel, self.bias, self.output_kernel, self.output_bias)
        )
        for part, columns in zip(JOINT, np.split(kernel, 3, axis=1), strict=True):
            if part in self.changes:
                columns += self.changes[part].as_kernel()
        if "output" in self.changes:
            output_kernel += self.changes["output"].as_kernel()
        return [kernel, bias, output_kernel, output_bias]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came, or its first word."""
        return (input_shape[0], 1, input_shape[-1]) if self.first_only else input_shape

    def compute_mask(self, sequence: Any, mask: Any = None) -> Any:
        """As it came; the first word is no padding."""
        return None if self.first_only else mask

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        names = ("heads", "dropout", "low_rank", "first_only")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def attend(query: Any, key: Any, value: Any, *, mask: Any, keep: Any = None) -> Any:
    """softmax(q k^T) v, [N, heads, Q, size] of queries of that shape and of keys and values [N, heads, T, size], with a
    gradient by hand; `mask` [N, T] is true at words, or None.

    Where `keep` [N, heads, Q, T] is false, what the softmax gives counts as 0. The scores [N, heads, Q, T] are by far
    the largest tensors of a Transformer, and each pass over them costs as much as a product. So what is added to all
    scores of a row or a column takes part in the product as one more feature.
    """

    def run(query: Any, key: Any, value: Any) -> Any:
        ones = tf.ones_like(key[..., :1])
        hidden = tf.zeros_like(ones) if mask is None else ones * _hidden(mask, dtype=query.dtype)
        weights = tf.nn.softmax(_product(query, tf.ones_like(query[..., :1]), key, hidden))
        left = weights if keep is None else weights * tf.cast(keep, weights.dtype)
        gathered = tf.matmul(left, value)

        def gradient(by_gathered: Any) -> tuple[Any, Any, Any]:
            # By the scores it is weights * (by_weights - their mean under the weights), which is this mean.
            mean = tf.reduce_sum(by_gathered * gathered, axis=-1, keepdims=True)
            if keep is None:
                by_scores = weights * _product(by_gathered, -mean, value, ones)
            else:
                by_scores = left * tf.matmul(by_gathered, value, transpose_b=True) - weights * mean
            by_query, by_key = tf.matmul(by_scores, key), tf.matmul(by_scores, query, transpose_a=True)
            return by_query, by_key, tf.matmul(left, by_gathered, transpose_a=True)

        return gathered, gradient

    return tf.custom_gradient(run)(query, key, value)


def _product(left: Any, more_left: Any, right: Any, more_right: Any) -> Any:
    """left . right^T + more_left . more_right^T."""
    return tf.matmul(tf.concat([left, more_left], axis=-1), tf.concat([right, more_right], axis=-1), transpose_b=True)


def _hidden(mask: Any, *, dtype: Any) -> Any:
    """What is added to the scores of each word, [N, 1, T, 1]."""
    return (HIDDEN * (1 - tf.cast(mask, dtype)))[:, tf.newaxis, :, tf.newaxis]
