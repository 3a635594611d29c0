"""Which runs can go on, and with which config."""

import pytest
from written_runs import written_run

from aimodels.config.loading import load
from aimodels.errors import FailedError, MissingError, UsageError
from aimodels.runs.atomic import write_text
from aimodels.runs.folder import RunFolder
from aimodels.runs.resuming import cut_to, differences, expect_kind, expect_same, going_on, unfinished_runs

CONFIG = """
name: digits
data: {name: mnist}
model: {name: mlp}
train: {epochs: 4, early_stopping: {patience: 2}}
"""


def config(tmp_path, *overrides):
    (tmp_path / "digits.yaml").write_text(CONFIG)
    return load(tmp_path / "digits.yaml", overrides=overrides).config


def run_of(tmp_path, runs_dir, **facts):
    from aimodels.config.writing import to_yaml

    run = written_run(runs_dir, stem="digits", **facts)
    write_text(run.resolved_file, to_yaml(config(tmp_path)))
    return RunFolder(run.path)


@pytest.mark.parametrize(
    ("facts", "goes_on"),
    [
        ({"status": "finished"}, False),
        ({"status": "stopped_early", "is_complete": True}, False),
        ({"status": "stopped_early", "is_complete": False}, True),
        ({"status": "interrupted"}, True),
        ({"status": "failed"}, True),
        ({"status": "running", "host": "elsewhere", "heartbeat": "2026-01-01T00:00:00Z"}, True),
        ({"status": "interrupted", "kind": "cross_validation"}, False),
        ({"status": "interrupted", "kind": "pretraining"}, False),
    ],
)
def test_what_was_stopped_killed_or_failed_can_go_on(runs_dir, facts, goes_on):
    run = written_run(runs_dir, stem="digits", **facts)
    names = [each.name for each in unfinished_runs(runs_dir, kind=None)]
    assert names == ([run.name] if goes_on else [])
    assert unfinished_runs(runs_dir, kind=None, stem="letters") == []


def test_the_latest_comes_first(runs_dir):
    runs = [written_run(runs_dir, minute=minute, status="interrupted") for minute in range(3)]
    assert [run.name for run in unfinished_runs(runs_dir, kind=None)] == [run.name for run in reversed(runs)]


@pytest.mark.parametrize(
    "change",
    [
        "train.epochs=9",
        "train.max_time=3h",
        "train.early_stopping.patience=7",
        "train.checkpoint.every_steps=5",
        "train.on_nan=rollback",
        "train.device=cpu",
        "train.tensorboard=true",
        "name=other",
    ],
)
def test_what_leaves_the_steps_as_they_are_may_change(tmp_path, runs_dir, change):
    run = run_of(tmp_path, runs_dir, status="interrupted", epochs_done=1)
    asked = config(tmp_path, change)
    expect_same(asked, run, is_inferred=False)
    loaded = going_on(run, asked)
    assert loaded.name == "digits"
    assert loaded.config.train == asked.train


def test_any_other_change_is_told_with_both_values(tmp_path, runs_dir):
    run = run_of(tmp_path, runs_dir, status="interrupted")
    asked = config(tmp_path, "train.batch_size=16", "seed=4", "train.epochs=9")
    with pytest.raises(UsageError, match="2 keys differ") as caught:
        expect_same(asked, run, is_inferred=False)
    assert (caught.value.code, caught.value.exit_code) == ("AM505", 2)
    assert caught.value.notes == ("seed: 0 in the run, 4 asked for", "train.batch_size: 64 in the run, 16 asked for")
    with pytest.raises(UsageError) as caught:
        expect_same(config(tmp_path, "train.early_stopping=null"), run, is_inferred=False)
    assert 'train.early_stopping.monitor: "auto" in the run, not there asked for' in caught.value.notes


def test_what_a_run_reads_may_have_moved(tmp_path, runs_dir):
    run = run_of(tmp_path, runs_dir, status="interrupted", epochs_done=1)
    asked = config(tmp_path, "data.source=/new/place/mnist.npz")
    expect_same(asked, run, is_inferred=False)
    assert going_on(run, asked).config.data == asked.data
    # But where a run is looked for, it is one of the same places.
    [told] = differences(asked, run, is_inferred=False)
    assert told.startswith("data.source: ")


def test_what_the_data_say_is_no_difference(tmp_path, runs_dir):
    run = run_of(tmp_path, runs_dir, status="interrupted")
    asked = config(tmp_path)
    run.update(asked_data=asked.data.model_dump(mode="json") | {"validation": 0.3})
    expect_same(config(tmp_path, "data.validation=0.3"), run, is_inferred=False)
    with pytest.raises(UsageError, match="1 key differs"):
        expect_same(asked, run, is_inferred=False)
    expect_same(asked, run, is_inferred=True)


@pytest.mark.parametrize(
    ("facts", "changes", "refused"),
    [
        ({"status": "finished", "epochs_done": 4}, (), "train.epochs=N, with N above 4"),
        ({"status": "finished", "epochs_done": 4}, ("train.epochs=5",), ""),
        ({"status": "stopped_early", "epochs_done": 3, "is_complete": True}, (), "train.early_stopping.patience=N"),
        ({"status": "stopped_early", "epochs_done": 3, "is_complete": True}, ("train.epochs=9",), "patience=N"),
        ({"status": "stopped_early", "epochs_done": 3, "is_complete": True}, ("train.early_stopping.patience=3",), ""),
        ({"status": "stopped_early", "epochs_done": 3, "is_complete": False}, (), ""),
    ],
)
def test_what_is_finished_goes_on_where_more_is_asked_for(tmp_path, runs_dir, facts, changes, refused):
    run, asked = run_of(tmp_path, runs_dir, **facts), config(tmp_path, *changes)
    if not refused:
        assert going_on(run, asked).config == asked
        return
    with pytest.raises(UsageError, match="is finished") as caught:
        going_on(run, asked)
    assert (caught.value.code, refused in caught.value.help) == ("AM529", True)


@pytest.mark.parametrize(
    ("kind", "code", "helps"),
    [
        ("cross_validation", "AM550", "train it again"),
        ("pretraining", "AM529", "aimodels pretrain --resume digits-001"),
    ],
)
def test_another_kind_of_run_is_gone_on_with_by_another_command(runs_dir, kind, code, helps):
    run = written_run(runs_dir, stem="digits", kind=kind)
    with pytest.raises(UsageError) as caught:
        expect_kind(run, kind=None)
    assert (caught.value.code, helps in caught.value.help) == (code, True)
    with pytest.raises(MissingError):
        expect_kind(RunFolder(runs_dir / "nobody"), kind=None)


def test_files_are_cut_to_what_the_state_knows_of(runs_dir):
    run = written_run(runs_dir)
    run.history_file.write_text("epoch,loss\n1,0.5\n2,0.")
    run.timing_file.write_text("epoch\n1\n")
    cut_to({"history.csv": 17, "timing.csv": 0, "events.jsonl": 0}, run=run)
    assert run.history_file.read_text() == "epoch,loss\n1,0.5\n"
    assert not run.timing_file.exists()
    with pytest.raises(FailedError, match="is shorter than when the state") as caught:
        cut_to({"history.csv": 18}, run=run)
    assert caught.value.code == "AM403"


@pytest.mark.parametrize("epochs", [1, 2])
def test_fewer_epochs_than_were_trained_are_refused(runs_dir, epochs):
    run = written_run(runs_dir, status="failed", epochs_done=0)
    train = run.config.train.model_copy(update={"epochs": epochs})
    with pytest.raises(UsageError, match="has trained 3 of 3 epochs, more than train.epochs") as caught:
        going_on(run, run.config.model_copy(update={"train": train}))
    assert caught.value.code == "AM529"
    assert going_on(run, run.config).config.train.epochs == 3
