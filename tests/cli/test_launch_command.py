"""`aimodels launch` from outside: any command after the dashes, one exit code, one JSON document."""

import json
import signal
import subprocess
import sys

import pytest

CONFIG = "data: {name: mnist, source: sample}\nmodel: {name: mlp}\n"


@pytest.fixture(autouse=True)
def config(tmp_path):
    (tmp_path / "my.yaml").write_text(CONFIG)


def test_any_command_is_started_by_every_worker(program):
    ended = program("launch", "--workers", "2", "--", "check", "my.yaml", "train.epochs=3", "--no-data")
    assert ended.returncode == 0, ended.stderr
    assert "all known" in ended.stdout
    assert "[worker 1]" not in ended.stdout
    assert [line for line in ended.stderr.splitlines() if "[worker 1]" in line and "all known" in line]


def test_the_exit_code_of_the_workers_is_passed_on(program):
    ended = program("launch", "--workers", "2", "--json", "--", "check", "my.yaml", "train.epoch=3")
    assert ended.returncode == 2
    document = json.loads(ended.stdout)
    assert document["workers"] == [{"worker": 0, "exit_code": 2}, {"worker": 1, "exit_code": 2}]
    assert document["errors"][0]["code"] == "AM422"
    assert "error[AM101]" in ended.stderr
    assert "[worker 1] error[AM101]" in ended.stderr


def test_what_the_chief_answers_can_be_kept(program):
    ended = program("launch", "--workers", "2", "-q", "--", "explain", "AM101", "-q")
    assert ended.returncode == 0
    assert ended.stdout.splitlines() == ["unknown key"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--workers", "2"], "AM151"),
        (["--", "train", "my.yaml"], "AM151"),
        (["--workers", "0", "--", "train", "my.yaml"], "AM151"),
        (["--workers", "2", "--", "trian", "my.yaml"], "AM150"),
        (["--workers", "2", "--", "launch", "--workers", "2"], "AM423"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_launched_is_said_before_anything_starts(program, arguments, code):
    ended = program("launch", *arguments)
    assert ended.returncode == 2
    assert f"error[{code}]" in ended.stderr
    assert "[worker" not in ended.stderr


def test_a_worker_that_was_killed_is_named(capfd, monkeypatch):
    from aimodels.cli import main
    from aimodels.cli.commands import launch as command
    from aimodels.distribution.launching import LaunchEnd, WorkerEnd

    killed, stopped = WorkerEnd(1, 137, was_stopped=False), WorkerEnd(2, 143, was_stopped=True)
    ends = LaunchEnd((WorkerEnd(0, 1, was_stopped=False), killed, stopped))
    monkeypatch.setattr(command, "launch", lambda request: ends)
    assert main(["launch", "--workers", "3", "--", "train", "my.yaml"]) == 137
    assert "worker 1 was killed by SIGKILL; stopped with it: worker 2" in capfd.readouterr().err


POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
print("up", flush=True)
time.sleep(60)
"""
LAUNCHER = """
import os, signal, sys
from aimodels.cli import main
from aimodels.cli.commands import launch as command
from aimodels.distribution.launching import Launch, launch

def stubs(request):
    stop = lambda line: os.kill(os.getpid(), signal.SIGTERM)
    return launch(Launch([sys.executable, "-c", sys.argv[1]], 2, environment=os.environ, say=stop))

command.launch = stubs
sys.exit(main(["launch", "--workers", "2", "--", "train", "my.yaml"]))
"""


def test_sigterm_ends_the_launch_with_143(root):
    command = [sys.executable, "-c", LAUNCHER, POLITE]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 128 + signal.SIGTERM
    assert "SIGTERM stopped the workers" in ended.stderr
