"""Numbers switched off at random, with fewer random bits."""

from typing import Any

import keras
import tensorflow as tf

LEVELS = 2**16


@keras.saving.register_keras_serializable(package="aimodels")
class Dropout(keras.layers.Dropout):
    """`keras.layers.Dropout` (Srivastava et al., 2014) that draws 16 random bits per number rather than a float32.

    In a small Transformer the random numbers are a large part of a step. The rate is rounded to 1/65,536.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, some of them 0 and the others larger, so that their expectation stays."""
        if not training or self.rate == 0:
            return inputs
        keep = kept(tf.shape(inputs), rate=self.rate, seed=self.seed_generator.next())
        return inputs * (tf.cast(keep, inputs.dtype) * scale_of(self.rate))


def kept(shape: Any, *, rate: float, seed: Any) -> Any:
    """Which numbers of a tensor of this shape stay, at random: bool."""
    return _sixteen_bits(shape, seed=seed) >= tf.cast(_num_dropped(rate), tf.uint16)


def scale_of(rate: float) -> float:
    """By what those that stay are multiplied, so that their expectation stays too."""
    return LEVELS / (LEVELS - _num_dropped(rate))


def _num_dropped(rate: float) -> int:
    return min(round(rate * LEVELS), LEVELS - 1)


def _sixteen_bits(shape: Any, *, seed: Any) -> Any:
    """Random uint16 of a shape; two are cut out of each number that is drawn."""
    total = tf.reduce_prod(shape)
    pairs = tf.random.stateless_uniform([(total + 1) // 2], seed, None, None, tf.uint32)
    return tf.reshape(tf.reshape(tf.bitcast(pairs, tf.uint16), [-1])[:total], shape)
