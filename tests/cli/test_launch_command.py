"""`aimodels launch` from outside: what workers do together after the dashes, one exit code, one JSON document."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from aimodels.cli import main
from aimodels.cli.commands import launch as command
from aimodels.distribution.launching import LaunchEnd, WorkerEnd

CONFIG = "data: {name: mnist, source: sample}\nmodel: {name: mlp}\n"


@pytest.fixture(autouse=True)
def config(tmp_path):
    (tmp_path / "my.yaml").write_text(CONFIG)


def stubbed(monkeypatch, *, program=""):
    """Workers that run a small program instead of ours."""
    of_command, of_library = command.launch, []

    def stubs(request):
        of_library.append(list(request.program[3:]))
        return of_command(replace(request, program=[sys.executable, "-c", program]))

    monkeypatch.setattr(command, "launch", stubs)
    return of_library


@pytest.mark.parametrize("words", [["train", "my.yaml", "train.epochs=3"], ["eval", "latest"], ["predict", "RUN", "x"]])
def test_what_workers_do_together_is_started_by_every_worker(monkeypatch, capfd, words):
    asked = stubbed(monkeypatch, program="print('done')")
    assert main(["launch", "--workers", "2", "--", *words]) == 0
    assert asked == [words]
    out, err = capfd.readouterr()
    assert (out, err) == ("done\n", "[worker 1] done\n")


def test_a_mistake_in_the_config_is_said_once_before_anything_starts(program):
    ended = program("launch", "--workers", "2", "--json", "--", "train", "my.yaml", "train.epoch=3")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["errors"][0]["code"] == "AM101"
    assert ended.stderr.count("error[") == 1
    assert "[worker" not in ended.stderr


def test_a_run_that_goes_on_says_its_config_itself(monkeypatch):
    asked = stubbed(monkeypatch)
    assert main(["launch", "--workers", "2", "--", "train", "--resume", "data.batch=3"]) == 0
    assert asked == [["train", "--resume=", "data.batch=3"]]


def test_the_exit_codes_of_the_workers_are_passed_on(monkeypatch, capfd):
    stubbed(monkeypatch, program="import sys; sys.exit(4)")
    assert main(["launch", "--workers", "2", "--json", "--", "eval", "latest"]) == 4
    document = json.loads(capfd.readouterr().out)
    assert document["workers"] == [{"worker": 0, "exit_code": 4}, {"worker": 1, "exit_code": 4}]
    assert document["errors"][0]["code"] == "AM422"


def test_what_the_chief_answers_can_be_kept(monkeypatch, capfd):
    stubbed(monkeypatch, program="print('runs/a-001')")
    assert main(["launch", "--workers", "2", "-q", "--", "train", "my.yaml", "-q"]) == 0
    assert capfd.readouterr().out.splitlines() == ["runs/a-001"]


def test_a_config_that_is_not_there_is_said_once(program):
    ended = program("launch", "--workers", "2", "--", "train", "yours.yaml")
    assert ended.returncode == 3
    assert ended.stderr.count("error[AM110]") == 1
    assert "[worker" not in ended.stderr


def test_the_help_of_a_command_is_shown_once(program):
    ended = program("launch", "--workers", "2", "--", "eval", "--help")
    assert ended.returncode == 0
    assert ended.stdout.count("Usage: aimodels eval") == 1
    assert not ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--workers", "2"], "AM151"),
        (["--", "train", "my.yaml"], "AM151"),
        (["--workers", "0", "--", "train", "my.yaml"], "AM151"),
        (["--workers", "2", "--", "trian", "my.yaml"], "AM150"),
        (["--workers", "2", "--", "launch", "--workers", "2"], "AM423"),
        (["--workers", "2", "--", "runs", "ls"], "AM423"),
        (["--workers", "2", "--", "check", "my.yaml"], "AM423"),
        (["--workers", "2", "--", "train", "my.yaml", "--epoch", "3"], "AM151"),
        (["--workers", "2", "--", "train", "my.yaml", "train.strategy=mirrored"], "AM429"),
        (["--workers", "2", "--", "train", "my.yaml", "--folds", "3"], "AM426"),
        (["--workers", "2", "--", "train", "my.yaml", "train.batch_size=33"], "AM303"),
        (["--workers", "2", "--", "eval", "latest", "--strategy", "single"], "AM429"),
        (["--workers", "2", "--", "predict", "latest", "new.csv", "--strategy", "mirrored"], "AM429"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_launched_is_said_before_anything_starts(program, arguments, code):
    ended = program("launch", *arguments)
    assert ended.returncode == 2
    assert f"error[{code}]" in ended.stderr
    assert "[worker" not in ended.stderr


def test_a_worker_that_was_killed_is_named(capfd, monkeypatch):
    killed, stopped = WorkerEnd(1, 137, was_stopped=False), WorkerEnd(2, 143, was_stopped=True)
    ends = LaunchEnd((WorkerEnd(0, 1, was_stopped=False), killed, stopped, replace(stopped, index=3)))
    monkeypatch.setattr(command, "launch", lambda request: ends)
    assert main(["launch", "--workers", "4", "--", "train", "my.yaml"]) == 137
    said = capfd.readouterr().err
    assert "worker 1 was killed by SIGKILL; stopped with it: worker 2, 3" in said
    assert "go on with what was kept: aimodels launch --workers 4 -- train my.yaml --resume auto" in said


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        ("train my.yaml", 130, "worker 0 was stopped by SIGINT"),
        ("train my.yaml", 5, "stands above; mend that, then go on with what was kept: aimodels launch"),
        ("train my.yaml", 2, "stands above; mend that before you start them again"),
        ("eval latest", 5, "stands above; mend that, and start them again"),
    ],
)
def test_what_is_to_be_done_after_a_worker_failed(words, exit_code, says, capfd, monkeypatch):
    ends = LaunchEnd((WorkerEnd(0, exit_code, was_stopped=False), WorkerEnd(1, 0, was_stopped=False)))
    monkeypatch.setattr(command, "launch", lambda request: ends)
    assert main(["launch", "--workers", "2", "--", *words.split()]) == exit_code
    assert says in capfd.readouterr().err


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
    launcher = [sys.executable, "-c", LAUNCHER, POLITE]
    environment = os.environ | {"PYTHONPATH": str(root)}
    ended = subprocess.run(launcher, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 128 + signal.SIGTERM
    assert "SIGTERM stopped the workers" in ended.stderr


@pytest.mark.parametrize("name", ["train", "pretrain"])
def test_a_cluster_that_makes_no_sense_is_told_before_tensorflow_is_loaded(program, name):
    ended = program(name, "my.yaml", TF_CONFIG='{"cluster": {"worker": ["here"]}}')
    assert ended.returncode == 2
    assert "error[AM411]" in ended.stderr
    assert "loading TensorFlow" not in ended.stderr
