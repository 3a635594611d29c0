"""Where a word stands, added to what it is: attention alone does not see the order of the words."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.layers.plain_layer import PlainLayer

LONGEST_WAVE = 10_000.0  # in words, over 2 pi; the number of the paper


@keras.saving.register_keras_serializable(package="aimodels")
class LearnedPositions(keras.layers.Layer):
    """Adds a learned vector per position to [N, T, features]; T is at most `length` (Gehring et al., 2017)."""

    def __init__(self, length: int, **options: Any) -> None:
        super().__init__(**options)
        self.length = length
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the table [length, features]."""
        self.table = self.add_weight(name="table", shape=(self.length, input_shape[-1]), initializer="uniform")

    def call(self, sequence: Any) -> Any:
        """The sum."""
        return sequence + tf.cast(self.table, sequence.dtype)[: tf.shape(sequence)[1]]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "length": self.length}


@keras.saving.register_keras_serializable(package="aimodels")
class SinusoidalPositions(PlainLayer):
    """Adds sines and cosines of the position to [N, T, features], for texts of any length.

    Vaswani et al. (2017), "Attention Is All You Need", section 3.5: feature 2i is sin(t / 10000^(2i / features)), and
    2i + 1 its cosine. What comes in is first multiplied by the square root of the features (section 3.4), so that the
    waves do not drown the words.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def call(self, sequence: Any) -> Any:
        """The sum."""
        features = sequence.shape[-1]
        angles = tf.range(tf.shape(sequence)[1], dtype=tf.float32)[:, tf.newaxis] * _frequencies(features)
        waves = tf.where(np.arange(features) % 2 == 0, tf.sin(angles), tf.cos(angles))
        return sequence * math.sqrt(features) + tf.cast(waves, sequence.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As it came."""
        return input_shape


def _frequencies(features: int) -> Any:
    """Of each feature: pairs of a sine and a cosine share one."""
    pair = np.arange(features) // 2
    return (LONGEST_WAVE ** (-2 * pair / features)).astype(np.float32)
