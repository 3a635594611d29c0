"""From the states at hidden pieces to which piece each is: the head of masked-language-model training."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.encoder_block import ACTIVATIONS, EPSILON
from aimodels.layers.layer_normalization import LayerNormalization


@keras.saving.register_keras_serializable(package="aimodels")
class MaskedPieces(keras.layers.Layer):
    """From states [M, size] and the table of the pieces' vectors [V, embedding] to logits [M, V] in float32.

    A dense layer, its activation and a normalisation, then a product with the vectors that the encoder begins with,
    which are not made a second time, and a bias per piece (Devlin et al., 2019, "BERT", as its released code has it).
    """

    def __init__(
        self, *, pieces: int, embedding: int, activation: str = "gelu", epsilon: float = EPSILON, **options: Any
    ) -> None:
        super().__init__(**options)
        self.pieces, self.embedding, self.activation, self.epsilon = pieces, embedding, activation, epsilon
        chosen = ACTIVATIONS.get(activation, activation)
        self.dense = keras.layers.Dense(embedding, chosen, name="dense", dtype=self.dtype_policy)
        self.norm = LayerNormalization(epsilon=epsilon, name="norm", dtype=self.dtype_policy)
        # How many pieces are hidden differs from batch to batch.
        self.supports_jit = False

    def build(self, states_shape: tuple[int | None, ...], table_shape: tuple[int | None, ...] = ()) -> None:
        """Make the weights."""
        self.dense.build(states_shape)
        self.norm.build((None, self.embedding))
        self.bias = self.add_weight(name="bias", shape=(self.pieces,), initializer="zeros")

    def call(self, states: Any, table: Any) -> Any:
        """The logits."""
        flow = self.norm(self.dense(states))
        scores = tf.matmul(flow, tf.cast(table, flow.dtype), transpose_b=True)
        return tf.cast(scores, tf.float32) + tf.cast(self.bias, tf.float32)

    def compute_output_shape(
        self, states_shape: tuple[int | None, ...], table_shape: tuple[int | None, ...] = ()
    ) -> tuple[int | None, ...]:
        """A logit per piece of the vocabulary."""
        return (*states_shape[:-1], self.pieces)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        names = ("pieces", "embedding", "activation", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
