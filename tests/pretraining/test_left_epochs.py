"""A pre-training whose time is over in the middle of an epoch: how many of its steps count."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aimodels.pretraining.set_aside import forget, put_back, set_aside
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow


def watched(steps_done: int) -> Any:
    """How far an epoch of ten steps is after so many."""
    from aimodels.training.stopping import Signals, StepWatcher

    run: Any = SimpleNamespace(update=lambda **facts: None)
    watcher = StepWatcher(run, signals=Signals(), ends_at=float("inf"), steps=10)
    watcher.on_epoch_begin(0)
    for step in range(10):
        watcher.on_train_batch_end(step)
    watcher.on_epoch_begin(1)
    for step in range(steps_done):
        watcher.on_train_batch_end(step)
    assert watcher.fraction == steps_done / 10
    return watcher.left


@pytest.mark.parametrize(("steps_done", "measures_training"), [(0, None), (3, True), (10, False)])
def test_steps_that_the_optimizer_left_out_count_as_well(
    steps_done: int, measures_training: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.pretraining import preparing
    from aimodels.training.schedules import Steps
    from aimodels.training.stopping import StopTraining

    ended: list[dict[str, float]] = []

    the_state_after_it = SimpleNamespace(best=SimpleNamespace(improved_at=1), epochs_done=2)

    def end_epoch(run: Any, prepared: Any, *, progress: Any, metrics: dict[str, float], seconds: float) -> Any:
        assert seconds >= 0
        ended.append(metrics)
        return the_state_after_it

    monkeypatch.setattr(preparing, "end_epoch", end_epoch)
    # Of the steps of half precision that overflow, the optimizer counts none.
    model = SimpleNamespace(
        optimizer=SimpleNamespace(iterations=0), metrics=[SimpleNamespace(name="loss", result=lambda: 2.5)]
    )
    prepared: Any = SimpleNamespace(
        model=model,
        steps=Steps(per_epoch=10, epochs=5),
        metric_names=["loss"],
        measured=lambda: {"val_loss": 2.0},
        save_best=lambda run, epoch: None,
    )
    run = RunFolder(tmp_path)
    progress: Any = SimpleNamespace(epochs_done=1)
    after = preparing.PreparedPretraining.leave(
        prepared, run, progress=progress, stop=StopTraining("the time is over"), left=watched(steps_done)
    )
    if measures_training is None:
        assert (after, ended) == (progress, [])
        return
    [metrics] = ended
    assert after is the_state_after_it
    assert metrics["val_loss"] == 2.0
    assert (metrics["loss"] == 2.5) is measures_training


def test_training_goes_on_with_the_encoder_of_the_best_epoch(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    weights = run.encoder / "model.safetensors"
    set_aside(run)
    put_back(run)
    assert not run.encoder.exists()
    run.encoder.mkdir()
    for part in ("first", "second"):
        weights.write_text("best epoch")
        set_aside(run)
        weights.write_text(f"{part} part of an epoch")
        assert weights.read_text() == f"{part} part of an epoch"
        put_back(run)
        assert weights.read_text() == "best epoch"
        assert not run.encoder_before.exists()
    set_aside(run)
    forget(run)
    weights.write_text("another best epoch")
    put_back(run)
    assert weights.read_text() == "another best epoch"
