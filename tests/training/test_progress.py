"""The state between two epochs: best, early stopping, plateaus."""

import numpy as np
import pytest

from aimodels.config.schema import Train
from aimodels.data.dataset import Dataset, ImageInput, Provenance, Split, Target
from aimodels.errors import ConfigError

pytestmark = pytest.mark.tensorflow  # the package of the loop imports it at its top


def dataset(*, validation: bool = True) -> Dataset:
    split = Split("train", np.zeros((2, 2, 2, 1), np.uint8), np.array([0, 1]))
    return Dataset(
        input=ImageInput(2, 2, 1),
        target=Target("multiclass", ("a", "b")),
        train=split,
        validation=split if validation else None,
        test=None,
        provenance=Provenance("two images", "0"),
    )


def run(train: Train, values: list[float], *, metric: str = "val_loss") -> list[object]:
    from aimodels.training.progress import after_epoch, begin

    states = [begin(train, dataset())]
    for value in values:
        states.append(after_epoch(states[-1], {metric: value, "val_accuracy": 0.5, "loss": 1.0}, train=train))
    return states


def train(**options: object) -> Train:
    return Train.model_validate({"monitor": "val_loss", **options})


def test_the_best_epoch_is_kept() -> None:
    *_, last = run(train(), [0.5, 0.3, 0.4])
    assert (last.best.best, last.best.improved_at, last.epochs_done) == (0.3, 2, 3)


def test_of_two_equal_accuracies_the_one_with_the_lower_loss_is_better() -> None:
    from aimodels.training.progress import after_epoch, begin

    state, asked = begin(Train(), dataset()), Train()
    for accuracy, loss in [(0.9, 0.5), (0.9, 0.3), (0.9, 0.4), (0.8, 0.1)]:
        metrics = {"val_accuracy": accuracy, "val_loss": loss, "accuracy": 1.0, "loss": 1.0}
        state = after_epoch(state, metrics, train=asked)
    assert state.best.improved_at == 2


def test_accuracy_is_better_when_higher() -> None:
    *_, last = run(train(monitor="auto"), [0.5])
    assert (last.best.metric, last.best.mode) == ("val_accuracy", "max")


def test_without_validation_the_training_metric_is_watched() -> None:
    from aimodels.training.progress import begin

    assert begin(Train(), dataset(validation=False)).best.metric == "accuracy"


def test_of_tables_the_loss_is_watched() -> None:
    from dataclasses import replace

    from aimodels.data.dataset import TableInput
    from aimodels.training.progress import begin

    state = begin(Train(), replace(dataset(), input=TableInput(())))
    assert (state.best.metric, state.best.mode) == ("val_loss", "min")


def test_early_stopping_waits_for_its_patience() -> None:
    states = run(train(early_stopping={"patience": 2}), [0.5, 0.6, 0.7])
    assert [state.stop_reason for state in states] == ["", "", "", "val_loss did not improve for 2 epochs"]


def test_a_change_below_min_delta_is_no_improvement() -> None:
    *_, last = run(train(early_stopping={"patience": 1, "min_delta": 0.1}), [0.5, 0.45])
    assert last.stop_reason
    assert last.best.improved_at == 2  # the checkpoint is still the better one


def test_a_plateau_lowers_the_rate_and_waits_again() -> None:
    schedule = {"name": "plateau", "patience": 2, "factor": 0.5}
    states = run(train(optimizer={"name": "adam", "schedule": schedule}), [0.5, 0.6, 0.6, 0.6, 0.6])
    assert [state.reduction for state in states] == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]


def test_a_rate_never_falls_below_its_floor() -> None:
    schedule = {"name": "plateau", "patience": 1, "factor": 0.1, "min_factor": 0.05}
    *_, last = run(train(optimizer={"name": "adam", "schedule": schedule}), [0.5, 0.6, 0.6, 0.6])
    assert last.reduction == 0.05


def test_a_metric_that_is_not_measured_is_refused() -> None:
    from aimodels.training.progress import begin

    with pytest.raises(ConfigError, match="'val_f1', which this training does not measure") as caught:
        begin(Train(monitor="val_f1"), dataset())
    assert "val_accuracy" in caught.value.help


def test_watching_validation_without_a_split_is_refused() -> None:
    from aimodels.training.progress import begin

    with pytest.raises(ConfigError) as caught:
        begin(Train(monitor="val_loss"), dataset(validation=False))
    assert "there is no validation split" in caught.value.help
