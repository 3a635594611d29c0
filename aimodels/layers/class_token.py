"""A position of its own in front of each text, where a Transformer gathers what decides."""

from typing import Any

import keras
import tensorflow as tf

from aimodels.layers.plain_layer import PlainLayer
from aimodels.layers.pooling_layer import PoolingLayer


@keras.saving.register_keras_serializable(package="aimodels")
class ClassToken(PlainLayer):
    """From [N, T, features] to [N, T + 1, features]: the same learned vector goes before the first word of each text.

    The token [CLS] of BERT (Devlin et al., 2019). The mask says that it is no padding.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the vector."""
        self.token = self.add_weight(name="token", shape=(input_shape[-1],), initializer="uniform")

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The texts with the vector before them."""
        shape = tf.shape(sequence)
        token = tf.broadcast_to(tf.cast(self.token, sequence.dtype), [shape[0], 1, shape[2]])
        return tf.concat([token, sequence], axis=1)

    def compute_mask(self, sequence: Any, mask: Any = None) -> Any:
        """True at the new position."""
        return None if mask is None else keras.ops.pad(mask, [[0, 0], [1, 0]], constant_values=True)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One position more."""
        num_texts, length, features = input_shape
        return (num_texts, None if length is None else length + 1, features)


@keras.saving.register_keras_serializable(package="aimodels")
class ClassTokenPooling(PoolingLayer):
    """From [N, T + 1, features] to what has become of the class token, [N, features]."""

    def call(self, sequence: Any, mask: Any = None) -> Any:
        """The first position."""
        return sequence[:, 0]
