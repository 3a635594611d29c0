"""What the options of the convolutional network do to its layers."""

import numpy as np
import pytest
from pydantic import ValidationError

from aimodels.architectures import cnn
from aimodels.errors import FailedError

pytestmark = pytest.mark.tensorflow


def network(size: int = 28, **options: object) -> object:
    import keras

    tensors = keras.KerasTensor((None, size, size, 1), dtype="float32")
    return cnn.build(cnn.Options.model_validate(options), tensors=tensors, num_outputs=10)


def test_the_tutorial_network_has_its_number_of_parameters() -> None:
    # Conv 320 + 18,496 + 36,928, Dense 36,928 + 650 on 3 x 3 x 64: counted by hand from its layers.
    model = network(filters=[32, 64, 64], pool=[2, 2, 1], padding="valid", dense=[64])
    assert model.count_params() == 320 + 18_496 + 36_928 + 36_928 + 650


def test_pooling_before_a_rising_activation_changes_no_number() -> None:
    import keras

    model = network(filters=[4], dense=[])
    convolution = model.get_layer("block_1_conv_1")
    usual = keras.Sequential(
        [keras.Input((28, 28, 1)), convolution, keras.layers.Activation("relu"), keras.layers.MaxPooling2D(2)]
    )
    pooled = keras.Model(model.input, model.get_layer("block_1_activation").output)
    images = np.random.default_rng(0).normal(size=(8, 28, 28, 1)).astype("float32")
    np.testing.assert_array_equal(np.asarray(pooled(images)), np.asarray(usual(images)))


def test_an_activation_that_falls_keeps_its_place_before_pooling() -> None:
    model = network(filters=[4], activation="gelu", dense=[])
    names = [layer.name for layer in model.layers]
    assert names.index("block_1_activation") < names.index("block_1_pool")


def test_the_residual_form_has_a_shortcut_per_block() -> None:
    model = network(form="residual", filters=[8, 8], convolutions=2)
    adds = [layer for layer in model.layers if type(layer).__name__ == "Add"]
    assert len(adds) == 2
    # The number of filters stays the same in the second block, so its shortcut has no weights.
    assert [layer.name for layer in model.layers if layer.name.endswith("_shortcut")] == ["block_1_shortcut"]


def test_an_image_that_is_too_small_is_refused() -> None:
    with pytest.raises(FailedError, match="block 3 .* 1 x 1") as caught:
        network(size=7, filters=[4, 4, 4], pool=[2])
    assert caught.value.code == "AM304"
    assert "fewer blocks" in caught.value.help


def test_more_poolings_than_blocks_are_refused() -> None:
    with pytest.raises(ValidationError, match="1 to 1 numbers, one per block, got 2"):
        cnn.Options.model_validate({"filters": [4], "pool": [2, 2]})


def test_batch_norm_needs_no_bias() -> None:
    model = network(filters=[4], batch_norm=True)
    assert model.get_layer("block_1_conv_1").bias is None
