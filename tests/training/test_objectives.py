"""Losses and metrics for numbers and classes, against their formulas."""

import numpy as np
import pytest

from aimodels.config.schema import Train
from aimodels.data.dataset import Target

pytestmark = pytest.mark.tensorflow

ERRORS = np.array([[-3.0], [-0.5], [0.0], [2.0]], np.float32)  # target - answer


def objective(target: Target, *, deviation: float = 1.0, **train: object) -> object:
    from aimodels.training.objectives import objective_for
    from aimodels.training.target_scale import TargetScale

    return objective_for(target, Train.model_validate(train), scale=TargetScale(0.0, deviation))


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        ("auto", np.mean(ERRORS**2)),
        ("mse", np.mean(ERRORS**2)),
        ("mae", np.mean(np.abs(ERRORS))),
        ("huber", np.mean([2.5, 0.125, 0.0, 1.5])),
        ("quantile", np.mean([0.1 * 3, 0.1 * 0.5, 0.0, 0.9 * 2])),
    ],
)
def test_losses_of_numbers(loss: str, wanted: float) -> None:
    options = {"name": loss, "quantile": 0.9} if loss == "quantile" else {"name": loss}
    made = objective(Target("regression"), loss=options)
    assert float(made.loss(ERRORS, np.zeros_like(ERRORS))) == pytest.approx(wanted, abs=1e-6)


def test_errors_are_measured_in_the_unit_of_the_target() -> None:
    made = objective(Target("regression"), deviation=800.0)
    [mae] = [metric for metric in made.metrics if metric.name == "mae"]
    mae.update_state(ERRORS, np.zeros_like(ERRORS))
    assert float(mae.result()) == pytest.approx(800 * np.mean(np.abs(ERRORS)))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_focal_loss_without_gamma_is_cross_entropy(task: str) -> None:
    target = Target(task, ("a", "b") if task == "binary" else ("a", "b", "c"))
    logits = np.random.default_rng(0).normal(size=(5, target.num_outputs)).astype(np.float32)
    classes = np.arange(5) % len(target.class_names)
    values = {}
    for gamma in (None, 0.0, 2.0):
        made = objective(target, **({} if gamma is None else {"loss": {"name": "focal", "gamma": gamma}}))
        wanted = classes[:, None].astype(np.float32) if task == "binary" else classes
        rows = np.eye(3, dtype=np.float32)[classes] if made.one_hot else wanted
        values[gamma] = float(made.loss(rows, logits))
    assert values[0.0] == pytest.approx(values[None], rel=1e-5)
    assert values[2.0] < values[0.0]


def test_several_labels_are_right_together_or_not() -> None:
    made = objective(Target("multilabel", ("a", "b")))
    [accuracy] = made.metrics
    accuracy.update_state(
        np.array([[1, 0], [1, 1], [0, 0]], np.float32), np.array([[2, -1], [2, -1], [-2, -3]], np.float32)
    )
    assert float(accuracy.result()) == pytest.approx(2 / 3)
