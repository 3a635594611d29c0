"""SIGTERM ends what goes on as Ctrl-C does, in time, and leaves a run that says what it is."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from written_runs import running, written_run

from aimodels.runs.leaving import Terminated, ending_on_sigterm, leaving_in_time, signal_of

# Nothing interrupts the derivation of a key: like a step of TensorFlow it is no instruction of Python.
PROGRAM = """
import hashlib, sys
from pathlib import Path
from aimodels.runs import leaving
from aimodels.runs.folder import RunFolder
leaving.SECONDS_TO_LEAVE = 0.1
with leaving.ending_on_sigterm(RunFolder(Path(sys.argv[1]))):
    while True:
        try:
            print("busy", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
        except leaving.Terminated:  # it came before the derivation began
            continue
"""


def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)


def test_sigterm_is_an_interruption_in_the_block_alone():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as caught, ending_on_sigterm():
        terminate()
    assert signal_of(caught.value) == signal.SIGTERM
    assert signal_of(KeyboardInterrupt()) == signal.SIGINT
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_block_in_another_thread_leaves_signals_alone():
    found = []

    def look() -> None:
        with ending_on_sigterm():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


@pytest.mark.parametrize("status", ["running", "finished"])
def test_what_cannot_be_interrupted_is_not_waited_for(runs_dir, root, status):
    run = written_run(runs_dir, **running(status=status))
    command = [sys.executable, "-c", PROGRAM, str(run.path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "busy\n"
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 143
    assert "by --resume" in said
    facts = run.facts()
    assert (facts["status"], facts["signal_number"]) == ("interrupted", signal.SIGTERM)


def test_who_handles_the_signal_within_the_block_is_left_alone(monkeypatch):
    codes = []
    monkeypatch.setattr("aimodels.runs.leaving.SECONDS_TO_LEAVE", 0.0)
    monkeypatch.setattr(os, "_exit", codes.append)
    got = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: got.set())
    try:
        with leaving_in_time(lambda number, frame: None, run=None):
            terminate()
            assert got.wait(timeout=30)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert codes == []
