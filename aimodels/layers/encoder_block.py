"""A block of a Transformer's encoder: attention, then a small network at each word, each with a shortcut around it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.dropout import Dropout
from aimodels.layers.freezing import Freezable
from aimodels.layers.gelu import gelu
from aimodels.layers.layer_normalization import LayerNormalization
from aimodels.layers.low_rank import LowRankDense
from aimodels.layers.self_attention import SelfAttention

EPSILON = 1e-6
# Other activations are called as Keras calls them.
ACTIVATIONS: dict[str, Any] = {"gelu": gelu, "gelu_tanh": partial(keras.activations.gelu, approximate=True)}


@keras.saving.register_keras_serializable(package="aimodels")
class EncoderBlock(Freezable):
    """From [N, T, features] to the same shape (Vaswani et al., 2017, "Attention Is All You Need", section 3.1).

    `norm: post` is that paper's x = norm(x + part(x)); `norm: pre` is x = x + part(norm(x)), which trains without a
    warm-up and wants one more normalisation behind the last block (Xiong et al., 2020, "On Layer Normalization in the
    Transformer Architecture"). `dropout` falls on what a part gives, before it is added, `attention_dropout` on what
    each word gathers by; where the block is `frozen`, or not `trainable` for now, neither does. With `low_rank`
    (`rank`, `alpha`, and the parts that it is `on`: query, key, value, output, inner, outer) changes of low rank train,
    and nothing else of the block. With `first_only` nothing but the first word comes out, [N, 1, features]: of a last
    block before a pooling that reads no other, most work is not done at all.
    """

    def __init__(  # noqa: PLR0913  # Keras reads a layer back from one argument per entry of its config
        self, *, heads: int, feed_forward: int, norm: str = "pre", activation: str = "gelu", dropout: float = 0.0,
        attention_dropout: float = 0.0, epsilon: float = EPSILON, low_rank: Mapping[str, Any] | None = None,
        first_only: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trains_changes=low_rank is not None, **options)
        self.heads, self.feed_forward, self.norm = heads, feed_forward, norm
        self.activation, self.dropout, self.attention_dropout = activation, dropout, attention_dropout
        self.epsilon, self.low_rank, self.first_only = epsilon, low_rank, first_only
        self.supports_masking = True
        self.attention = SelfAttention(
            heads, dropout=attention_dropout, low_rank=low_rank, first_only=first_only, **self._part("attention")
        )
        self.inner = self._dense(feed_forward, name="inner", activation=ACTIVATIONS.get(activation, activation))
        self.norms = [LayerNormalization(epsilon=epsilon, **self._part(name)) for name in ("norm_1", "norm_2")]
        self.dropouts = [Dropout(dropout, **self._part(name)) for name in ("dropout_1", "dropout_2")]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights of every part."""
        features = input_shape[-1] or 0
        self.outer = self._dense(features, name="outer")
        self.attention.build(input_shape)
        self.inner.build((None, features))
        self.outer.build((None, self.feed_forward))
        for norm in self.norms:
            norm.build((None, features))
        self.settle()

    def call(self, sequence: Any, mask: Any = None, training: bool = False) -> Any:
        """Both parts, one after the other, each beside what went into it."""
        features, is_pre = sequence.shape[-1], self.norm == "pre"
        dropping = bool(training) and self.trainable

        def rows(words: Any) -> Any:
            return tf.reshape(words, [-1, features])

        def joined(flow: Any, change: Any, *, number: int) -> Any:
            flow = flow + self.dropouts[number](change, training=dropping)
            return flow if is_pre else self.norms[number](flow)

        seen = tf.reshape(self.norms[0](rows(sequence)), tf.shape(sequence)) if is_pre else sequence
        gathered = self.attention(seen, mask=mask, training=dropping)
        # One row per word from here on: nothing but attention looks at more than one.
        flow = joined(rows(sequence[:, :1] if self.first_only else sequence), rows(gathered), number=0)
        flow = joined(flow, self.outer(self.inner(self.norms[1](flow) if is_pre else flow)), number=1)
        return tf.reshape(flow, tf.shape(gathered))

    def compute_mask(self, sequence: Any, mask: Any = None) -> Any:
        """As it came; the first word is no padding."""
        return None if self.first_only else mask

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came, or its first word."""
        return (input_shape[0], 1, input_shape[-1]) if self.first_only else input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        network = ("heads", "feed_forward", "norm", "activation", "epsilon", "first_only")
        training = ("dropout", "attention_dropout", "low_rank", "frozen")
        return {**super().get_config(), **{name: getattr(self, name) for name in (*network, *training)}}

    def _dense(self, units: int, *, name: str, activation: Any = None) -> keras.layers.Dense:
        if self.low_rank is None or name not in self.low_rank["on"]:
            return keras.layers.Dense(units, activation, **self._part(name))
        sizes = {key: self.low_rank[key] for key in ("rank", "alpha")}
        return LowRankDense(units, activation, **sizes, **self._part(name))

    def _part(self, name: str) -> dict[str, Any]:
        return {"name": name, "dtype": self.dtype_policy}
