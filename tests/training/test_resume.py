"""A run that was left goes on in its own folder and ends, bit for bit, as the one that never was."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from written_runs import written_run

from aimodels.config.loading import Loaded, load
from aimodels.errors import FailedError, UsageError
from aimodels.events import Event, Resumed, Warned, listening
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

# Seven steps an epoch, in calls of two; two epochs of validation.
IMAGES = """
name: image
seed: 3
data: {name: mnist, source: sample, limit: 200}
model: {name: cnn, filters: [4], dropout: 0.3, batch_norm: true}
train:
  epochs: 2
  batch_size: 32
  steps_per_execution: 2
  augment: {shift: 0.1}
  optimizer: {name: adamw, schedule: {name: cosine, warmup_epochs: 1}}
"""
TEXTS = """
name: text
seed: 3
data: {name: imdb, source: sample, limit: 120}
model: {name: lstm, units: [8], dropout: 0.3, words: {max_length: 16, vocabulary: 300}, embedding: {size: 8}}
train:
  epochs: 2
  batch_size: 16
  steps_per_execution: 3
  ema: 0.9
  augment: {word_dropout: 0.1}
  optimizer: {name: adam, schedule: {name: plateau, patience: 1}}
"""
CONFIGS = {"image": IMAGES, "text": TEXTS}


def loaded(folder: Path, name: str, *overrides: str) -> Loaded:
    (folder / f"{name}.yaml").write_text(CONFIGS[name])
    return load(folder / f"{name}.yaml", overrides=overrides)


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """The runs that nobody stopped, which none may change."""
    from aimodels.training.train import train

    folder = tmp_path_factory.mktemp("whole")
    return {name: train(loaded(folder, name), RunPlace(folder / "runs")) for name in CONFIGS}


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`stopping(epoch=2, step=4)` stops as SIGTERM does after that step; a step of None is within validation."""

    def stop(*, epoch: int, step: int | None) -> None:
        from aimodels.training.stopping import StepWatcher, stopped_by

        look = "on_test_batch_end" if step is None else "on_train_batch_end"
        before = getattr(StepWatcher, look)

        def leave(self: Any, batch: int, logs: Any = None) -> None:
            before(self, batch, logs)
            if self._epoch == epoch and (step is None or self._steps_done >= step):
                monkeypatch.setattr(StepWatcher, look, before)
                raise stopped_by(signal.SIGTERM)

        monkeypatch.setattr(StepWatcher, look, leave)

    return stop


def resumed(run: RunFolder, *overrides: str) -> RunFolder:
    from aimodels.runs.resuming import going_on
    from aimodels.training.train import train

    run = RunFolder(run.path)
    asked = load(run.resolved_file, overrides=overrides).config
    return train(going_on(run, asked), RunPlace(run.path.parent, resumed=run))


def expect_equal(one: RunFolder, other: RunFolder) -> None:
    from aimodels.training.state_files import newest_state

    assert one.history_file.read_bytes() == other.history_file.read_bytes()
    for which in ("best", "last"):
        for left, right in zip(one.model(which).get_weights(), other.model(which).get_weights(), strict=True):
            np.testing.assert_array_equal(left, right)
    mine, theirs = newest_state(one), newest_state(other)
    assert mine is not None
    assert theirs is not None
    assert (mine.position, mine.progress) == (theirs.position, theirs.progress)
    assert list(mine.values) == list(theirs.values)
    for name, values in mine.values.items():
        np.testing.assert_array_equal(values, theirs.values[name], err_msg=name)


class Left(NamedTuple):
    """Which run is left after which step (None: within validation) of which epoch, and the state that is kept."""

    name: str
    epoch: int
    step: int | None
    kept: tuple[int, int]


@pytest.mark.parametrize(
    "case",
    [
        Left("image", 1, 4, (0, 4)),
        Left("image", 1, None, (0, 7)),
        Left("image", 2, 7, (1, 7)),
        Left("text", 2, 3, (1, 3)),
    ],
    ids=str,
)
def test_a_run_that_was_left_ends_as_the_one_that_was_not(
    wholes: dict[str, RunFolder], stopping: Callable[..., None], tmp_path: Path, case: Left
) -> None:
    from aimodels.training.state_files import newest_state
    from aimodels.training.train import train

    stopping(epoch=case.epoch, step=case.step)
    left = train(loaded(tmp_path, case.name), RunPlace(tmp_path / "runs"))
    facts = left.facts()
    assert (facts["status"], facts["signal_number"]) == ("interrupted", signal.SIGTERM)
    state = newest_state(left)
    assert state is not None
    assert state.position == case.kept
    heard: list[Event] = []
    with listening(heard.append):
        run = resumed(left)
    [event] = [event for event in heard if isinstance(event, Resumed)]
    assert (event.epoch, event.step, event.notes) == (*case.kept, ())
    assert run.facts()["status"] == "finished"
    assert [(entry["epoch"], entry["step"]) for entry in run.facts()["resumed"]] == [case.kept]
    assert run.facts()["id"] == facts["id"]
    expect_equal(run, wholes[case.name])
    assert not list(run.path.rglob("*.tmp*"))
    assert not run.lock_file.exists()


def test_more_epochs_than_were_planned(wholes: dict[str, RunFolder], tmp_path: Path) -> None:
    from aimodels.training.train import train

    constant = "train.optimizer={name: adam}"
    run = train(loaded(tmp_path, "image", constant, "train.epochs=1"), RunPlace(tmp_path / "runs"))
    with pytest.raises(UsageError, match="is finished: it ended after epoch 1 of 1"):
        resumed(run)
    heard: list[Event] = []
    with listening(heard.append):
        run = resumed(run, "train.epochs=2")
    whole = train(loaded(tmp_path, "image", constant), RunPlace(tmp_path / "runs"))
    expect_equal(run, whole)
    assert load(run.resolved_file).config.train.epochs == 2
    assert [event.notes for event in heard if isinstance(event, Resumed)] == [("2 epochs instead of 1",)]


@pytest.fixture
def copied(wholes: dict[str, RunFolder], tmp_path: Path) -> RunFolder:
    """A copy of a whole run, as if it had been killed at its very end."""
    run = RunFolder(tmp_path / "runs" / "image-001")
    shutil.copytree(wholes["image"].path, run.path)
    run.update(status="failed")
    return run


def states(run: RunFolder) -> list[Path]:
    from aimodels.training.state_files import state_files

    return state_files(run.states)


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_broken_state_is_passed_over_aloud(copied: RunFolder, wholes: dict[str, RunFolder]) -> None:
    before, newest = states(copied)
    spoil(newest)
    (copied.states / ".2-0.1.tmp.safetensors").write_bytes(b"not finished")
    heard: list[Event] = []
    with listening(heard.append):
        resumed(copied)
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert (warned.code, newest.name in warned.message, before.name in warned.message) == ("AM404", True, True)
    expect_equal(copied, wholes["image"])
    assert not list(copied.path.rglob("*.tmp*"))


def test_without_a_whole_state_nothing_goes_on(copied: RunFolder) -> None:
    for path in states(copied):
        spoil(path)
    history = copied.history_file.read_bytes()
    with pytest.raises(FailedError, match="all 2 files in") as caught:
        resumed(copied)
    assert caught.value.code == "AM403"
    assert copied.history_file.read_bytes() == history
    assert copied.facts()["status"] == "failed"


def test_a_run_whose_states_are_gone_does_not_begin_again(tmp_path: Path) -> None:
    from aimodels.training.state_files import expect_states

    runs_dir = tmp_path / "runs"
    run = written_run(runs_dir)
    with pytest.raises(FailedError, match="has trained 3 epochs and .* holds no state") as caught:
        expect_states(run)
    assert caught.value.code == "AM403"
    # Of two epochs the first state may not have been written yet when the run was killed.
    expect_states(written_run(runs_dir, accuracies=(0.5, 0.6)))


def test_what_a_run_has_lost_is_written_again(copied: RunFolder, wholes: dict[str, RunFolder]) -> None:
    copied.signature_file.unlink()
    copied.environment_file.unlink()
    resumed(copied)
    assert copied.signature == wholes["image"].signature
    assert copied.environment_file.exists()


def test_other_data_are_refused(copied: RunFolder) -> None:
    copied.update(data_fingerprint="another")
    with pytest.raises(UsageError, match="its fingerprint was another and is") as caught:
        resumed(copied)
    assert caught.value.code == "AM405"
    assert copied.facts()["status"] == "failed"


def test_a_state_of_another_network_is_refused(copied: RunFolder) -> None:
    copied.resolved_file.write_text(copied.resolved_file.read_text().replace("[4]", "[5]"))
    with pytest.raises(FailedError, match="that of another network") as caught:
        resumed(copied)
    assert caught.value.code == "AM406"


def test_other_versions_are_told(copied: RunFolder) -> None:
    text = copied.environment_file.read_text()
    import keras

    copied.environment_file.write_text(text.replace(f'"keras": "{keras.__version__}"', '"keras": "3.0.0"'))
    heard: list[Event] = []
    with listening(heard.append):
        resumed(copied)
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert (warned.code, f"keras 3.0.0 -> {keras.__version__}" in warned.message) == ("AM407", True)


def test_states_are_kept_within_epochs_and_the_oldest_removed(tmp_path: Path) -> None:
    from aimodels.training.state_files import position_of
    from aimodels.training.train import train

    options = "train.checkpoint={every_epochs: null, every_steps: 3, keep: 4}"
    run = train(loaded(tmp_path, "image", options, "train.epochs=3"), RunPlace(tmp_path / "runs"))
    # Calls of two steps: the first boundaries after 3, 6, 9, ... steps of all; and every best epoch, and the last.
    kept = [position_of(path) for path in states(run)]
    assert len(kept) == 4
    assert kept[-1] == (3, 0)
    assert set(kept) <= {(1, 0), (1, 2), (1, 6), (2, 0), (2, 2), (2, 4), (3, 0)}
    assert any(step for _, step in kept)


def rollback(tmp_path: Path, *, factor: float, times: int) -> Loaded:
    on_nan = f"train.on_nan={{name: rollback, factor: {factor}, times: {times}}}"
    return loaded(tmp_path, "image", "train.optimizer={name: sgd, learning_rate: 1e30}", on_nan)


def test_a_loss_that_is_not_finite_goes_back_to_the_last_state(tmp_path: Path) -> None:
    from aimodels.training.train import train

    heard: list[Event] = []
    with listening(heard.append):
        run = train(rollback(tmp_path, factor=1e-31, times=1), RunPlace(tmp_path / "runs"))
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert warned.code == "AM409"
    assert "goes back to its beginning, with 1e-31 times the learning rate (rollback 1 of 1)" in warned.message
    assert run.facts()["status"] == "finished"
    assert run.history()["learning_rate"] == pytest.approx([0.1, 0.1])


def test_what_goes_back_too_often_fails(tmp_path: Path) -> None:
    from aimodels.training.train import train

    heard: list[Event] = []
    with listening(heard.append), pytest.raises(FailedError, match="after 2 rollbacks") as caught:
        train(rollback(tmp_path, factor=0.5, times=2), RunPlace(tmp_path / "runs"))
    assert caught.value.code == "AM401"
    assert len([event for event in heard if isinstance(event, Warned)]) == 2
    # The state that it went back to, with the number of times, so that a resumed run does not begin to count anew.
    [path] = states(RunFolder(tmp_path / "runs" / "image-001"))
    from aimodels.training.state_files import read_state

    state = read_state(path)
    assert state is not None
    assert (state.position, state.progress.rollbacks) == ((0, 0), 2)
    # Nor the rate, whatever the config says by then.
    assert state.progress.share_of_rate == 0.25


def test_a_signal_while_the_run_ends_leaves_it_to_be_finished(
    wholes: dict[str, RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import preparing
    from aimodels.training.train import train

    best = preparing.Prepared.best

    def interrupted(self: Any, run: RunFolder, *, epoch: int) -> Any:
        if epoch == 2:
            signal.raise_signal(signal.SIGTERM)
        return best(self, run, epoch=epoch)

    monkeypatch.setattr(preparing.Prepared, "best", interrupted)
    options = "train.monitor=loss"
    run = train(loaded(tmp_path, "image", options), RunPlace(tmp_path / "runs"))
    assert (run.facts()["status"], run.facts()["epochs_done"]) == ("interrupted", 2)
    run = resumed(run)
    assert run.facts()["status"] == "finished"
    assert run.history_file.read_bytes() == wholes["image"].history_file.read_bytes()


@pytest.fixture
def killed(root: Path, tmp_path: Path) -> RunFolder:
    """A run whose process was killed soon after it had kept a state for the first time."""
    (tmp_path / "image.yaml").write_text(IMAGES)
    command = [
        sys.executable,
        "-m",
        "aimodels",
        "train",
        "image.yaml",
        "train.checkpoint.every_steps=2",
        "--no-plots",
        "-q",
    ]
    run = RunFolder(tmp_path / "runs" / "image-001")
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(root)}, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not states(run):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return run


def test_a_run_that_was_killed_ends_as_the_one_that_was_not(killed: RunFolder, wholes: dict[str, RunFolder]) -> None:
    from aimodels.runs.listing import record

    found = record(killed)
    assert (found.status, found.is_unfinished) == ("lost", True)
    heard: list[Event] = []
    with listening(heard.append):
        run = resumed(killed)
    assert [event.code for event in heard if isinstance(event, Warned)] == ["AM408"]
    expect_equal(run, wholes["image"])


def test_a_run_that_was_killed_before_all_was_written_has_it_when_it_goes_on(
    wholes: dict[str, RunFolder], tmp_path: Path
) -> None:
    run = RunFolder(shutil.copytree(wholes["image"].path, tmp_path / "runs" / "image-001"))
    known = [run.signature_file, run.environment_file, run.plot_data / "samples.json"]
    for path in [*known, *states(run), run.history_file, run.timing_file, run.events_file]:
        path.unlink()
    run.update(status="running", pid=2**22 + 1, epochs_done=0)
    run = resumed(run)
    assert all(path.exists() for path in known)
    expect_equal(run, wholes["image"])


def test_the_seconds_of_an_epoch_that_goes_on_are_its_own(wholes: dict[str, RunFolder], tmp_path: Path) -> None:
    from aimodels.training.checkpointing import Start, StateKeeper
    from aimodels.training.schedules import Steps
    from aimodels.training.state import Position
    from aimodels.training.state_files import newest_state

    state = newest_state(wholes["image"])
    assert state is not None
    options = ("train.epochs=9", "train.checkpoint.every_epochs=50")
    kept: Any = SimpleNamespace(
        config=loaded(tmp_path, "image", *options).config,
        steps=Steps(per_epoch=7, epochs=9),
        model=SimpleNamespace(agreed=lambda **wishes: [False]),
    )
    progress = replace(state.progress, best=replace(state.progress.best, improved_at=1))
    begun = Start(progress, replace(state, position=Position(2, 4), epoch_seconds=5.0))
    keeper = StateKeeper(RunFolder(tmp_path), kept, start=begun)
    assert keeper.epoch_seconds_before == 5.0
    keeper.end_epoch(replace(progress, epochs_done=3))
    assert keeper.epoch_seconds_before == 0.0


def test_a_step_that_does_not_end_in_time_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aimodels.runs import leaving
    from aimodels.training import stopping

    run = RunFolder(tmp_path)
    write_json(run.run_file, {"status": "running"})
    codes: list[int] = []
    monkeypatch.setattr(leaving, "SECONDS_TO_LEAVE", 0.01)
    monkeypatch.setattr(os, "_exit", codes.append)
    with stopping.watching_signals(run):
        signal.raise_signal(signal.SIGTERM)
        while not codes:
            time.sleep(0.01)
    assert codes == [143]
    assert (run.facts()["status"], run.facts()["signal_number"]) == ("interrupted", signal.SIGTERM)
    assert "by --resume" in capsys.readouterr().err
    monkeypatch.setattr(leaving, "SECONDS_TO_LEAVE", 30.0)
    with stopping.watching_signals(run) as signals:
        signal.raise_signal(signal.SIGTERM)
        signals.left()
    assert codes == [143]


def test_a_signal_before_the_first_step_leaves_a_run_that_can_go_on(tmp_path: Path) -> None:
    from aimodels.events import RunStarted
    from aimodels.runs.leaving import Terminated
    from aimodels.runs.status import is_unfinished
    from aimodels.training.train import train

    def terminate(event: Event) -> None:
        if isinstance(event, RunStarted):
            signal.raise_signal(signal.SIGTERM)

    with listening(terminate), pytest.raises(Terminated):
        train(loaded(tmp_path, "image"), RunPlace(tmp_path / "runs"))
    run = RunFolder(tmp_path / "runs" / "image-001")
    facts = run.facts()
    assert (facts["status"], facts["reason"]) == ("interrupted", "interrupted by SIGTERM")
    assert facts["signal_number"] == signal.SIGTERM
    assert is_unfinished(facts)
    assert not run.lock_file.exists()
