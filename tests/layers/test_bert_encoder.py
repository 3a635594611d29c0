"""The layers of an encoder: against a plain forward pass written here, and their weights by name."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.encoders.encoder import Encoder, EncoderShape
from aimodels.encoders.finding import find_encoder

pytestmark = pytest.mark.tensorflow

Array = npt.NDArray[np.float64]
Weights = dict[str, Any]
LENGTHS = (11, 1, 7, 4)
FAMILIES = ("bert", "distilbert", "electra")


def tiny(family: str = "bert", **config: Any) -> Encoder:
    return find_encoder(str(write_tiny_encoder(Path(f"tiny-{family}"), family=family, **config)))


def network(encoder: Encoder, **options: Any) -> Any:
    """The encoder as a model from ids to states, with its weights, and its layers beside it."""
    import keras

    from aimodels.layers.bert_encoder import encoder_layers, load_weights

    inputs = keras.Input((None,), dtype="int32")
    layers = encoder_layers(encoder.shape, **options)
    model = keras.Model(inputs, layers(inputs))
    load_weights(layers, encoder.weights())
    model.layers_of_it = layers
    return model


def ids_of(encoder: Encoder, *, segments: bool = True) -> npt.NDArray[np.int32]:
    """Ids of texts of several lengths, padded; the last pieces of each are of a second text."""
    random, length = np.random.default_rng(5), max(LENGTHS)
    pieces = random.integers(1, encoder.shape.pieces, size=(len(LENGTHS), length))
    places = np.arange(length)
    second = segments & (places >= np.array(LENGTHS)[:, None] // 2)
    is_piece = places < np.array(LENGTHS)[:, None]
    return np.where(is_piece, pieces + second * encoder.shape.pieces, 0).astype(np.int32)


def normalised(rows: Array, weights: Weights, name: str, *, epsilon: float) -> Array:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
    return scaled * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def dense(rows: Array, weights: Weights, name: str) -> Array:
    return rows @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def activated(numbers: Array, activation: str) -> Array:
    if activation == "gelu":
        return numbers * 0.5 * (1 + np.vectorize(math.erf)(numbers / math.sqrt(2)))
    if activation == "gelu_tanh":
        return 0.5 * numbers * (1 + np.tanh(math.sqrt(2 / math.pi) * (numbers + 0.044715 * numbers**3)))
    return np.maximum(numbers, 0) if activation == "relu" else numbers / (1 + np.exp(-numbers))


def states_of_one(ids: npt.NDArray[np.int32], weights: Weights, shape: EncoderShape) -> Array:
    """Devlin et al. (2019) on the pieces of one text or pair, [T, size], in float64."""
    flow = weights["embeddings/word"][ids % shape.pieces] + weights["embeddings/position"][: len(ids)]
    if shape.segments:
        flow = flow + weights["embeddings/segment"][ids // shape.pieces]
    flow = normalised(flow, weights, "embeddings/norm", epsilon=shape.epsilon)
    if shape.embedding != shape.size:
        flow = dense(flow, weights, "embeddings/projection")
    size = shape.size // shape.heads
    for number in range(1, shape.blocks + 1):
        block = f"block_{number}"
        query, key, value = (dense(flow, weights, f"{block}/{part}") for part in ("query", "key", "value"))
        gathered = np.empty_like(flow)
        for head in range(shape.heads):
            columns = slice(head * size, (head + 1) * size)
            scores = np.exp(query[:, columns] @ key[:, columns].T / math.sqrt(size))
            gathered[:, columns] = scores / scores.sum(axis=1, keepdims=True) @ value[:, columns]
        flow = flow + dense(gathered, weights, f"{block}/attention_output")
        flow = normalised(flow, weights, f"{block}/attention_norm", epsilon=shape.epsilon)
        inner = activated(dense(flow, weights, f"{block}/inner"), shape.activation)
        flow = normalised(flow + dense(inner, weights, f"{block}/outer"), weights, f"{block}/outer_norm",
                          epsilon=shape.epsilon)  # fmt: skip
    return flow


def check_states(encoder: Encoder) -> None:
    """Our states at the pieces are those of the plain forward pass."""
    ids = ids_of(encoder)
    states = np.asarray(network(encoder)(ids))
    weights = {name: array.astype(np.float64) for name, array in encoder.weights().items()}
    for row, length in enumerate(LENGTHS):
        expected = states_of_one(ids[row, :length], weights, encoder.shape)
        np.testing.assert_allclose(states[row, :length], expected, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_states_are_those_of_the_paper(family: str) -> None:
    check_states(tiny(family))


@pytest.mark.parametrize("activation", ["gelu_new", "relu", "silu"])
def test_the_files_say_the_activation_and_the_epsilon(activation: str) -> None:
    check_states(tiny(hidden_act=activation, layer_norm_eps=0.01))


@pytest.mark.parametrize("family", ["bert", "electra"])
def test_segments_are_told_apart(family: str) -> None:
    encoder = tiny(family)
    ids = ids_of(encoder)
    model = network(encoder)
    alone = np.asarray(model(np.where(ids > 0, (ids - 1) % encoder.shape.pieces + 1, 0)))
    assert np.abs(np.asarray(model(ids)) - alone)[0].max() > 0.01


def test_distilbert_tells_no_segments_apart() -> None:
    encoder = tiny("distilbert")
    model = network(encoder)
    ids = ids_of(encoder)
    np.testing.assert_array_equal(np.asarray(model(ids)), np.asarray(model(ids % encoder.shape.pieces)))


def test_of_a_single_segment_both_texts_are() -> None:
    encoder = tiny(type_vocab_size=1)
    model = network(encoder)
    ids = ids_of(encoder)
    np.testing.assert_array_equal(np.asarray(model(ids)), np.asarray(model(ids % encoder.shape.pieces)))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_come_out_as_they_went_in(family: str) -> None:
    from aimodels.layers.bert_encoder import weights_of

    encoder = tiny(family)
    found = weights_of(network(encoder).layers_of_it)
    assert list(found) == list(encoder.shape.weights)
    given = encoder.weights()
    for name, array in found.items():
        np.testing.assert_array_equal(array, given[name], err_msg=name)


def test_every_weight_must_be_given_with_its_shape() -> None:
    from aimodels.layers.bert_encoder import load_weights, weights_of

    encoder = tiny()
    layers = network(encoder).layers_of_it
    before = weights_of(layers)
    given = {name: 0 * array for name, array in encoder.weights().items()}
    del given["block_2/key/bias"]
    with pytest.raises(ValueError, match="1 weights would keep their random values: block_2/key/bias"):
        load_weights(layers, given)
    given["block_2/key/bias"] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=r"block_2/key/bias must have the shape \(16,\), got \(3,\)"):
        load_weights(layers, given)
    for name, array in weights_of(layers).items():
        np.testing.assert_array_equal(array, before[name])


def test_no_weight_is_left_out() -> None:
    """A layer that gets a weight which no name stands for is noticed."""
    from aimodels.layers.bert_encoder import load_weights

    encoder = tiny()
    layers = network(encoder).layers_of_it
    layers.blocks[0]._layers.append(network(encoder).get_layer("encoder_block_2").norms[0])
    with pytest.raises(ValueError, match="2 weights would keep their random values: .*norm_1/gamma"):
        load_weights(layers, encoder.weights())


def test_training_sees_no_padding_and_no_piece_twice() -> None:
    import tensorflow as tf

    encoder = tiny(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = network(encoder)

    def gradients(batch: npt.NDArray[np.int32]) -> list[Any]:
        is_piece = tf.cast(batch != 0, tf.float32)[..., tf.newaxis]
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.sin(model(batch, training=True)) * is_piece)
        return [tf.convert_to_tensor(by).numpy() for by in tape.gradient(total, model.trainable_variables)]

    ids = ids_of(encoder)
    for one, other in zip(gradients(ids), gradients(np.pad(ids, [(0, 0), (0, 5)])), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-4)
    # A piece of the second text is the same piece: its row of the table is trained.
    by_word = gradients(ids)[0]
    assert (np.abs(by_word).max(axis=1) > 0).sum() == len(set((ids[ids > 0] % encoder.shape.pieces).tolist()))


def test_dropout_is_the_encoders_own_unless_another_is_given() -> None:
    encoder = tiny(hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)
    layers = network(encoder).layers_of_it
    assert (layers.embeddings.dropout, layers.blocks[1].dropout, layers.blocks[1].attention_dropout) == (0.3, 0.3, 0.2)
    layers = network(encoder, dropout=0.5).layers_of_it
    assert (layers.embeddings.dropout, layers.blocks[1].dropout, layers.blocks[1].attention_dropout) == (0.5, 0.5, 0.5)


def test_what_is_frozen_drops_nothing() -> None:
    from aimodels.layers.bert_encoder import Training

    encoder = tiny()
    ids = ids_of(encoder)
    model = network(encoder, training=Training(num_frozen=3))
    np.testing.assert_array_equal(np.asarray(model(ids, training=True)), np.asarray(model(ids)))
    assert model.trainable_variables == []
    model = network(encoder, training=Training(num_frozen=2))
    assert np.abs(np.asarray(model(ids, training=True)) - np.asarray(model(ids))).max() > 0.01
    assert {path.split("/")[0] for path in (weight.path for weight in model.trainable_variables)} == {"encoder_block_2"}


def test_what_is_not_trained_for_now_drops_nothing_for_now() -> None:
    model = network(encoder := tiny())
    ids = ids_of(encoder)
    for layer in model.layers:
        layer.trainable = False
    np.testing.assert_array_equal(np.asarray(model(ids, training=True)), np.asarray(model(ids)))
    model.get_layer("encoder_block_1").trainable = True
    assert np.abs(np.asarray(model(ids, training=True)) - np.asarray(model(ids))).max() > 0.01
    assert len(model.trainable_variables) == 12


def test_a_file_keeps_what_is_frozen(tmp_path: Path) -> None:
    import keras

    from aimodels.layers.bert_encoder import Training

    model = network(tiny(), training=Training(num_frozen=2))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert {weight.path.split("/")[0] for weight in again.trainable_variables} == {"encoder_block_2"}
    again.trainable = False
    again.trainable = True
    assert len(again.trainable_variables) == 12
