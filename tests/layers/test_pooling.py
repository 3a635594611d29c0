"""From the states at all words of a text to one vector, without looking at padding."""

from typing import Any

import numpy as np
import pytest
from layer_outputs import Array, mask_of, random_sequence

pytestmark = pytest.mark.tensorflow

LENGTHS = [5, 1, 3]
MASK = mask_of(LENGTHS, length=5)


def states() -> Array:
    """With numbers at padding that would be seen in any result."""
    return np.where(MASK[..., np.newaxis], random_sequence(3, 5, 4), 1e6).astype("float32")


def words_of(row: int) -> Array:
    return states()[row, : LENGTHS[row]]


def attention_pooling() -> Any:
    from aimodels.layers.attention_pooling import AttentionPooling

    layer = AttentionPooling(name="pooling")
    layer.build((None, None, 4))
    layer.set_weights([np.array([[0.5], [-1.0], [2.0], [0.1]], dtype="float32"), np.float32(0.7)])
    return layer


def test_every_layer_keeps_its_name() -> None:
    """Keras forgets the name of a layer that takes all of its options from Keras and has no `get_config`."""
    import keras

    from aimodels.runs.loading import register_layers

    register_layers()
    layers = [each for each in keras.saving.get_custom_objects().values() if issubclass(each, keras.layers.Layer)]
    assert len(layers) > 20
    plain = keras.layers.Layer.get_config
    assert [layer.__name__ for layer in layers if layer.get_config is plain] == []
    layer = type(attention_pooling())(name="text_0_pooling")
    assert type(layer).from_config(layer.get_config()).name == "text_0_pooling"


def test_attention_pooling_is_the_published_formula() -> None:
    layer = attention_pooling()
    pooled = np.asarray(layer(states(), mask=MASK))
    weights = np.asarray(layer.weights_of(states(), MASK))
    w, b = (np.asarray(weight) for weight in layer.get_weights())
    for row, length in enumerate(LENGTHS):
        e = words_of(row) @ w[:, 0] + b
        alpha = np.exp(e) / np.exp(e).sum()
        np.testing.assert_allclose(weights[row, :length], alpha, rtol=1e-5)
        np.testing.assert_allclose(pooled[row], alpha @ words_of(row), rtol=1e-4, atol=1e-5)
        assert not weights[row, length:].any()


def test_the_weights_can_be_asked_without_a_mask() -> None:
    layer = attention_pooling()
    sequence = random_sequence(2, 3, 4)
    np.testing.assert_allclose(np.asarray(layer.weights_of(sequence)).sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(
        layer.weights_of(sequence), layer.weights_of(sequence, mask_of([3, 3], length=3)), rtol=1e-6
    )


def test_the_mean_is_over_words() -> None:
    from aimodels.layers.mean_pooling import MeanPooling

    pooled = np.asarray(MeanPooling()(states(), mask=MASK))
    for row in range(3):
        np.testing.assert_allclose(pooled[row], words_of(row).mean(axis=0), rtol=1e-5, atol=1e-6)
    everything = random_sequence(3, 5, 4)
    np.testing.assert_allclose(MeanPooling()(everything), everything.mean(axis=1), rtol=1e-5, atol=1e-6)


def test_words_are_counted_exactly_in_half_precision() -> None:
    import tensorflow as tf

    from aimodels.layers.mean_pooling import MeanPooling

    # bfloat16 cannot hold 257.
    states = tf.cast(np.arange(257)[np.newaxis, :, np.newaxis] < 256, tf.bfloat16)
    pooled = MeanPooling(dtype="mixed_bfloat16")(states, mask=np.ones((1, 257), dtype=bool))
    assert pooled.dtype == tf.bfloat16
    assert float(pooled[0, 0]) == pytest.approx(256 / 257, abs=0.001)


def test_the_maximum_is_over_words() -> None:
    from aimodels.layers.max_pooling import MaxPooling

    pooled = np.asarray(MaxPooling()(states(), mask=MASK))
    for row in range(3):
        np.testing.assert_array_equal(pooled[row], words_of(row).max(axis=0))
    everything = random_sequence(3, 5, 4)
    np.testing.assert_array_equal(MaxPooling()(everything), everything.max(axis=1))


def test_the_last_state_is_that_of_the_last_word() -> None:
    from aimodels.layers.last_pooling import LastPooling

    pooled = np.asarray(LastPooling()(states(), mask=MASK))
    for row in range(3):
        np.testing.assert_array_equal(pooled[row], words_of(row)[-1])
    np.testing.assert_array_equal(LastPooling()(states()), states()[:, -1])


def test_backwards_the_last_state_is_that_of_the_first_word() -> None:
    from aimodels.layers.last_pooling import LastPooling

    pooled = np.asarray(LastPooling(bidirectional=True)(states(), mask=MASK))
    for row in range(3):
        np.testing.assert_array_equal(pooled[row, :2], words_of(row)[-1, :2])
        np.testing.assert_array_equal(pooled[row, 2:], words_of(row)[0, 2:])


@pytest.mark.parametrize("name", ["attention", "mean", "max", "last"])
def test_a_row_of_nothing_but_padding_gives_numbers(name: str) -> None:
    from importlib import import_module

    made = getattr(import_module(f"aimodels.layers.{name}_pooling"), f"{name.title()}Pooling")
    pooled = made()(random_sequence(1, 3, 4), mask=np.zeros((1, 3), dtype=bool))
    assert np.isfinite(pooled).all()
