"""Changes of low rank: what they compute, that nothing else trains, and what becomes of them when they are merged."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

FEATURES, HEADS, INSIDE = 12, 3, 7
PARTS = ("query", "key", "value", "output", "inner", "outer")
EVERYWHERE = {"rank": 2, "alpha": 6.0, "on": list(PARTS)}


def sequence() -> Any:
    return np.random.default_rng(3).normal(size=(4, 9, FEATURES)).astype("float32")


def network(low_rank: dict[str, Any] | None) -> Any:
    """Two blocks, the first of them frozen."""
    import keras

    from aimodels.layers.encoder_block import EncoderBlock

    keras.utils.set_random_seed(7)
    inputs = keras.Input((None, FEATURES))
    flow = inputs
    for number in (1, 2):
        options = {"heads": HEADS, "feed_forward": INSIDE, "norm": "post"}
        flow = EncoderBlock(**options, low_rank=low_rank, frozen=number == 1, name=f"block_{number}")(flow)
    return keras.Model(inputs, keras.layers.Dense(2, name="logits")(flow))


def changed(model: Any) -> Any:
    """The model after its changes of low rank became something, in the frozen block too."""
    from aimodels.layers.low_rank import LowRank

    random = np.random.default_rng(4)
    for layer in model._flatten_layers():
        if isinstance(layer, LowRank):
            layer.set_weights([random.normal(0, 0.3, size=weight.shape) for weight in layer.get_weights()])
    return model


def test_a_change_is_a_product_of_two_thin_matrices() -> None:
    from aimodels.layers.low_rank import LowRank

    layer = LowRank(5, rank=2, alpha=6.0)
    layer.build((None, FEATURES))
    rows = sequence().reshape(-1, FEATURES)
    assert not np.asarray(layer(rows)).any()
    random = np.random.default_rng(1)
    down, up = random.normal(size=(FEATURES, 2)), random.normal(size=(2, 5))
    layer.set_weights([down, up])
    np.testing.assert_allclose(layer(rows), 3 * rows @ down @ up, atol=1e-4)
    np.testing.assert_allclose(layer.as_kernel(), 3 * down @ up, atol=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_a_change_of_its_own(part: str) -> None:
    model = network({**EVERYWHERE, "on": [part]})
    paths = [weight.path for weight in model.trainable_variables]
    assert len(paths) == 4
    assert all(part in path and path.startswith("block_2/") for path in paths[:2])
    assert paths[2:] == ["logits/kernel", "logits/bias"]
    before = np.asarray(model(sequence()))
    assert np.abs(np.asarray(changed(model)(sequence())) - before).max() > 0.01


@pytest.mark.parametrize("on", [[part] for part in PARTS] + [list(PARTS), ["value", "query"]])
def test_merged_it_answers_alike_and_is_a_plain_network(on: list[str]) -> None:
    from aimodels.layers.low_rank import LowRank, LowRankDense, merged, num_merged_parameters

    model = changed(network({**EVERYWHERE, "on": on}))
    plain = merged(model)
    np.testing.assert_allclose(plain(sequence()), model(sequence()), atol=1e-5)
    assert not any(isinstance(layer, LowRank | LowRankDense) for layer in plain._flatten_layers())
    assert [weight.path for weight in plain.weights] == [weight.path for weight in network(None).weights]
    assert plain.count_params() == num_merged_parameters(model) == network(None).count_params()
    assert model.count_params() > plain.count_params()


def test_a_network_without_changes_is_left_alone() -> None:
    from aimodels.layers.low_rank import merged

    model = network(None)
    assert merged(model) is model


def test_only_the_changes_are_trained() -> None:
    import keras

    model = network({**EVERYWHERE, "on": ["query", "value"]})
    before = by_path(model)
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
    model.fit(sequence(), np.ones((4, 9, 2)), epochs=3, verbose=0)
    after = by_path(model)
    moved = {path for path, was in before.items() if np.abs(was - after[path]).max() > 0}
    changes = {f"block_2/attention/{part}_change/{matrix}" for part in ("query", "value") for matrix in ("down", "up")}
    assert moved == {"logits/kernel", "logits/bias", *changes}


def by_path(model: Any) -> dict[str, Any]:
    import keras

    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.weights}


def test_an_input_may_have_the_name_of_the_option() -> None:
    import keras

    from aimodels.layers.low_rank import has_changes, merged

    inner = changed(network(EVERYWHERE))
    inputs = {"low_rank": keras.Input((None, FEATURES), name="low_rank")}
    model = keras.Model(inputs, inner(inputs["low_rank"]))
    plain, asked = merged(model), {"low_rank": sequence()}
    assert not has_changes(plain)
    np.testing.assert_allclose(np.asarray(plain(asked)), np.asarray(model(asked)), atol=1e-5)


def test_a_file_keeps_them_apart_and_trains_the_same(tmp_path: Path) -> None:
    import keras

    model = changed(network(EVERYWHERE))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(sequence())), np.asarray(model(sequence())))
    again.trainable = False
    again.trainable = True
    assert [each.path for each in again.trainable_variables] == [each.path for each in model.trainable_variables]
    assert len(again.trainable_variables) == 2 * len(PARTS) + 2


def test_a_file_of_plain_layers_needs_nothing_new(tmp_path: Path) -> None:
    """What older versions wrote, without the options that came later, is read as it was."""
    import keras

    from aimodels.layers.encoder_block import EncoderBlock

    config = EncoderBlock(heads=HEADS, feed_forward=INSIDE, norm="pre", dropout=0.25, name="old").get_config()
    known = {"name", "trainable", "dtype", "heads", "feed_forward", "norm", "activation", "dropout"}
    block = EncoderBlock.from_config({key: value for key, value in config.items() if key in known})
    assert (block.epsilon, block.attention_dropout, block.low_rank, block.frozen) == (1e-6, 0.0, None, False)
    block.build((None, None, FEATURES))
    assert all(type(layer) is keras.layers.Dense for layer in (block.inner, block.outer))
    assert len(block.weights) == 12
