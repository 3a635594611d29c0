"""Steps in pieces give the sums of whole steps; averages of the weights are there while something is measured."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def data(*, weighted: bool = False) -> Any:
    import tensorflow as tf

    random = np.random.default_rng(0)
    examples = random.normal(size=(23, 5)).astype("float32")
    rows = (examples, (examples[:, :1] > 0).astype("float32"))
    rows = (*rows, random.uniform(0.5, 2, size=23).astype("float32")) if weighted else rows
    return tf.data.Dataset.from_tensor_slices(rows).batch(10)


def trained(*, accumulate: int = 1, average: float | None = None, batches: Any = None) -> tuple[Any, Any]:
    import keras

    from aimodels.config.optimizers import ClipByGlobalNorm, Sgd
    from aimodels.training.compiling import build_optimizer
    from aimodels.training.schedules import LearningRate, Steps
    from aimodels.training.stepping import Trained

    keras.utils.set_random_seed(3)
    inputs = keras.Input((5,))
    hidden = keras.layers.Dense(8, "relu", kernel_regularizer="l2")(inputs)
    model = Trained(inputs, keras.layers.Dense(1)(hidden))
    model.accumulate = accumulate
    section = Sgd(learning_rate=0.1, clip=ClipByGlobalNorm(global_norm=0.3))
    rate = LearningRate(section, steps=Steps(per_epoch=3, epochs=2))
    model.compile(
        optimizer=build_optimizer(section, rate=rate, average=average),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
    )
    batches = data() if batches is None else batches
    told = model.fit(batches, validation_data=batches, epochs=2, verbose=0, shuffle=False)
    return model, told.history


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_a_batch_in_pieces_moves_the_weights_as_a_whole_one(weighted: bool) -> None:
    """The last batch has three examples, fewer than pieces."""
    whole, history = trained(batches=data(weighted=weighted))
    pieces, in_pieces = trained(accumulate=4, batches=data(weighted=weighted))
    for one, other in zip(whole.get_weights(), pieces.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)
    for name, values in history.items():
        assert in_pieces[name] == pytest.approx(values, abs=1e-6), name


def test_the_average_is_measured_and_the_weights_train_on() -> None:
    plain, history = trained()
    model, averaged = trained(average=0.9)
    # What trains is the same, what is measured is not.
    assert averaged["loss"] == pytest.approx(history["loss"], abs=1e-7)
    assert averaged["val_loss"] != pytest.approx(history["val_loss"], abs=1e-3)
    for one, other in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    averages = [np.asarray(average) for _, average in model.optimizer.averages]
    with suppress(KeyboardInterrupt), model.averaged():
        for average, weight in zip(averages, model.get_weights(), strict=True):
            np.testing.assert_array_equal(average, weight)
        raise KeyboardInterrupt
    for one, other in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    before = model.evaluate(data(), verbose=0, return_dict=True)["loss"]
    assert before == pytest.approx(averaged["val_loss"][-1], abs=1e-6)


@pytest.fixture
def one_of_several(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A model that takes itself for that of one of several workers."""
    from aimodels.training import stepping

    monkeypatch.setattr(stepping, "has_workers", lambda strategy: True)
    return trained()[0]


def wished(model: Any) -> list[str]:
    from aimodels.training.stepping import WISHES

    return [name for name, wish in zip(WISHES, model.wishes, strict=True) if wish]


def test_what_one_worker_wishes_is_done_once_all_know_of_it(one_of_several: Any) -> None:
    from aimodels.training.stepping import WISHES

    assert one_of_several.agreed(keep=True) == (False,)
    assert one_of_several.agreed(sigterm=True, is_broken=False) == (False, False)
    assert wished(one_of_several) == ["sigterm", "keep"]
    one_of_several.wishes_of_all = tuple(name in ("keep", "is_broken") for name in WISHES)
    assert one_of_several.agreed(keep=False) == (True,)
    assert one_of_several.agreed(sigterm=False, is_broken=False) == (False, True)


def test_a_wish_that_was_done_is_forgotten_and_no_other(one_of_several: Any) -> None:
    one_of_several.agreed(is_broken=True, sigint=True)
    one_of_several.wishes_of_all = one_of_several.wishes
    one_of_several.forget_wish("is_broken")
    assert one_of_several.agreed(is_broken=False) == (False,)
    assert wished(one_of_several) == ["sigint"]
    assert one_of_several.agreed(sigint=True) == (True,)
