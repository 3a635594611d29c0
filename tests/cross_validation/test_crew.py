"""The processes of folds, played by a program of the test: what they say, fail with, and how they are stopped."""

import os
import signal
import threading

import pytest

from aimodels.cross_validation import fold_process
from aimodels.cross_validation.crew import Crew
from aimodels.cross_validation.fold_process import BUG, FoldBroke, FoldRequest, as_error, as_line
from aimodels.cross_validation.sharing import Sharing
from aimodels.errors import ConfigError, DataError, FailedError, Interrupted, MachineError, Problem, UserError
from aimodels.events import FoldEnded, FoldProgressed, FoldStarted, Warned, listening
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

PROGRAM = """
import json, os, signal, sys, time

def say(**line):
    print(json.dumps(line), flush=True)

def stop(number, frame):
    say(type="fold_process_ended", error={"kind": "interrupted", "signal": number, "message": "stopped"})
    os._exit(0)

signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
number = json.loads(sys.stdin.readline())["number"]
"""
WORKS = """
print("a library says something")
say(type="run_started", epochs=7)
say(type="warned", code="AM999", message="mind", help="it")
say(type="epoch_ended", epoch=1, metrics={"loss": 0.5})
say(type="fold_process_ended", error=None)
"""
FAILS = """
if number == 2:
    error = {"kind": "data", "code": "AM211", "message": "a picture is broken", "help": "mend it", "notes": ["x.png"]}
    say(type="fold_process_ended", error=error)
else:
    time.sleep(60)
"""


@pytest.fixture
def crew(tmp_path, monkeypatch):
    """`crew(program, folds=3, jobs=2)` is a crew whose folds are that program, and the folder it works in."""

    def of(program, *, folds=3, jobs=2):
        (tmp_path / "fold_program.py").write_text(PROGRAM + program)
        monkeypatch.setattr(fold_process, "PROGRAM", "fold_program")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        run = RunFolder(tmp_path / "run")
        run.logs.mkdir(parents=True)
        write_json(run.run_file, {"status": "running"})
        requests = [
            FoldRequest(number=number, config="", source="x.yaml", name="x", path=str(run.fold(number).path))
            for number in range(1, folds + 1)
        ]
        return Crew(run, requests, sharing=Sharing(jobs, 1)), run

    return of


def scored(fold):
    return FoldEnded(fold.number, 3, status="finished", seconds=fold.seconds)


def worked(crew):
    """The events of a crew at work, and how it ended."""
    heard, error = [], None
    with listening(heard.append), crew:
        try:
            crew.work(scored)
        except (UserError, FoldBroke) as caught:
            error = caught
    return heard, error


def of_kind(heard, kind):
    return [event for event in heard if isinstance(event, kind)]


def test_every_fold_is_trained_and_heard(crew):
    at_work, run = crew(WORKS)
    heard, error = worked(at_work)
    assert error is None
    assert [event.number for event in of_kind(heard, FoldStarted)] == [1, 2, 3]
    assert sorted(event.number for event in of_kind(heard, FoldEnded)) == [1, 2, 3]
    assert {(event.epoch, event.epochs) for event in of_kind(heard, FoldProgressed)} == {(1, 7)}
    assert of_kind(heard, Warned)[0] == Warned("AM999", "mind", help="it")
    assert list(run.logs.iterdir()) == []


def test_one_at_a_time(crew):
    heard, _ = worked(crew(WORKS, jobs=1)[0])
    order = [type(event) for event in heard if isinstance(event, FoldStarted | FoldEnded)]
    assert order == [FoldStarted, FoldEnded] * 3


def test_a_fold_that_fails_stops_the_others(crew):
    heard, error = worked(crew(FAILS)[0])
    assert isinstance(error, DataError)
    assert (error.message, error.code, error.notes) == ("fold 2 of 3: a picture is broken", "AM211", ("x.png",))
    assert {event.number: event.status for event in of_kind(heard, FoldEnded)} == {1: "interrupted", 2: "failed"}


def test_a_fold_that_dies_is_told_with_its_log(crew):
    at_work, run = crew("sys.stderr.write('no more memory\\n'); os.kill(os.getpid(), signal.SIGKILL)", jobs=1)
    _, error = worked(at_work)
    assert isinstance(error, FailedError)
    assert (error.code, error.message) == ("AM551", "fold 1 of 3: its process was killed by SIGKILL")
    assert "--jobs 1" in error.help
    assert (run.logs / "fold-1.log").read_text() == "no more memory\n"


def test_a_bug_in_a_fold_names_its_traceback(crew):
    bug = """say(type="fold_process_ended", error={"kind": "bug", "message": "ValueError: odd"})"""
    at_work, run = crew(f"sys.stderr.write('Traceback')\n{bug}", jobs=1)
    _, error = worked(at_work)
    assert isinstance(error, FoldBroke)
    assert str(error) == f"fold 1 of 3: ValueError: odd (its traceback is in {run.logs / 'fold-1.log'})"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_fold(crew, number):
    at_work, _ = crew("say(type='run_started', epochs=1)\ntime.sleep(60)")
    before = signal.getsignal(number)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), number))
    timer.start()
    heard, error = worked(at_work)
    assert error is None
    assert at_work.stopped_by == number
    assert [event.status for event in of_kind(heard, FoldEnded)] == ["interrupted"] * 2
    assert signal.getsignal(number) == before


def test_folds_that_do_not_listen_are_ended_by_a_third_signal(crew):
    deaf = "signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    at_work, _ = crew(deaf, folds=1)
    for after in (1.0, 1.2, 1.4):
        threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), at_work:
        at_work.work(scored)


@pytest.mark.parametrize(
    "error",
    [
        FailedError("no", code="AM401", help="try", notes=["a", "b"]),
        DataError("no", code="AM211", help="try"),
        MachineError("no", code="AM702"),
        ConfigError([Problem(code="AM308", message="no", help="try")], source="x"),
    ],
    ids=lambda error: error.kind,
)
def test_an_error_of_a_fold_is_the_same_error_here(error):
    here = as_error(as_line(error), number=2, of=5)
    assert type(here) is type(error)
    assert (here.message, here.code, here.help) == ("fold 2 of 5: no", error.code, error.help)
    assert here.exit_code == error.exit_code


def test_bugs_and_interruptions():
    assert as_line(ValueError("odd\nand long")) == {"kind": BUG, "message": "ValueError: odd"}
    assert str(as_error(as_line(ValueError("odd")), number=1, of=2)) == "fold 1 of 2: ValueError: odd"
    assert as_line(KeyboardInterrupt())["signal"] == signal.SIGINT
    assert as_line(Interrupted("x", signal_number=signal.SIGTERM))["signal"] == signal.SIGTERM
