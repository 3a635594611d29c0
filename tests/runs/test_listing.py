"""Runs listed, found by what users call them, and judged alive or lost."""

import os
import shutil
import socket
import subprocess
import sys

import pytest
from written_runs import NOBODY, running, written_run

from aimodels.errors import MissingError, UsageError
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.listing import all_runs, find_run, pointed_to, record
from aimodels.runs.status import status

JUST_NOW = "just now"  # when the test runs, which may be minutes after its collection
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture
def three(runs_dir):
    """Three runs; the second is the best by accuracy, the third the newest."""
    return [
        written_run(runs_dir, minute=0),
        written_run(runs_dir, accuracies=(0.9,), minute=1),
        written_run(runs_dir, stem="other", minute=2),
    ]


def test_runs_are_listed_oldest_first_and_once(three, runs_dir):
    (runs_dir / "notes").mkdir()
    (runs_dir / "half").mkdir()
    assert [run.name for run in all_runs(runs_dir)] == ["mnist-001", "mnist-002", "other-001"]
    assert (runs_dir / "latest").is_symlink()


def test_no_folder_of_runs_is_no_runs(runs_dir):
    assert all_runs(runs_dir) == []


def test_a_broken_run_hides_no_other(three, runs_dir):
    three[0].run_file.write_text("{")
    assert {record(run).name: record(run).status for run in all_runs(runs_dir)} == {
        "mnist-001": "unreadable",
        "mnist-002": "finished",
        "other-001": "finished",
    }


def test_a_record_says_what_the_files_say(three):
    found = record(three[1])
    assert (found.status, found.task, found.best, found.best_epoch) == ("finished", "image_classification", 0.9, 1)
    assert found.metrics["val_loss"] == pytest.approx(0.6)
    assert found.stem == "mnist"


def test_of_a_lost_run_the_history_says_how_far_it_came(runs_dir):
    lost = written_run(runs_dir, accuracies=(0.5, 0.75, 0.7), **running(epochs_done=0, best=None))
    found = record(lost)
    assert (found.status, found.epochs_done, found.best, found.best_epoch) == ("lost", 3, 0.75, 2)
    lost.history_file.unlink()
    assert (record(lost).epochs_done, record(lost).best) == (0, None)


def test_scores_of_an_evaluation_carry_its_name(three):
    from aimodels.runs.atomic import write_json

    run = three[0]
    write_json(run.metrics_file, run.metrics() | {"evaluations": {"test": {"all": {"accuracy": 0.8, "note": "x"}}}})
    assert record(run).metrics["test_accuracy"] == 0.8
    assert "test_note" not in record(run).metrics


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mnist-002", "mnist-002"),
        ("oth", "other-001"),
        ("latest", "other-001"),
        ("best", "mnist-002"),
        ("best:val_loss", "mnist-002"),
        ("best:loss", "mnist-001"),
        ("runs/mnist-001", "mnist-001"),
        ("runs/mnist-001/", "mnist-001"),
        ("runs/latest", "other-001"),
    ],
)
def test_a_run_is_found_by_what_it_is_called(three, runs_dir, text, name):
    assert find_run(text, runs_dir=runs_dir).name == name


def test_the_folder_one_stands_in_is_a_run(three, runs_dir, monkeypatch):
    monkeypatch.chdir(runs_dir / "mnist-001")
    assert find_run(".", runs_dir=runs_dir).name == "mnist-001"


def test_a_moved_run_is_found_and_listed(three, runs_dir, tmp_path):
    shutil.move(runs_dir / "mnist-002", tmp_path / "away" / "renamed")
    moved = find_run(str(tmp_path / "away" / "renamed"), runs_dir=runs_dir)
    assert record(moved).best == 0.9
    assert [run.name for run in all_runs(tmp_path / "away")] == ["renamed"]


def test_a_whole_moved_folder_keeps_its_latest(three, runs_dir, tmp_path):
    shutil.move(runs_dir, tmp_path / "archive")
    assert find_run("latest", runs_dir=tmp_path / "archive").name == "other-001"


def test_latest_works_without_symbolic_links(three, runs_dir):
    (runs_dir / "latest").unlink()
    (runs_dir / "latest.txt").write_text("mnist-001\n")
    assert find_run("latest", runs_dir=runs_dir).name == "mnist-001"


def test_a_latest_that_points_at_nothing_is_the_newest_run(three, runs_dir):
    shutil.rmtree(runs_dir / "other-001")
    assert pointed_to(runs_dir) is None
    assert find_run("latest", runs_dir=runs_dir).name == "mnist-002"


def test_best_is_among_the_runs_that_ended_well(three, runs_dir):
    written_run(runs_dir, accuracies=(0.99,), status="failed", minute=3)
    assert find_run("best", runs_dir=runs_dir).name == "mnist-002"


@pytest.mark.parametrize(
    ("text", "code", "advice"),
    [
        ("mnits-001", "AM502", "did you mean mnist-001"),
        ("nothing", "AM502", "aimodels runs ls"),
        ("best:f1", "AM526", "val_accuracy"),
        ("runs", "AM502", "aimodels runs ls"),
        ("runs/mnist-001/checkpoints/last.keras", "AM502", "--checkpoint last"),
    ],
)
def test_what_is_not_there_is_named(three, runs_dir, text, code, advice):
    with pytest.raises(MissingError) as caught:
        find_run(text, runs_dir=runs_dir)
    assert caught.value.code == code
    assert advice in caught.value.help


def test_several_beginnings_are_named(three, runs_dir):
    with pytest.raises(UsageError, match="2 runs begin with mnist") as caught:
        find_run("mnist", runs_dir=runs_dir)
    assert caught.value.help == "write more of it: mnist-001, mnist-002"


@pytest.mark.parametrize("text", ["latest", "best"])
def test_no_runs_have_no_latest(runs_dir, text):
    with pytest.raises(MissingError):
        find_run(text, runs_dir=runs_dir)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"pid": os.getpid(), "heartbeat": JUST_NOW}, "running"),
        ({"pid": NOBODY, "heartbeat": JUST_NOW}, "lost"),
        ({"pid": NOBODY, "host": "elsewhere", "heartbeat": JUST_NOW}, "running"),
        ({"pid": NOBODY, "host": "elsewhere", "heartbeat": LONG_AGO}, "lost"),
        ({"pid": os.getpid(), "heartbeat": LONG_AGO}, "lost"),
        ({"pid": os.getpid()}, "lost"),
        ({"status": "finished", "pid": NOBODY}, "finished"),
    ],
)
def test_a_run_whose_process_is_gone_or_silent_is_lost(facts, expected):
    if facts.get("heartbeat") == JUST_NOW:
        facts = facts | {"heartbeat": now()}
    assert status(running(host=socket.gethostname()) | facts) == expected


def test_twenty_processes_get_twenty_whole_folders(runs_dir, root):
    source = f"""
import sys
sys.path[:0] = [{str(root)!r}]
from pathlib import Path
from aimodels.runs.folder import RunFolder
sys.stdin.readline()  # all start at once
run = RunFolder.create(Path({str(runs_dir)!r}), stem="same")
(run.path / "mark").write_text(run.name)
print(run.name)
"""
    command = [sys.executable, "-c", source]
    racing = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(20)]
    for process in racing:
        process.stdin.write("go\n")
        process.stdin.flush()
    names = [process.communicate()[0].strip() for process in racing]
    assert sorted(names) == [f"same-{number:03d}" for number in range(1, 21)]
    assert {(runs_dir / name / "mark").read_text() for name in names} == set(names)


def test_twenty_runs_started_at_once_are_whole(runs_dir):
    import multiprocessing

    # Started fresh, as two terminals would: a fork would copy what the first process has already loaded.
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        names = pool.map(started, [str(runs_dir)] * 20)
    assert sorted(names) == [f"mnist-{number:03d}" for number in range(1, 21)]
    assert all(record(run).status == "finished" for run in all_runs(runs_dir))
    assert find_run("latest", runs_dir=runs_dir).name in names


def started(runs_dir: str) -> str:
    """Start a run in a process of the pool."""
    from pathlib import Path

    from aimodels.config.loading import load

    folder = Path(runs_dir)
    folder.mkdir(exist_ok=True)
    config = folder / f".config-{os.getpid()}.yaml"
    from written_runs import CONFIG

    config.write_text(CONFIG)
    run = RunFolder.create(folder, stem="mnist")
    run.start(load(config).config, stem="smoke", source=CONFIG, facts={})
    run.become_latest(run.path.parent)
    run.update(status="finished")
    return run.name


def test_latest_is_the_newest_run_wherever_it_was_put(three, runs_dir, tmp_path, monkeypatch):
    elsewhere = RunFolder(tmp_path / "side")
    shutil.copytree(runs_dir / "mnist-001", elsewhere.path)
    elsewhere.become_latest(runs_dir)
    assert find_run("latest", runs_dir=runs_dir).path.resolve() == elsewhere.path.resolve()
    assert not (tmp_path / "latest").exists()


def test_a_link_called_latest_in_the_current_folder_does_not_hide_the_latest_run(three, runs_dir, tmp_path):
    (tmp_path / "latest").symlink_to(runs_dir / "mnist-001")
    assert find_run("latest", runs_dir=runs_dir).name == "other-001"


def test_a_run_that_failed_has_the_epochs_of_its_history(runs_dir):
    found = record(written_run(runs_dir, status="failed", epochs_done=0, best=None))
    assert (found.epochs_done, found.best, found.best_epoch) == (3, 0.75, 2)
