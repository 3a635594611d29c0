"""Training as a library call: what a run holds, that it repeats, and how it ends."""

import csv
import json
import math
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aimodels.config.loading import Loaded, load
from aimodels.errors import ConfigError, FailedError, MachineError, UsageError
from aimodels.events import EpochEnded, Event, StoppedEarly, listening
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

BASE = """
name: small
seed: 3
data: {name: mnist, source: sample, limit: 200}
model: {name: mlp, hidden: [16], dropout: 0.2}
train: {epochs: 2, batch_size: 32, augment: {shift: 0.1}}
"""


def config(tmp_path: Path, *overrides: str) -> Loaded:
    (tmp_path / "small.yaml").write_text(BASE)
    return load(tmp_path / "small.yaml", overrides=overrides)


def trained(tmp_path: Path, *overrides: str) -> RunFolder:
    from aimodels.training.train import train

    return train(config(tmp_path, *overrides), RunPlace(tmp_path / "runs"))


def weights(run: RunFolder, checkpoint: str) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in run.model(checkpoint).get_weights()]


def test_a_run_holds_what_it_should(trained_run: RunFolder) -> None:
    facts = trained_run.facts()
    assert facts["status"] == "finished"
    assert facts["epochs_done"] == facts["epochs_planned"] == 2
    assert facts["num_examples"] == {"train": 200, "validation": 200, "test": 200}
    assert facts["error"] is None
    history = trained_run.history()
    assert list(history) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert history["epoch"] == [1, 2]
    metrics = trained_run.metrics()
    assert metrics["best"]["value"] == max(history["val_accuracy"])
    assert metrics["last"]["all"]["loss"] == history["loss"][-1]
    kinds = [json.loads(line)["type"] for line in trained_run.events_file.read_text().splitlines()]
    assert kinds[0] == "run_started"
    assert kinds[-1] == "run_ended"
    assert kinds.count("epoch_ended") == 2
    with trained_run.timing_file.open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    assert not list(trained_run.path.rglob("*.tmp*"))


def test_the_resolved_config_of_a_run_is_its_config(trained_run: RunFolder) -> None:
    assert load(trained_run.resolved_file).config == trained_run.config


def test_the_best_checkpoint_needs_nothing_of_ours(trained_run: RunFolder) -> None:
    import keras

    model = keras.saving.load_model(trained_run.checkpoint("best"))
    assert model.output_shape == (None, 10)
    assert not model.compiled


@pytest.mark.parametrize("xla", [pytest.param("true", marks=pytest.mark.slow), "false"])
def test_the_same_seed_gives_the_same_history_and_weights(xla: str, tmp_path: Path) -> None:
    one, other = trained(tmp_path, f"train.xla={xla}"), trained(tmp_path, f"train.xla={xla}")
    assert one.path != other.path
    assert one.history_file.read_bytes() == other.history_file.read_bytes()
    for which in ("best", "last"):
        for left, right in zip(weights(one, which), weights(other, which), strict=True):
            np.testing.assert_array_equal(left, right)


def test_another_seed_gives_another_history(tmp_path: Path) -> None:
    one, other = trained(tmp_path), trained(tmp_path, "seed=4")
    assert one.history_file.read_bytes() != other.history_file.read_bytes()


def test_steps_per_execution_changes_no_number(tmp_path: Path) -> None:
    one = trained(tmp_path, "train.steps_per_execution=1")
    # 6 steps an epoch: calls of 4 and 2.
    other = trained(tmp_path, "train.steps_per_execution=4")
    assert one.history_file.read_bytes() == other.history_file.read_bytes()


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import fitting

    after_epoch = fitting.after_epoch
    # After a good first epoch the rate becomes absurd.
    monkeypatch.setattr(fitting, "after_epoch", lambda *args, **kw: replace(after_epoch(*args, **kw), reduction=1e30))
    with pytest.raises(FailedError, match="not a finite number in epoch") as caught:
        trained(tmp_path, "train.epochs=50", "train.optimizer={name: sgd}")
    assert caught.value.code == "AM401"
    assert "learning_rate=" in caught.value.help
    run = RunFolder(tmp_path / "runs" / "small-001")
    assert run.facts()["status"] == "failed"
    assert run.facts()["error"]["code"] == "AM401"
    assert run.history()["epoch"] == [1]
    for which in ("best", "last"):
        assert all(np.isfinite(weight).all() for weight in weights(run, which))


def test_a_loss_that_is_never_finite_leaves_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="in epoch 1") as caught:
        trained(tmp_path, "train.optimizer={name: sgd, learning_rate: 1e30}")
    assert "no epoch was finished" in caught.value.notes[0]
    assert not list((tmp_path / "runs" / "small-001" / "checkpoints").iterdir())


def test_early_stopping_ends_a_run(tmp_path: Path) -> None:
    events: list[Event] = []
    with listening(events.append):
        # Nothing improves by more than 10 in accuracy.
        run = trained(tmp_path, "train.epochs=9", "train.early_stopping={patience: 2, min_delta: 10}")
    assert run.facts()["status"] == "stopped_early"
    assert run.facts()["epochs_done"] == 3
    (stopped,) = [event for event in events if isinstance(event, StoppedEarly)]
    assert stopped.reason == "val_accuracy did not improve for 2 epochs"


def test_a_time_limit_ends_a_run_with_its_state_saved(tmp_path: Path) -> None:
    run = trained(tmp_path, "train.epochs=100000", "train.max_time=1s")
    facts = run.facts()
    assert facts["status"] == "stopped_early"
    assert "train.max_time" in facts["reason"]
    assert RunFolder.open(run.path).model().output_shape == (None, 10)


def test_a_time_limit_within_the_first_epoch_loses_nothing(tmp_path: Path) -> None:
    run = trained(tmp_path, "train.max_time=0s")
    assert run.facts()["epochs_done"] == 0
    assert RunFolder.open(run.path).model().output_shape == (None, 10)


def test_ctrl_c_saves_and_marks_the_run_interrupted(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    with listening(interrupt):
        run = trained(tmp_path, "train.epochs=50")
    assert signal.getsignal(signal.SIGINT) is before
    facts = run.facts()
    assert facts["status"] == "interrupted"
    assert facts["signal_number"] == signal.SIGINT
    assert facts["epochs_done"] == 2
    assert run.history()["epoch"] == [1, 2]
    assert RunFolder.open(run.path).metrics()["last"]["epoch"] == 2


def test_without_validation_a_run_is_whole_as_well(tmp_path: Path) -> None:
    run = trained(tmp_path, "data.validation=0")
    assert list(run.history()) == ["epoch", "loss", "accuracy", "learning_rate"]
    assert run.facts()["monitor"] == "accuracy"


def test_label_smoothing_and_class_weights_train(tmp_path: Path) -> None:
    run = trained(tmp_path, "train.label_smoothing=0.1", "train.class_weights=balanced")
    assert run.facts()["status"] == "finished"


RARER = [pytest.param(name, marks=pytest.mark.slow) for name in ("rmsprop", "adagrad", "lion", "muon")]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", *RARER])
def test_every_optimizer_learns(name: str, tmp_path: Path) -> None:
    run = trained(
        tmp_path,
        f"train.optimizer.name={name}",
        "train.epochs=4",
        "train.augment=null",
        "train.optimizer.clip.norm=5.0",
    )
    losses = run.history()["loss"]
    assert losses[-1] < losses[0]


def test_tensorboard_logs_are_written_on_request(tmp_path: Path) -> None:
    run = trained(tmp_path, "train.tensorboard=true", "train.epochs=1")
    assert {path.parent.name for path in run.tensorboard.rglob("events*")} == {"train", "validation"}
    assert not trained(tmp_path, "train.epochs=1").tensorboard.exists()


def test_a_gpu_that_is_not_there_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    import tensorflow as tf

    number = len(tf.config.list_physical_devices("GPU"))
    with pytest.raises(MachineError) as caught:
        trained(tmp_path, f"train.device=gpu:{number}")
    assert (caught.value.code, caught.value.exit_code) == ("AM702", 5)
    assert not (tmp_path / "runs").exists()


def test_a_metric_that_does_not_exist_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="val_f1"):
        trained(tmp_path, "train.monitor=val_f1")
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(MachineError) as caught:
        trained(tmp_path)
    assert caught.value.code == "AM703"


def test_mixed_precision_answers_in_float32(tmp_path: Path) -> None:
    run = trained(tmp_path, "train.precision=mixed_bfloat16", "train.epochs=1")
    assert run.facts()["precision"] == "mixed_bfloat16"
    assert run.model().output.dtype == "float32"


@pytest.mark.usefixtures("verified_here")
def test_what_was_trained_in_mixed_precision_is_exported_exactly(tmp_path: Path) -> None:
    from aimodels.exporting import ExportRequest, export_run

    run = trained(tmp_path, "train.precision=mixed_bfloat16", "model={name: cnn, filters: [4], batch_norm: true}")
    for checkpoint in ("best", "last"):
        policies = {layer.dtype_policy.name for layer in run.model(checkpoint)._flatten_layers()}
        assert policies == {"float32"}
    assert export_run(run, ExportRequest(format="keras")).max_abs_diff <= 1e-5


def test_the_learning_rate_in_the_history_is_that_of_the_last_step(tmp_path: Path) -> None:
    # 7 steps an epoch: the cosine is at 6/14 after the first, at 13/14 after the second.
    run = trained(tmp_path, "train.optimizer={name: adam, learning_rate: 1.0, schedule: {name: cosine}}")
    expected = [0.5 * (1 + math.cos(math.pi * step / 14)) for step in (6, 13)]
    assert run.history()["learning_rate"] == pytest.approx(expected, abs=1e-6)


def test_folds_are_refused_where_one_run_is_trained(tmp_path: Path) -> None:
    from aimodels.training.dry_run import dry_run

    with pytest.raises(UsageError, match="asks for a run per fold") as caught:
        trained(tmp_path, "train.folds=3")
    assert caught.value.code == "AM554"
    assert not (tmp_path / "runs").exists()
    with pytest.raises(UsageError, match="asks for a run per fold"):
        dry_run(config(tmp_path, "train.folds=3"))
