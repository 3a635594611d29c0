"""A run is trained by one process at a time, and one that died holds nothing."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading

import pytest
from written_runs import written_run

from aimodels.errors import FailedError
from aimodels.events import Warned, listening
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.lock import expect_free, locked, remove_what_never_began

ELSEWHERE = {"pid": 1, "host": "elsewhere", "since": "2026-01-01T00:00:00Z"}
HOLDING = """
import sys
from pathlib import Path
from aimodels.runs.folder import RunFolder
from aimodels.runs.lock import locked
with locked(RunFolder(Path(sys.argv[1]))):
    sys.stdout.write("locked\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@pytest.fixture
def heard():
    events = []
    with listening(events.append):
        yield events


def test_a_lock_says_who_holds_it_and_goes_when_it_is_given_back(runs_dir, heard):
    run = written_run(runs_dir)
    expect_free(run)
    with locked(run):
        said = json.loads(run.lock_file.read_text())
        assert (said["pid"], said["host"]) == (os.getpid(), socket.gethostname())
        for ask in (lambda: expect_free(run), lambda: locked(run).__enter__()):
            with pytest.raises(FailedError, match=f"process {os.getpid()} on") as caught:
                ask()
            assert caught.value.code == "AM509"
    assert not run.lock_file.exists()
    assert heard == []
    with locked(run):
        assert run.lock_file.exists()


def test_the_lock_of_a_process_that_was_killed_is_taken_over(runs_dir, root, heard):
    run = written_run(runs_dir)
    command = [sys.executable, "-c", HOLDING, str(run.path)]
    environ = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as other:
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(FailedError, match=f"process {other.pid} on"):
            expect_free(run)
        other.kill()
        other.wait()
    with locked(run):
        assert json.loads(run.lock_file.read_text())["pid"] == os.getpid()
    [warned] = heard
    assert isinstance(warned, Warned)
    assert (warned.code, f"process {other.pid} on" in warned.message) == ("AM408", True)


def test_the_lock_of_another_machine_holds_as_long_as_the_run_gives_signs_of_life(runs_dir, heard):
    run = written_run(runs_dir, status="running", host="elsewhere", pid=1, heartbeat=now())
    run.lock_file.write_text(json.dumps(ELSEWHERE))
    with pytest.raises(FailedError, match="process 1 on elsewhere, since 2026-01-01"):
        expect_free(run)
    run.update(heartbeat="2026-01-01T00:00:00Z")
    with locked(run):
        pass
    assert [event.code for event in heard] == ["AM408"]


def test_a_folder_that_is_given_up_takes_its_lock_with_it(runs_dir):
    run = written_run(runs_dir)
    with locked(run):
        run.discard()
    assert not run.path.exists()


def test_those_who_look_do_not_refuse_each_other_nor_whoever_takes_it(runs_dir):
    run = written_run(runs_dir)
    run.lock_file.touch()
    looking = os.open(run.lock_file, os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_SH)
    expect_free(run)
    threading.Timer(0.2, os.close, (looking,)).start()
    with locked(run):
        assert json.loads(run.lock_file.read_text())["pid"] == os.getpid()


def test_what_was_killed_before_it_was_a_run_makes_room(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    with locked(run):
        remove_what_never_began(run)
        assert run.path.exists()
    run.lock_file.touch()
    remove_what_never_began(run)
    assert not run.path.exists()


def test_what_is_a_run_or_no_folder_of_ours_stays(runs_dir, tmp_path):
    run, other = written_run(runs_dir), RunFolder(tmp_path)
    run.lock_file.touch()
    for each in (run, other):
        remove_what_never_began(each)
        assert each.path.exists()
