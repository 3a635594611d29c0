"""Our LSTM and GRU against those of Keras, number by number, and where they leave the work to Keras."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_outputs import assert_all_close, mask_of, outputs_and_gradients, random_sequence

pytestmark = pytest.mark.tensorflow

UNITS, FEATURES = 5, 3
KINDS = ("lstm", "gru")


def classes_of(kind: str) -> tuple[Any, Any]:
    """Our class and that of Keras."""
    import keras

    from aimodels.layers.gru import GRU
    from aimodels.layers.lstm import LSTM

    return {"lstm": (LSTM, keras.layers.LSTM), "gru": (GRU, keras.layers.GRU)}[kind]


def layers_of(kind: str, *, both_ways: bool = False, **options: Any) -> list[Any]:
    """Ours and that of Keras, with the same random weights."""
    import keras

    layers = [made(UNITS, **{"return_sequences": True, **options}) for made in classes_of(kind)]
    if both_ways:
        layers = [keras.layers.Bidirectional(layer) for layer in layers]
    for layer in layers:
        layer.build((None, None, FEATURES))
    random = np.random.default_rng(1)
    weights = [random.normal(size=weight.shape).astype("float32") for weight in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


@pytest.fixture
def no_stock_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our layers fail where they leave the work to Keras."""

    def fail(*inputs: Any, **options: Any) -> None:
        raise AssertionError("the loop of Keras ran")

    for kind in KINDS:
        monkeypatch.setattr(classes_of(kind)[0], "inner_loop", fail)


@pytest.fixture(scope="module", params=KINDS)
def compared(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """What ours and that of Keras give in training, in both directions; traced once, for every length."""
    return tuple(outputs_and_gradients(layer, features=FEATURES) for layer in layers_of(request.param, both_ways=True))


# Lengths on both sides of whole turns of the loop.
@pytest.mark.parametrize("length", [1, 7, 8, 9, 21])
def test_it_computes_what_keras_computes(compared: tuple[Any, Any], length: int) -> None:
    lengths = [length, 1, max(1, length - 3), (length + 1) // 2, length]
    batch = random_sequence(len(lengths), length, FEATURES), mask_of(lengths, length=length)
    ours, theirs = (compute(*batch) for compute in compared)
    assert len(ours) == 8
    assert_all_close(ours, theirs)


@pytest.mark.parametrize("texts", [0, 1, 2])
def test_small_batches(compared: tuple[Any, Any], texts: int) -> None:
    batch = random_sequence(texts, 10, FEATURES), mask_of([10, 4][:texts], length=10).reshape(texts, 10)
    ours, theirs = (compute(*batch) for compute in compared)
    assert ours[0].shape == (texts, 10, 2 * UNITS)
    assert_all_close(ours, theirs)


def test_no_gradient_comes_from_padding_or_goes_there(compared: tuple[Any, Any]) -> None:
    output, by_input, *_ = compared[0](random_sequence(2, 9, FEATURES), mask_of([4, 9], length=9))
    assert not output[0, 4:].any()
    assert not by_input[0, 4:].any()
    assert by_input[0, :4].all()


def test_the_same_step_gives_the_same_bits(compared: tuple[Any, Any]) -> None:
    batch = random_sequence(40, 30, FEATURES), mask_of([30] * 39 + [7], length=30)
    first, second = (compared[0](*batch) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("no_stock_loop")
def test_outside_training_too(kind: str) -> None:
    sequence, mask = random_sequence(3, 10, FEATURES), mask_of([10, 1, 6], length=10)
    ours, stock = (
        outputs_and_gradients(layer, features=FEATURES, training=False)(sequence, mask) for layer in layers_of(kind)
    )
    assert_all_close(ours, stock)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("no_stock_loop")
def test_without_a_mask_every_position_is_a_word(kind: str) -> None:
    ours, stock = layers_of(kind)
    sequence = random_sequence(4, 10, FEATURES)
    np.testing.assert_allclose(ours(sequence, training=True), stock(sequence), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_at_padding_is_nothing_or_stays(kind: str) -> None:
    ours, _ = layers_of(kind)
    states = np.asarray(ours(random_sequence(2, 9, FEATURES), mask=mask_of([4, 9], length=9)))
    expected = np.zeros((5, UNITS)) if kind == "lstm" else np.repeat(states[0, 3:4], 5, axis=0)
    np.testing.assert_allclose(states[0, 4:], expected, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("no_stock_loop")
def test_dropout_takes_the_same_features_at_every_step(kind: str) -> None:
    import keras

    keras.utils.set_random_seed(2)
    ours, stock = layers_of(kind, dropout=0.5)
    sequence = np.ones((64, 6, FEATURES), dtype="float32")
    dropped = np.asarray(ours(sequence, training=True))
    # What is switched off is one of 2^3 patterns per text, and what is left is doubled.
    possible = [
        np.asarray(stock(2 * sequence[:1] * np.array(pattern, dtype="float32")))[0]
        for pattern in np.ndindex(*[2] * FEATURES)
    ]
    nearest = [min(np.abs(text - one).max() for one in possible) for text in dropped]
    assert max(nearest) < 1e-5
    assert len({text.tobytes() for text in dropped.round(4)}) == len(possible)
    np.testing.assert_allclose(ours(sequence), stock(sequence), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("no_stock_loop")
def test_recurrent_dropout_is_as_if_some_rows_of_the_kernel_were_zero(kind: str) -> None:
    import keras

    keras.utils.set_random_seed(2)
    [ours, _], [_, stock] = layers_of(kind, recurrent_dropout=0.5), layers_of(kind)
    kernel, recurrent_kernel, bias = stock.get_weights()
    batch = random_sequence(1, 6, FEATURES), mask_of([6], length=6)
    compute_ours, compute_stock = (outputs_and_gradients(layer, features=FEATURES) for layer in (ours, stock))
    seen = set()
    for _ in range(5):
        output, by_input, by_kernel, by_recurrent, by_bias = compute_ours(*batch)
        for pattern in np.ndindex(*[2] * UNITS):
            kept = 2 * np.array(pattern, dtype="float32")[:, np.newaxis]
            stock.set_weights([kernel, kept * recurrent_kernel, bias])
            if np.allclose(stock(batch[0]), output, atol=1e-5):
                theirs = compute_stock(*batch)
                theirs[3] = kept * theirs[3]
                assert_all_close([output, by_input, by_kernel, by_recurrent, by_bias], theirs)
                seen.add(pattern)
                break
        else:
            pytest.fail("no units of the state explain what came out")
    assert len(seen) > 1
    np.testing.assert_allclose(ours(batch[0]), layers_of(kind)[1](batch[0]), atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": False},
        {"return_state": True},
        {"activation": "relu"},
        {"use_bias": False},
        {"dtype": "mixed_bfloat16"},
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_loop_cannot_do_is_left_to_keras(kind: str, options: dict[str, Any]) -> None:
    import tensorflow as tf

    ours, stock = layers_of(kind, **options)
    sequence, mask = random_sequence(3, 6, FEATURES), mask_of([6, 2, 4], length=6)
    mine, theirs = (tf.nest.flatten(layer(sequence, mask=mask)) for layer in (ours, stock))
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_is_left_to_keras_but_not_an_export(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    from aimodels.layers import time_loop

    ours, _ = layers_of(kind)
    assert time_loop.can_run(ours)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["GPU:0"] if kind == "GPU" else [])
    assert not time_loop.can_run(ours)
    # What formats set on a layer whose graph must run on any machine.
    ours.use_cudnn = False
    assert time_loop.can_run(ours)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_saved_as_itself(kind: str, tmp_path: Path) -> None:
    import keras

    sequence = random_sequence(3, 6, FEATURES)
    ours, _ = layers_of(kind, both_ways=True, dropout=0.1)
    model = keras.Sequential([keras.Input((None, FEATURES)), ours])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.layers[0].backward_layer) is classes_of(kind)[0]
    np.testing.assert_array_equal(np.asarray(model(sequence)), np.asarray(again(sequence)))


def test_it_can_be_compiled_by_xla() -> None:
    import tensorflow as tf

    ours, _ = layers_of("lstm")
    sequence = tf.constant(random_sequence(4, 10, FEATURES))

    def gradient() -> Any:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(ours(sequence, training=True))
        return tape.gradient(total, [variable.value for variable in ours.trainable_variables])

    for one, other in zip(tf.function(gradient)(), tf.function(gradient, jit_compile=True)(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-4)
