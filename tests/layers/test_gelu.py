"""The exact activation of BERT, and its gradient, against those of Keras."""

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

NUMBERS = np.concatenate([np.linspace(-12, 12, 4001), [-1e30, -200.0, 0.0, 200.0, 1e30]]).astype(np.float32)


def test_the_numbers_are_those_of_keras() -> None:
    import keras

    from aimodels.layers.gelu import gelu

    np.testing.assert_allclose(gelu(NUMBERS), keras.activations.gelu(NUMBERS, approximate=False), rtol=1e-6, atol=1e-6)


def test_the_gradient_is_that_of_keras() -> None:
    import keras
    import tensorflow as tf

    from aimodels.layers.gelu import gelu

    found = []
    for activation in (gelu, lambda inputs: keras.activations.gelu(inputs, approximate=False)):
        numbers = tf.constant(NUMBERS)
        with tf.GradientTape() as tape:
            tape.watch(numbers)
            outputs = activation(numbers)
        found.append(tape.gradient(outputs, numbers, output_gradients=tf.cos(numbers)))
    np.testing.assert_allclose(*found, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_half_precision_stays(kind: str) -> None:
    import tensorflow as tf

    from aimodels.layers.gelu import gelu

    assert gelu(tf.constant([-1.0, 0.0, 1.0], dtype=kind)).dtype == kind
