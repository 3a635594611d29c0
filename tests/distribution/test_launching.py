"""Worker processes on this machine, played by small programs: what is heard of them, and how they end together."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from aimodels.distribution import launching
from aimodels.distribution.cluster import Cluster, find_cluster
from aimodels.distribution.launching import Launch, WorkerEnd, gpu_share, gpus, launch
from aimodels.distribution.threads import THREADS
from aimodels.events import listening

ROLE = "import json, os, signal, sys, time; index = json.loads(os.environ['TF_CONFIG'])['task']['index']\n"
WAITS = "open(f'{index}.pid', 'w').write(str(os.getpid())); time.sleep(60)\n"
POLITE = (
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); signal.signal(signal.SIGINT, lambda *_: sys.exit(130))\n"
)
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def own(index, code):
    """A worker that ended by itself."""
    return WorkerEnd(index, code, was_stopped=False)


def stopped(index, code):
    """A worker that was stopped because another one had failed."""
    return WorkerEnd(index, code, was_stopped=True)


@pytest.fixture
def launched(monkeypatch):
    """`launched(program, workers=2)` launches that program; gives how it ended and what was heard of the others."""
    monkeypatch.setattr(launching, "NOTICING_SECONDS", 0.2)
    monkeypatch.setattr(launching, "STOPPING_SECONDS", 0.5)

    def of(program, *, workers=2, **environment):
        heard = []
        command = [sys.executable, "-c", ROLE + program]
        end = launch(Launch(command, workers, environment={**os.environ, **environment}, say=heard.append))
        return end, heard

    return of


def test_the_lines_of_the_others_stand_behind_their_numbers(launched, capfd):
    end, heard = launched("print(f'out {index}'); print(f'err {index}', file=sys.stderr)", workers=3)
    assert sorted(heard) == ["[worker 1] err 1", "[worker 1] out 1", "[worker 2] err 2", "[worker 2] out 2"]
    assert capfd.readouterr() == ("out 0\n", "err 0\n")
    assert end.worst.exit_code == 0


def test_a_line_that_is_not_ended_and_bytes_that_are_no_text_are_heard(launched):
    _, heard = launched("sys.stdout.buffer.write(b'caf\\xe9\\r\\nhalf') if index else 0")
    assert heard == ["[worker 1] caf\ufffd", "[worker 1] half"]


def test_the_chief_keeps_the_terminal_and_can_send_its_stdout_elsewhere(tmp_path, capfd):
    with (tmp_path / "out").open("w") as stdout:
        program = [sys.executable, "-c", ROLE + "print('run 1'); print('note', file=sys.stderr)"]
        launch(Launch(program, 1, environment=os.environ, say=print, stdout=stdout))
    assert (tmp_path / "out").read_text() == "run 1\n"
    assert capfd.readouterr() == ("", "note\n")


def test_every_worker_knows_the_cluster_and_its_share_of_the_cores(launched, monkeypatch):
    monkeypatch.setattr(launching, "usable_cores", lambda: 7)
    names = ["TF_CONFIG", *THREADS]
    _, heard = launched(
        f"print(json.dumps([os.environ.get(name) for name in {names}]))", workers=3, OMP_NUM_THREADS="5"
    )
    known = [json.loads(line.partition("] ")[2]) for line in sorted(heard)]
    clusters = [find_cluster({"TF_CONFIG": text}) for text, *_ in known]
    assert [cluster.index for cluster in clusters] == [1, 2]
    assert len(set(clusters[0].workers)) == 3
    assert clusters[0].workers == clusters[1].workers
    assert {worker.partition(":")[0] for worker in clusters[0].workers} == {"127.0.0.1"}
    assert known[0][1:] == ["2", "2", "5", "2"]


@pytest.mark.parametrize(("codes", "worst"), [((0, 0), 0), ((0, 3), 3), ((4, 0), 4), ((2, 70), 70)])
def test_the_worst_exit_code_counts(launched, codes, worst):
    end, _ = launched(f"sys.exit({codes}[index])")
    assert end.workers == tuple(own(index, code) for index, code in enumerate(codes))
    assert end.worst.exit_code == worst


def test_one_that_dies_stops_all(launched):
    end, _ = launched(f"{POLITE}if index == 1: os.kill(os.getpid(), signal.SIGKILL)\n{WAITS}", workers=3)
    assert end.workers == (stopped(0, 143), own(1, 137), stopped(2, 143))
    assert end.worst.index == 1
    assert end.signal_number == 0


def test_a_signal_that_comes_while_they_are_started_reaches_all(launched, monkeypatch):
    started = launching.subprocess.Popen

    def start(*arguments, **options):
        process = started(*arguments, **options)
        signal.raise_signal(signal.SIGTERM)
        return process

    monkeypatch.setattr(launching.subprocess, "Popen", start)
    end, _ = launched(f"time.sleep(60)\n{WAITS}", workers=2)
    assert [worker.exit_code for worker in end.workers] == [143, 143]
    assert end.signal_number == signal.SIGTERM


def test_one_that_does_not_stop_is_killed(launched):
    end, _ = launched(f"{STUBBORN}if index == 0: time.sleep(0.3); sys.exit(1)\n{WAITS}")
    assert end.workers == (own(0, 1), stopped(1, 137))


def test_one_that_ends_by_itself_after_another_failed_is_heard_out(launched):
    program = "if index == 0: time.sleep(0.05); print('lost worker 1', file=sys.stderr)\nsys.exit(1 + index)"
    end, _ = launched(program)
    assert end.workers == (own(0, 1), own(1, 2))


def test_what_holds_its_output_open_does_not_keep_the_launch(launched, monkeypatch, tmp_path):
    monkeypatch.setattr(launching, "LAST_WORDS_SECONDS", 0.1)
    waits = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.02)"
    end, _ = launched(f"import subprocess; subprocess.Popen([sys.executable, '-c', {waits!r}]) if index else 0")
    (tmp_path / "go").touch()
    assert end.worst.exit_code == 0


LAUNCHER = """
import os, sys
from aimodels.distribution.launching import Launch, launch
end = launch(Launch([sys.executable, "-c", sys.argv[1]], 2, environment=os.environ, say=print))
print(end.signal_number, [worker.exit_code for worker in end.workers], flush=True)
"""


@pytest.fixture
def launcher(root, tmp_path):
    """`launcher(program)` is a process that launches two workers, and waits until both are there."""
    started = []

    def of(program):
        command = [sys.executable, "-c", LAUNCHER, ROLE + program]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)}, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, [pid_in(tmp_path / f"{index}.pid") for index in range(2)]

    yield of
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def pid_in(path):
    """The number that a worker writes when it is ready."""
    while not path.exists() or not path.read_text():
        time.sleep(0.02)
    return int(path.read_text())


def is_there(pid):
    """Whether a process exists and has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_is_passed_on(launcher, number, code):
    process, _ = launcher(POLITE + WAITS)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert output.splitlines()[-1] == f"{int(number)} [{code}, {code}]"


def test_by_a_third_signal_all_are_killed(launcher):
    process, _ = launcher(STUBBORN + WAITS)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    assert process.communicate()[0].splitlines()[-1] == "15 [137, 137]"


def test_nothing_trains_on_when_the_launcher_is_killed(launcher):
    process, workers = launcher(WAITS)
    process.kill()
    process.wait()
    while any(is_there(worker) for worker in workers):
        time.sleep(0.02)


def test_gpus_are_shared_out_evenly(tmp_path):
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidiactl"):
        (tmp_path / name).touch()
    workers = [Cluster(("a:1", "b:1"), index=index, source="launch") for index in range(2)]
    found = gpus({}, devices=tmp_path)
    assert [gpu_share(found, cluster=worker) for worker in workers] == [["0"], ["1"]]
    found = gpus({"CUDA_VISIBLE_DEVICES": "7,5, 3,1"}, devices=tmp_path)
    assert [gpu_share(found, cluster=worker) for worker in workers] == [["7", "5"], ["3", "1"]]
    assert gpus({"CUDA_VISIBLE_DEVICES": "-1"}, devices=tmp_path) == []


def test_fewer_gpus_than_workers_are_told(tmp_path):
    heard = []
    with listening(heard.append):
        shares = [gpu_share(["0"], cluster=Cluster(("a:1", "b:1"), index=index, source="x")) for index in range(2)]
    assert shares == [[], []]
    assert [event.code for event in heard] == ["AM424"]
