"""The contract of architectures, held by every file in the folder."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aimodels import discovery

NAMES = discovery.names("architectures")
VOCABULARY = ("", "[UNK]", *(f"word{number}" for number in range(38)))
LONGEST = 9
pytestmark = pytest.mark.tensorflow


@pytest.fixture(params=NAMES)
def architecture(request: pytest.FixtureRequest) -> ModuleType:
    return discovery.plugin("architectures", request.param)


def built(architecture: ModuleType, *, num_outputs: int) -> Any:
    """The network of its default options, on the smallest input that it takes."""
    import keras

    if "words" in architecture.ACCEPTS:
        tensors, facts = keras.KerasTensor((None, None), dtype="int32"), {"vocabulary": VOCABULARY}
    else:
        tensors, facts = keras.KerasTensor((None, *architecture.SMALLEST_INPUT), dtype="float32"), {}
    return architecture.build(architecture.Options(), tensors=tensors, num_outputs=num_outputs, **facts)


def random_examples(architecture: ModuleType, *, count: int) -> npt.NDArray[Any]:
    """Numbers of either sign, or ids of words with padding behind them."""
    random = np.random.default_rng(0)
    if "words" not in architecture.ACCEPTS:
        return random.normal(size=(count, *architecture.SMALLEST_INPUT)).astype("float32")
    lengths = random.integers(1, LONGEST + 1, size=count)
    ids = random.integers(1, len(VOCABULARY), size=(count, LONGEST)).astype("int32")
    return np.where(np.arange(LONGEST) < lengths[:, np.newaxis], ids, 0).astype("int32")


def targets_of(examples: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """A class that can be told from an example: by the sign of its mean, or by its first word."""
    if examples.dtype == np.int32:
        return (examples[:, 0] > len(VOCABULARY) // 2).astype("int64")
    return (examples.reshape(len(examples), -1).mean(axis=1) > 0).astype("int64")


def test_there_are_architectures() -> None:
    assert {"mlp", "cnn", "lstm", "transformer"} <= set(NAMES)


def test_it_accepts_preprocessings_that_exist(architecture: ModuleType) -> None:
    assert set(architecture.ACCEPTS) <= set(discovery.names("preprocessing"))


@pytest.mark.parametrize("num_outputs", [1, 3])
def test_it_gives_logits(architecture: ModuleType, num_outputs: int) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = built(architecture, num_outputs=num_outputs)
    for weights in model.trainable_variables:
        weights.assign(3 * weights)
    logits = np.asarray(model(random_examples(architecture, count=32)))
    assert logits.shape == (32, num_outputs)
    assert logits.dtype == np.float32
    # Probabilities would all lie between 0 and 1.
    assert not ((logits >= 0) & (logits <= 1)).all()


def test_it_is_not_compiled(architecture: ModuleType) -> None:
    assert not built(architecture, num_outputs=2).compiled


def test_its_logits_are_float32_in_mixed_precision(architecture: ModuleType) -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = built(architecture, num_outputs=2)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.output.dtype == "float32"


def test_it_learns(architecture: ModuleType) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = built(architecture, num_outputs=2)
    examples = random_examples(architecture, count=128)
    targets = targets_of(examples)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    losses = model.fit(examples, targets, epochs=30, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


def test_it_survives_a_save(architecture: ModuleType, tmp_path: Path) -> None:
    import keras

    model = built(architecture, num_outputs=3)
    examples = random_examples(architecture, count=5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(model(examples)), np.asarray(again(examples)))


def test_its_default_options_can_be_written_and_read(architecture: ModuleType) -> None:
    options = architecture.Options()
    assert architecture.Options.model_validate(options.model_dump()) == options
