"""The parts of a Transformer against the layers of Keras that compute the same, number by number."""

from typing import Any

import numpy as np
import pytest
from layer_outputs import assert_all_close, mask_of, outputs_and_gradients, random_sequence

pytestmark = pytest.mark.tensorflow

FEATURES, HEADS, INSIDE = 12, 3, 7
LENGTHS = [10, 1, 6, 10, 3]


def batch() -> tuple[Any, Any]:
    return random_sequence(len(LENGTHS), 10, FEATURES), mask_of(LENGTHS, length=10)


def randomise(layer: Any) -> None:
    """Weights of every kind that are neither 0 nor 1."""
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=weight.shape).astype("float32") for weight in layer.get_weights()])


def stock_attention(ours: Any) -> Any:
    """`keras.layers.MultiHeadAttention` with the weights of ours."""
    import keras

    size = FEATURES // HEADS
    stock = keras.layers.MultiHeadAttention(HEADS, size)
    stock.build((None, None, FEATURES), (None, None, FEATURES))
    kernel, bias, output_kernel, output_bias = ours.get_weights()
    parts = zip(np.split(kernel, 3, axis=1), np.split(bias, 3), strict=True)
    weights = [
        array
        for matrix, vector in parts
        for array in (matrix.reshape(FEATURES, HEADS, size), vector.reshape(HEADS, size))
    ]
    stock.set_weights([*weights, output_kernel.reshape(HEADS, size, FEATURES), output_bias])
    return stock


class WithoutPadding:
    """Stock attention in which no word looks at padding."""

    def __init__(self, stock: Any) -> None:
        self.stock, self.trainable_variables = stock, stock.trainable_variables

    def __call__(self, sequence: Any, *, mask: Any, training: bool) -> Any:
        return self.stock(sequence, sequence, attention_mask=mask[:, None, :], training=training)


def test_attention_computes_what_keras_computes() -> None:
    from aimodels.layers.self_attention import SelfAttention

    layer = SelfAttention(HEADS)
    layer.build((None, None, FEATURES))
    randomise(layer)
    ours = outputs_and_gradients(layer, features=FEATURES)(*batch())
    theirs = outputs_and_gradients(WithoutPadding(stock_attention(layer)), features=FEATURES)(*batch())
    output, by_input, by_kernel, by_bias, *others = ours
    # Keras keeps a matrix and a vector each for queries, keys and values.
    matrices = [by_kernel[:, part] for part in (slice(0, 12), slice(12, 24), slice(24, 36))]
    vectors = np.split(by_bias, 3)
    apart = [array for pair in zip(matrices, vectors, strict=True) for array in pair]
    flat = [array.reshape(one.shape) for array, one in zip(theirs[2:], [*apart, *others], strict=True)]
    assert_all_close([output, by_input, *apart, *others], [*theirs[:2], *flat], atol=1e-3)


def test_biases_of_keys_which_the_softmax_forgets_are_not_trained() -> None:
    from aimodels.layers.self_attention import SelfAttention

    layer = SelfAttention(HEADS)
    layer.build((None, None, FEATURES))
    randomise(layer)
    _, _, _, by_bias, *_ = outputs_and_gradients(layer, features=FEATURES)(*batch())
    by_query, by_key, by_value = np.split(by_bias, 3)
    np.testing.assert_array_equal(by_key, 0)
    assert by_query.all()
    assert by_value.all()


def test_attention_without_a_mask_looks_at_every_position() -> None:
    from aimodels.layers.self_attention import SelfAttention

    layer = SelfAttention(HEADS)
    sequence, _ = batch()
    everywhere = np.ones(sequence.shape[:2], dtype=bool)
    np.testing.assert_allclose(layer(sequence), layer(sequence, mask=everywhere), atol=1e-6)


def test_attention_begins_like_three_matrices() -> None:
    import keras

    from aimodels.layers.self_attention import SelfAttention

    layer = SelfAttention(4)
    layer.build((None, None, 64))
    # Glorot and Bengio: a variance of 2 / (inputs + outputs), here of each of the three.
    assert np.std(keras.ops.convert_to_numpy(layer.kernel)) == pytest.approx((2 / 128) ** 0.5, rel=0.02)


def test_heads_must_share_the_features() -> None:
    from aimodels.layers.self_attention import SelfAttention

    with pytest.raises(ValueError, match="12 features cannot be shared among 5 heads"):
        SelfAttention(5).build((None, None, FEATURES))


def stock_block(block: Any) -> Any:
    """The same block out of layers of Keras, with the weights of ours."""
    import keras
    from keras import layers

    sequence, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    attention = stock_attention(block.attention)
    norms = [layers.LayerNormalization(epsilon=1e-6) for _ in range(2)]
    inner, outer = layers.Dense(INSIDE, activation=block.activation), layers.Dense(FEATURES)
    is_pre = block.norm == "pre"
    flow = norms[0](sequence) if is_pre else sequence
    flow = layers.add([sequence, attention(flow, flow, attention_mask=mask[:, None])])
    flow = flow if is_pre else norms[0](flow)
    flow = layers.add([flow, outer(inner(norms[1](flow) if is_pre else flow))])
    flow = flow if is_pre else norms[1](flow)
    for mine, stock in zip([*block.norms, block.inner, block.outer], [*norms, inner, outer], strict=True):
        stock.set_weights(mine.get_weights())
    model = keras.Model([sequence, mask], flow)
    return WithMask(model)


class WithMask:
    """A model of a sequence and its mask, called like a layer."""

    def __init__(self, model: Any) -> None:
        self.model, self.trainable_variables = model, []

    def __call__(self, sequence: Any, *, mask: Any, training: bool) -> Any:
        return self.model([sequence, mask], training=training)


@pytest.mark.parametrize("activation", ["gelu", "relu", "silu"])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_block_computes_what_its_parts_of_keras_compute(norm: str, activation: str) -> None:
    from aimodels.layers.encoder_block import EncoderBlock

    block = EncoderBlock(heads=HEADS, feed_forward=INSIDE, norm=norm, activation=activation)
    block.build((None, None, FEATURES))
    randomise(block)
    assert len(block.trainable_variables) == 12
    ours = outputs_and_gradients(block, features=FEATURES)(*batch())
    theirs = outputs_and_gradients(stock_block(block), features=FEATURES)(*batch())
    assert_all_close(ours[:2], theirs, atol=1e-3)


@pytest.mark.parametrize("low_rank", [None, {"rank": 2, "alpha": 4.0, "on": ["query", "value", "output", "inner"]}])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_block_that_gives_the_first_word_alone_gives_what_the_whole_block_gives_there(
    norm: str, low_rank: dict[str, Any] | None
) -> None:
    import tensorflow as tf

    from aimodels.layers.encoder_block import EncoderBlock

    options = {"heads": HEADS, "feed_forward": INSIDE, "norm": norm, "low_rank": low_rank}
    whole, first = EncoderBlock(**options), EncoderBlock(**options, first_only=True)
    for block in (whole, first):
        block.build((None, None, FEATURES))
    randomise(whole)
    first.set_weights(whole.get_weights())
    sequence, mask = map(tf.constant, batch())

    def found(block: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            states = block(sequence, mask=mask)[:, :1]
        return [states, *tape.gradient(states, [sequence, *block.trainable_weights])]

    assert first(sequence, mask=mask).shape == (len(sequence), 1, FEATURES)
    assert first.compute_output_shape(sequence.shape) == (len(sequence), 1, FEATURES)
    assert_all_close(found(first), found(whole), atol=1e-3)


def test_a_block_drops_what_its_parts_give() -> None:
    import keras

    from aimodels.layers.encoder_block import EncoderBlock

    keras.utils.set_random_seed(1)
    block = EncoderBlock(heads=HEADS, feed_forward=INSIDE, dropout=0.999)
    sequence, _ = batch()
    # Hardly anything is added, so what came in goes out.
    unchanged = np.isclose(np.asarray(block(sequence, training=True)), sequence)
    assert unchanged.mean() > 0.98
    assert not np.isclose(np.asarray(block(sequence)), sequence).any()


def test_a_frozen_block_drops_nothing() -> None:
    from aimodels.layers.encoder_block import EncoderBlock

    sequence, _ = batch()
    options = {"heads": HEADS, "feed_forward": INSIDE, "dropout": 0.5, "attention_dropout": 0.5}
    for block in (EncoderBlock(**options, frozen=True), EncoderBlock(**options, trainable=False)):
        np.testing.assert_array_equal(np.asarray(block(sequence, training=True)), np.asarray(block(sequence)))
        assert block.trainable_variables == []
        block.trainable = True
        assert bool(block.trainable_variables) is not block.frozen


def test_attention_drops_what_the_softmax_gives() -> None:
    """A mean over a random share of the words, scaled so that its expectation stays."""
    import keras
    import tensorflow as tf

    from aimodels.layers.self_attention import SelfAttention

    keras.utils.set_random_seed(1)
    layer = SelfAttention(HEADS, dropout=0.25)
    layer.build((None, None, FEATURES))
    # Every score is 0, so that each word gathers the mean of all values; the value of each word is 1.
    layer.kernel.assign(tf.zeros_like(layer.kernel))
    layer.bias.assign(tf.concat([tf.zeros(2 * FEATURES), tf.ones(FEATURES)], axis=0))
    layer.output_kernel.assign(tf.eye(FEATURES))
    sequence = np.zeros((200, 20, FEATURES), dtype="float32")
    given = np.asarray(layer(sequence, training=True))
    np.testing.assert_allclose(np.asarray(layer(sequence)), 1.0, atol=1e-6)
    kept = given * 20 * 0.75
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-3)
    assert given.mean() == pytest.approx(1.0, abs=0.01)
    assert kept.min() < 11 < 19 < kept.max() + 1e-3
    # Each head drops for itself, and so does each word.
    assert (given[..., 0] != given[..., FEATURES // HEADS]).mean() > 0.5
    assert (given[:, 0] != given[:, 1]).mean() > 0.5


def test_the_gradient_of_dropped_attention_is_what_tensorflow_finds() -> None:
    import tensorflow as tf

    from aimodels.layers.self_attention import attend

    random = np.random.default_rng(2)
    shape = (3, 2, 7, 4)
    query, key, value = (tf.constant(random.normal(size=shape).astype("float32")) for _ in range(3))
    mask = mask_of([7, 2, 5], length=7)
    keep = random.random((3, 2, 7, 7)) < 0.6

    def plain(query: Any, key: Any, value: Any) -> Any:
        scores = tf.matmul(query, key, transpose_b=True) + tf.where(mask, 0.0, -3e4)[:, None, None, :]
        return tf.matmul(tf.nn.softmax(scores) * tf.cast(keep, tf.float32), value)

    def ours(query: Any, key: Any, value: Any) -> Any:
        return attend(query, key, value, mask=mask, keep=keep)

    def found(function: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([query, key, value])
            output = function(query, key, value)
            total = tf.reduce_sum(output * tf.reshape(tf.sin(tf.range(168.0)), shape))
        return [np.asarray(tensor) for tensor in (output, *tape.gradient(total, [query, key, value]))]

    assert_all_close(found(ours), found(plain), atol=1e-5)


def test_layer_normalization_computes_what_keras_computes() -> None:
    import keras

    from aimodels.layers.layer_normalization import LayerNormalization

    ours, stock = LayerNormalization(epsilon=1e-6), keras.layers.LayerNormalization(epsilon=1e-6)
    for layer in (ours, stock):
        layer.build((None, None, FEATURES))
        randomise(layer)
    mine, theirs = (outputs_and_gradients(Unmasked(layer), features=FEATURES)(*batch()) for layer in (ours, stock))
    assert len(mine) == 4
    assert_all_close(mine, theirs)


class Unmasked:
    """A layer that takes no mask."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.trainable_variables = layer, layer.trainable_variables

    def __call__(self, sequence: Any, *, mask: Any, training: bool) -> Any:
        return self.layer(sequence)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9999999])
def test_dropout_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    import keras

    from aimodels.layers.dropout import Dropout

    keras.utils.set_random_seed(1)
    layer = Dropout(rate)
    given = np.asarray(layer(np.ones((999, 1001), dtype="float32"), training=True))
    dropped = (given == 0).mean()
    assert dropped == pytest.approx(rate, abs=0.002)
    assert given.max() == pytest.approx(1 / (1 - round(rate * 65536) / 65536) if rate < 0.999 else 65536)
    # Both halves of each number that is drawn are used, and neither row nor column is special.
    assert np.abs((given == 0).mean(axis=0) - rate).max() < 0.1
    assert np.abs((given == 0).mean(axis=1) - rate).max() < 0.1


def test_dropout_draws_anew_in_each_step_and_again_from_the_same_seed() -> None:
    import keras

    from aimodels.layers.dropout import Dropout

    ones = np.ones((8, 11), dtype="float32")
    layers = [Dropout(0.5, seed=7), Dropout(0.5, seed=7)]
    first, second = ([np.asarray(layer(ones, training=True)) for _ in range(2)] for layer in layers)
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.asarray(layers[0](ones)), ones)
    assert type(keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layers[0]))) is Dropout


def test_the_gradient_of_dropout_is_dropped_alike() -> None:
    import tensorflow as tf

    from aimodels.layers.dropout import Dropout

    ones = tf.ones((50, 3))
    with tf.GradientTape() as tape:
        tape.watch(ones)
        given = Dropout(0.5)(ones, training=True)
    np.testing.assert_array_equal(tape.gradient(given, ones), given)


def test_waves_are_those_of_the_paper() -> None:
    from aimodels.layers.positions import SinusoidalPositions

    given = np.asarray(SinusoidalPositions()(np.zeros((1, 50, 6), dtype="float32")))[0]
    for position in (0, 1, 49):
        for pair in range(3):
            angle = position / 10_000 ** (2 * pair / 6)
            expected = [np.sin(angle), np.cos(angle)]
            np.testing.assert_allclose(given[position, 2 * pair : 2 * pair + 2], expected, atol=1e-6)


def test_words_are_as_loud_as_their_waves() -> None:
    from aimodels.layers.positions import SinusoidalPositions

    ones = np.ones((1, 4, 16), dtype="float32")
    added = np.asarray(SinusoidalPositions()(ones)) - np.asarray(SinusoidalPositions()(0 * ones))
    np.testing.assert_allclose(added, 4.0, atol=1e-6)


def test_learned_positions_are_added_from_the_first_on() -> None:
    from aimodels.layers.positions import LearnedPositions

    layer = LearnedPositions(9)
    given = np.asarray(layer(np.ones((2, 4, 3), dtype="float32")))
    table = np.asarray(layer.table)
    assert table.shape == (9, 3)
    np.testing.assert_allclose(given, np.broadcast_to(1 + table[:4], (2, 4, 3)))


def test_the_class_token_stands_before_every_text() -> None:
    from aimodels.layers.class_token import ClassToken, ClassTokenPooling

    layer = ClassToken()
    sequence, mask = random_sequence(2, 4, 3), mask_of([4, 2], length=4)
    given = np.asarray(layer(sequence, mask=mask))
    np.testing.assert_array_equal(given[:, 1:], sequence)
    np.testing.assert_array_equal(given[:, 0], np.broadcast_to(layer.token, (2, 3)))
    np.testing.assert_array_equal(layer.compute_mask(sequence, mask), mask_of([5, 3], length=5))
    np.testing.assert_array_equal(ClassTokenPooling()(given), given[:, 0])
