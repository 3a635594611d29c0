"""Steps per call and XLA: what is chosen, and what is refused."""

from types import SimpleNamespace
from typing import Any

import pytest

from aimodels.config.schema import Train
from aimodels.errors import ConfigError

pytestmark = pytest.mark.tensorflow


def network(units: int = 128, *, supports_jit: bool = True) -> Any:
    import keras

    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(units)])
    model.layers[0].supports_jit = supports_jit
    return model


def chosen(
    model: Any = None,
    *,
    kind: str = "cpu",
    replicas: int = 1,
    faster: tuple[str, ...] = (),
    epochs: int = 100,
    **train: Any,
) -> Any:
    from aimodels.training.schedules import Steps
    from aimodels.training.speed import Work, choose_speed

    placement: Any = SimpleNamespace(kind=kind, num_replicas=replicas)
    steps = Steps(per_epoch=1000, epochs=epochs)
    asked = Train.model_validate(train)
    work = Work(model or network(), examples_per_step=asked.batch_size)
    return choose_speed(work, asked, steps=steps, placement=placement, xla_faster_on=faster)


def test_flops_are_two_per_weight_and_position() -> None:
    import keras

    from aimodels.training.speed import flops_per_example

    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(5)]
    )
    assert flops_per_example(model) == 2 * (3 * 3 * 3 * 4) * (6 * 6) + 2 * (6 * 6 * 4 * 5)


def test_a_text_costs_its_words_and_a_table_of_embeddings_nothing() -> None:
    import keras

    from aimodels.training.speed import flops_per_example

    model = keras.Sequential([keras.Input((None,)), keras.layers.Embedding(1000, 8), keras.layers.LSTM(4)])
    assert flops_per_example(model, positions=50) == 2 * (8 * 16 + 4 * 16) * 50


def test_small_steps_are_bundled_and_large_ones_are_not() -> None:
    assert chosen(batch_size=1).steps_per_execution == 256
    assert chosen(network(4096), batch_size=4096).steps_per_execution == 1


def test_steps_of_several_replicas_are_bundled_too() -> None:
    assert chosen(replicas=2, steps_per_execution=4).steps_per_execution == 4
    assert chosen(replicas=2, batch_size=2).steps_per_execution > 1


def test_what_was_asked_for_is_done() -> None:
    speed = chosen(steps_per_execution=7, xla=True)
    assert (speed.steps_per_execution, speed.xla, speed.reasons) == (7, True, {})


def test_xla_is_chosen_where_it_was_measured_faster() -> None:
    assert chosen(faster=("cpu",)).xla
    assert not chosen(faster=("gpu",)).xla
    assert not chosen(faster=("cpu",), replicas=2).xla
    assert not chosen(network(supports_jit=False), faster=("cpu",)).xla


def test_xla_is_left_out_where_compiling_would_not_be_repaid() -> None:
    speed = chosen(faster=("cpu",), epochs=1)
    assert not speed.xla
    assert speed.reasons["xla"] == "off: compiling is not repaid in 1,000 steps"


def test_keras_takes_xla_as_it_was_chosen() -> None:
    import keras

    model = network()
    model.compile(optimizer=keras.optimizers.SGD(), loss="mse", jit_compile=True)
    assert model.jit_compile


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"model": {"supports_jit": False}, "xla": True}, "XLA cannot compile the layer"),
        ({"kind": "gpu", "xla": True}, "does not repeat its results"),
        ({"replicas": 2, "xla": True}, "one device only"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any], reason: str) -> None:
    if "model" in arguments:
        arguments = {**arguments, "model": network(**arguments["model"])}
    with pytest.raises(ConfigError, match=reason) as caught:
        chosen(**arguments)
    assert caught.value.code == "AM310"
