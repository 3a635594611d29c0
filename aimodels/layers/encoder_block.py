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
    and nothing else of the block.
    """

    def __init__(  # noqa: PLR0913  # Keras reads a layer back from one argument per entry of its config
        self, *, heads: int, feed_forward: int, norm: str = "pre", activation: str = "gelu", dropout: float = 0.0,
        attention_dropout: float = 0.0, epsilon: float = EPSILON, low_rank: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trains_changes=low_rank is not None, **options)
        self.heads, self.feed_forward, self.norm = heads, feed_forward, norm
        self.activation, self.dropout, self.attention_dropout = activation, dropout, attention_dropout
        self.epsilon, self.low_rank = epsilon, low_rank
        self.supports_masking = True
        self.attention = SelfAttention(heads, dropout=attention_dropout, low_rank=low_rank, **self._part("attention"))
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
        """Both parts, one after the other."""
        shape = tf.shape(sequence)
        dropping = bool(training) and self.trainable

        def attended(flow: Any) -> Any:
            gathered = self.attention(tf.reshape(flow, shape), mask=mask, training=dropping)
            return tf.reshape(gathered, [-1, sequence.shape[-1]])

        def fed_forward(flow: Any) -> Any:
            return self.outer(self.inner(flow))

        # One row per word from here on: nothing but attention looks at more than one.
        flow = tf.reshape(sequence, [-1, sequence.shape[-1]])
        for part, norm, dropout in zip((attended, fed_forward), self.norms, self.dropouts, strict=True):
            change = dropout(part(norm(flow) if self.norm == "pre" else flow), training=dropping)
            flow = flow + change if self.norm == "pre" else norm(flow + change)
        return tf.reshape(flow, shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        network = ("heads", "feed_forward", "norm", "activation", "epsilon")
        training = ("dropout", "attention_dropout", "low_rank", "frozen")
        return {**super().get_config(), **{name: getattr(self, name) for name in (*network, *training)}}

    def _dense(self, units: int, *, name: str, activation: Any = None) -> keras.layers.Dense:
        if self.low_rank is None or name not in self.low_rank["on"]:
            return keras.layers.Dense(units, activation, **self._part(name))
        sizes = {key: self.low_rank[key] for key in ("rank", "alpha")}
        return LowRankDense(units, activation, **sizes, **self._part(name))

    def _part(self, name: str) -> dict[str, Any]:
        return {"name": name, "dtype": self.dtype_policy}
