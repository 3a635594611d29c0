"""Learning rates at given steps, against values worked out by hand."""

import math

import pytest

from aimodels.config.optimizers import Adam

pytestmark = pytest.mark.tensorflow


def rate(step: int, *, schedule: dict[str, object], epochs: int = 10, per_epoch: int = 100) -> float:
    from aimodels.training.schedules import LearningRate, Steps

    section = Adam.model_validate({"learning_rate": 1.0, "schedule": schedule})
    return float(LearningRate(section, steps=Steps(per_epoch=per_epoch, epochs=epochs))(step))


@pytest.mark.parametrize(
    ("schedule", "step", "expected"),
    [
        ({"name": "constant"}, 0, 1.0),
        ({"name": "constant"}, 999, 1.0),
        ({"name": "constant", "warmup_epochs": 1.0}, 0, 0.01),
        ({"name": "constant", "warmup_epochs": 1.0}, 49, 0.5),
        ({"name": "constant", "warmup_epochs": 1.0}, 99, 1.0),
        ({"name": "constant", "warmup_epochs": 1.0}, 500, 1.0),
        ({"name": "step", "every_epochs": 2.0, "factor": 0.5}, 199, 1.0),
        ({"name": "step", "every_epochs": 2.0, "factor": 0.5}, 200, 0.5),
        ({"name": "step", "every_epochs": 2.0, "factor": 0.5}, 999, 0.5**4),
        ({"name": "exponential", "factor": 0.9}, 100, 0.9),
        ({"name": "exponential", "factor": 0.9}, 250, 0.9**2.5),
        ({"name": "cosine"}, 0, 1.0),
        ({"name": "cosine"}, 500, 0.5),
        ({"name": "cosine"}, 250, 0.5 * (1 + math.cos(math.pi / 4))),
        ({"name": "cosine"}, 1000, 0.0),
        ({"name": "cosine", "end_factor": 0.1}, 1000, 0.1),
        ({"name": "cosine", "warmup_epochs": 2.0}, 600, 0.5),
        ({"name": "linear"}, 0, 1.0),
        ({"name": "linear"}, 250, 0.75),
        ({"name": "linear"}, 1000, 0.0),
        ({"name": "linear", "end_factor": 0.1}, 1000, 0.1),
        ({"name": "linear", "warmup_epochs": 2.0}, 99, 0.5),
        ({"name": "linear", "warmup_epochs": 2.0}, 600, 0.5),
        ({"name": "one_cycle", "peak_at": 0.3, "start_factor": 0.04}, 0, 0.04),
        ({"name": "one_cycle", "peak_at": 0.3}, 300, 1.0),
        ({"name": "one_cycle", "peak_at": 0.3, "end_factor": 0.0}, 650, 0.5),
        ({"name": "one_cycle", "end_factor": 1e-4}, 1000, 1e-4),
        ({"name": "plateau"}, 700, 1.0),
    ],
)
def test_the_rate_at_a_step(schedule: dict[str, object], step: int, expected: float) -> None:
    assert rate(step, schedule=schedule) == pytest.approx(expected, abs=1e-6)


def test_a_plateau_scales_whatever_the_schedule_says() -> None:
    from aimodels.training.schedules import LearningRate, Steps

    section = Adam.model_validate({"learning_rate": 0.1, "schedule": {"name": "plateau"}})
    learning_rate = LearningRate(section, steps=Steps(per_epoch=10, epochs=2))
    learning_rate.reduction.assign(0.3)
    assert float(learning_rate(5)) == pytest.approx(0.03)


def test_a_rate_survives_its_config() -> None:
    from aimodels.training.schedules import LearningRate, Steps

    section = Adam.model_validate({"schedule": {"name": "cosine", "warmup_epochs": 1.0}})
    original = LearningRate(section, steps=Steps(per_epoch=10, epochs=3))
    again = LearningRate.from_config(original.get_config())
    assert [float(again(step)) for step in range(30)] == [float(original(step)) for step in range(30)]
