"""Runs removed whole, never one that goes on, and `latest` never left pointing at nothing."""

import os
import socket

import pytest
from written_runs import running, written_run

from aimodels.errors import FailedError
from aimodels.runs.checking import check_run
from aimodels.runs.folder import now
from aimodels.runs.listing import all_runs, find_run, pointed_to
from aimodels.runs.removing import remove


def test_latest_moves_to_the_newest_that_is_left(runs_dir):
    first, second, third = (written_run(runs_dir, minute=minute) for minute in range(3))
    remove(third)
    assert pointed_to(runs_dir).name == second.name
    remove(first)
    assert pointed_to(runs_dir).name == second.name
    remove(second)
    assert sorted(path.name for path in runs_dir.iterdir()) == []


def test_latest_of_a_file_moves_too(runs_dir):
    first, second = (written_run(runs_dir, minute=minute) for minute in range(2))
    (runs_dir / "latest").unlink()
    (runs_dir / "latest.txt").write_text(f"{second.name}\n")
    remove(second)
    assert find_run("latest", runs_dir=runs_dir).name == first.name
    assert (runs_dir / "latest.txt").read_text() == f"{first.name}\n"


@pytest.mark.parametrize("heartbeat", [now(), "2026-01-01T00:00:00Z"], ids=["lively", "silent"])
def test_a_run_whose_process_lives_is_not_removed(runs_dir, heartbeat):
    alive = {"status": "running", "host": socket.gethostname(), "pid": os.getpid(), "heartbeat": heartbeat}
    run = written_run(runs_dir, **alive)
    with pytest.raises(FailedError, match="is still running") as caught:
        remove(run)
    assert caught.value.code == "AM503"
    assert len(all_runs(runs_dir)) == 1


def test_a_lost_run_can_be_removed(runs_dir):
    remove(written_run(runs_dir, **running()))
    assert all_runs(runs_dir) == []


def test_a_whole_run_is_in_order(runs_dir):
    assert {check.state for check in check_run(written_run(runs_dir))} == {"ok"}


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (lambda run: run.run_file.write_text("{"), "run.json"),
        (lambda run: run.resolved_file.unlink(), "config.resolved.yaml"),
        (lambda run: run.resolved_file.write_text("modell: 3"), "config.resolved.yaml"),
        (lambda run: run.metrics_file.write_text("{"), "metrics.json"),
        (lambda run: run.history_file.unlink(), "history.csv"),
        (lambda run: run.checkpoint("best").unlink(), "checkpoints/best.keras"),
        (lambda run: run.checkpoint("last").write_bytes(b"PK"), "checkpoints/last.keras"),
        (lambda run: run.signature_file.write_text("{}"), "signature.json"),
    ],
)
def test_each_broken_file_is_found(runs_dir, harm, name):
    run = written_run(runs_dir)
    harm(run)
    assert [check.name for check in check_run(run) if check.state == "error"] == [name]


def test_what_a_crash_left_is_told(runs_dir):
    run = written_run(runs_dir)
    (run.checkpoints / ".last.4711.tmp.keras").write_bytes(b"")
    [warning] = [check for check in check_run(run) if check.state == "warning"]
    assert ".last.4711.tmp.keras" in warning.message
