"""A block of a Transformer's encoder: attention, then a small network at each word, each with a shortcut around it."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.dropout import Dropout
from aimodels.layers.layer_normalization import LayerNormalization
from aimodels.layers.self_attention import SelfAttention

EPSILON = 1e-6


@keras.saving.register_keras_serializable(package="aimodels")
class EncoderBlock(keras.layers.Layer):
    """From [N, T, features] to the same shape (Vaswani et al., 2017, "Attention Is All You Need", section 3.1).

    `norm: post` is that paper's x = norm(x + part(x)); `norm: pre` is x = x + part(norm(x)), which trains without a
    warm-up and wants one more normalisation behind the last block (Xiong et al., 2020, "On Layer Normalization in the
    Transformer Architecture"). `dropout` falls on what a part gives, before it is added.
    """

    def __init__(
        self, *, heads: int, feed_forward: int, norm: str = "pre", activation: str = "gelu", dropout: float = 0.0,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.heads, self.feed_forward, self.norm = heads, feed_forward, norm
        self.activation, self.dropout = activation, dropout
        self.supports_masking = True
        self.attention = SelfAttention(heads, **self._part("attention"))
        self.inner = keras.layers.Dense(feed_forward, activation, **self._part("inner"))
        self.norms = [LayerNormalization(epsilon=EPSILON, **self._part(name)) for name in ("norm_1", "norm_2")]
        self.dropouts = [Dropout(dropout, **self._part(name)) for name in ("dropout_1", "dropout_2")]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights of every part."""
        features = input_shape[-1]
        self.outer = keras.layers.Dense(features, **self._part("outer"))
        self.attention.build(input_shape)
        self.inner.build((None, features))
        self.outer.build((None, self.feed_forward))
        for norm in self.norms:
            norm.build((None, features))

    def call(self, sequence: Any, mask: Any = None, training: bool = False) -> Any:
        """Both parts, one after the other."""
        shape = tf.shape(sequence)

        def attended(flow: Any) -> Any:
            gathered = self.attention(tf.reshape(flow, shape), mask=mask)
            return tf.reshape(gathered, [-1, sequence.shape[-1]])

        def fed_forward(flow: Any) -> Any:
            return self.outer(self.inner(flow))

        # One row per word from here on: nothing but attention looks at more than one.
        flow = tf.reshape(sequence, [-1, sequence.shape[-1]])
        for part, norm, dropout in zip((attended, fed_forward), self.norms, self.dropouts, strict=True):
            change = dropout(part(norm(flow) if self.norm == "pre" else flow), training=training)
            flow = flow + change if self.norm == "pre" else norm(flow + change)
        return tf.reshape(flow, shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        names = ("heads", "feed_forward", "norm", "activation", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _part(self, name: str) -> dict[str, Any]:
        return {"name": name, "dtype": self.dtype_policy}
