"""The optimizers: the same weights as Keras gives, and a rate, a decay and a beginning of its own for each variable."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from aimodels.config.optimizers import Optimizer

pytestmark = pytest.mark.tensorflow

NUM_STEPS = 50
NAMES = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "lion", "muon")


def ours(options: dict[str, Any], **rules: Any) -> Any:
    from aimodels.training.compiling import build_optimizer
    from aimodels.training.schedules import LearningRate, Steps

    section: Any = TypeAdapter(Optimizer).validate_python(options)
    rate = LearningRate(section, steps=Steps(per_epoch=10, epochs=5))
    return build_optimizer(section, rate=rate, **rules)


def rate_of(options: dict[str, Any]) -> Any:
    return ours(options)._learning_rate


def variables(count: int = 2) -> list[Any]:
    """Some matrices, and last a bias."""
    import keras

    random = np.random.default_rng(0)
    shapes = [(4, 3)] * (count - 1) + [(3,)]
    return [keras.Variable(random.normal(size=shape).astype(np.float32)) for shape in shapes]


def stepped(optimizer: Any, variables: Sequence[Any], *, steps: int = NUM_STEPS, slope: float = 0) -> list[np.ndarray]:
    """The variables after some steps along random gradients with a mean."""
    if not optimizer.built:
        optimizer.build(list(variables))
    for step in range(steps):
        random = np.random.default_rng(step)
        optimizer.apply([random.normal(slope, size=each.shape).astype(np.float32) for each in variables], variables)
    return [np.asarray(each) for each in variables]


@pytest.mark.parametrize(
    "clip", [{}, {"norm": 0.5}, {"global_norm": 0.5}, {"value": 0.1}], ids=["free", "norm", "global", "value"]
)
@pytest.mark.parametrize("schedule", [{"name": "constant"}, {"name": "linear", "warmup_epochs": 1.0}])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adam_gives_the_weights_of_keras(clip: dict[str, float], schedule: dict[str, Any], decay: float) -> None:
    import keras

    options = {
        "name": "adamw",
        "weight_decay": decay,
        "clip": clip or None,
        "schedule": schedule,
        "learning_rate": 0.001,
    }
    mine, theirs = variables(), variables()
    clipping = {
        {"norm": "clipnorm", "global_norm": "global_clipnorm", "value": "clipvalue"}[k]: v for k, v in clip.items()
    }
    reference = keras.optimizers.AdamW(rate_of(options), weight_decay=decay, **clipping)
    reference.exclude_from_weight_decay(var_list=[theirs[-1]])
    # Along a slope rather than to and fro, so that steps of another length show.
    for left, right in zip(stepped(ours(options), mine, slope=2), stepped(reference, theirs, slope=2), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_every_other_optimizer_is_that_of_keras(name: str) -> None:
    import keras

    options: dict[str, Any] = {"name": name, "weight_decay": 0.0}
    classes = {
        "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        "adam": keras.optimizers.Adam,
        "adamw": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.0),
        "rmsprop": keras.optimizers.RMSprop,
        "adagrad": keras.optimizers.Adagrad,
        "lion": keras.optimizers.Lion,
        "muon": lambda rate: keras.optimizers.Muon(rate, weight_decay=None, adam_weight_decay=None),
    }
    reference = classes[name](rate_of(options))
    for left, right in zip(stepped(ours(options), variables()), stepped(reference, variables()), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_matrices_decay_and_biases_do_not(name: str) -> None:
    plain = stepped(ours({"name": name, "weight_decay": 0.0}), variables(), steps=1)
    options = {"name": name, "weight_decay": 0.5}
    rate = float(rate_of(options)(0))
    decayed = stepped(ours(options), variables(), steps=1)
    np.testing.assert_allclose(plain[0] - decayed[0], 0.5 * rate * np.asarray(variables()[0]), atol=1e-6)
    np.testing.assert_array_equal(decayed[1], plain[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_share_of_the_rate_is_a_smaller_rate(name: str) -> None:
    options: dict[str, Any] = {"name": name, "weight_decay": 0.1, "learning_rate": 0.01}
    whole = stepped(ours(options), variables())
    shared = stepped(ours(options, shares=[0.1, 1.0]), variables())
    lower = stepped(ours(options | {"learning_rate": 0.001}), variables())
    np.testing.assert_allclose(shared[0], lower[0], rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(shared[1], whole[1])
    assert not np.allclose(shared[0], whole[0])


@pytest.mark.parametrize("name", ["adam", "muon"])
def test_a_variable_that_starts_late_steps_as_if_it_were_the_first(name: str) -> None:
    def bias_moved(*, done: int, starts: Sequence[int]) -> Any:
        optimizer, moved = ours({"name": name}, starts=starts), variables()
        optimizer.build(moved)
        optimizer.iterations.assign(done)
        return variables()[1].numpy() - stepped(optimizer, moved, steps=3)[1]

    expected = bias_moved(done=0, starts=[])
    np.testing.assert_allclose(bias_moved(done=5000, starts=[0, 5000]), expected, rtol=1e-4)
    # Means that begin at 0 and are not corrected make the first steps far too large.
    assert np.abs(bias_moved(done=5000, starts=[])).max() > 1.5 * np.abs(expected).max()


def test_a_variable_may_start_before_all_steps_before_it_are_done() -> None:
    """Keras leaves out the steps in which the gradients of half precision overflow, and does not count them."""
    early, first = variables(), variables()
    stepped(ours({"name": "adam"}, starts=[0, 3]), early, steps=1)
    stepped(ours({"name": "adam"}), first, steps=1)
    np.testing.assert_array_equal(early[1], first[1])


def test_the_share_of_a_variable_is_that_of_its_layers() -> None:
    import keras

    from aimodels.training.optimizers import shares_of

    inner = keras.layers.Dense(2)
    model = keras.Sequential([keras.layers.Input((3,)), keras.Sequential([inner]), keras.layers.Dense(1)])
    assert shares_of(model, model.trainable_variables) == ()
    inner.learning_rate_share = 0.5
    model.layers[0].learning_rate_share = 0.5
    assert shares_of(model, model.trainable_variables) == (0.25, 0.25, 1.0, 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_state_survives_a_file(name: str, tmp_path: Path) -> None:
    import keras

    def model() -> Any:
        return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])

    def optimizer() -> Any:
        return ours({"name": name, "weight_decay": 0.1}, shares=[0.5, 0.5, 1.0, 1.0], starts=[0, 0, 3, 3])

    examples, targets = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
    original = model()
    original.compile(optimizer=optimizer(), loss="mse")
    original.fit(examples, targets, epochs=5, verbose=0)
    original.save(tmp_path / "last.keras")
    again = keras.saving.load_model(tmp_path / "last.keras")
    assert type(again.optimizer) is type(original.optimizer)
    assert (list(again.optimizer.shares), list(again.optimizer.starts)) == ([0.5, 0.5, 1.0, 1.0], [0, 0, 3, 3])
    for left, right in zip(again.optimizer.variables, original.optimizer.variables, strict=True):
        np.testing.assert_array_equal(left, right)
    for each in (original, again):
        each.fit(examples, targets, epochs=2, verbose=0)
    for left, right in zip(again.get_weights(), original.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("xla", [False, True])
def test_rows_of_a_table_are_added_up(xla: bool) -> None:
    """The gradient of `keras.layers.Embedding` is a list of rows, some of them several times."""
    import keras
    import tensorflow as tf

    def table(gradient: Any) -> np.ndarray:
        variable = keras.Variable(np.ones((4, 2), np.float32))
        optimizer = ours({"name": "adam"})
        optimizer.build([variable])
        tf.function(lambda: optimizer.apply([gradient()], [variable]), jit_compile=xla)()
        return np.asarray(variable)

    rows = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
    dense = tf.constant([[0.0, 0.0], [1.5, 6.0], [0.0, 0.0], [3.0, -1.0]])
    by_rows = table(lambda: tf.IndexedSlices(rows, tf.constant([1, 3, 1]), tf.constant([4, 2])))
    np.testing.assert_allclose(by_rows, table(lambda: dense), rtol=1e-6)
