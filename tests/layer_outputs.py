"""What a Keras layer gives and the gradients of it, to compare two layers number by number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def random_sequence(texts: int, length: int, features: int) -> Array:
    """Vectors of words: float32 [texts, length, features]."""
    return np.random.default_rng(3).normal(size=(texts, length, features)).astype("float32")


def mask_of(lengths: list[int], *, length: int) -> npt.NDArray[np.bool_]:
    """True at the words of texts of these lengths: [texts, length]."""
    return np.arange(length) < np.array(lengths)[:, np.newaxis]


def outputs_and_gradients(layer: Any, *, features: int, training: bool = True) -> Callable[[Array, Any], list[Array]]:
    """A function of vectors [N, T, features] and a mask [N, T]: the output at words, and how a sum of it changes with
    the input and with each trainable weight, in the order of `layer.trainable_variables`.

    As it trains: one graph for batches of any size.
    """
    import tensorflow as tf

    weights = [variable.value for variable in layer.trainable_variables]

    @tf.function(input_signature=[tf.TensorSpec([None, None, features]), tf.TensorSpec([None, None], tf.bool)])
    def computed(inputs: Any, mask: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = layer(inputs, mask=mask, training=training)
            if len(output.shape) == 3:
                output *= tf.cast(mask, tf.float32)[..., tf.newaxis]
            factors = tf.reshape(tf.sin(tf.range(tf.cast(tf.size(output), tf.float32))), tf.shape(output))
            total = tf.reduce_sum(output * factors)
        return output, *tape.gradient(total, [inputs, *weights])

    return lambda sequence, mask: [np.asarray(tensor) for tensor in computed(sequence, mask)]


def assert_all_close(ours: list[Array], theirs: list[Array], *, atol: float = 1e-4) -> None:
    """The same numbers, but for rounding."""
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=atol, rtol=1e-4)
