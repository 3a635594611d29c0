"""Workers in touch while they train: messages in order, a worker that is killed is noticed, one that leaves is not."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.launching import free_ports
from aimodels.distribution.meeting import meet
from aimodels.errors import FailedError

PROGRAM = """
import os, sys, time
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.meeting import meet

def lost(index):
    print("lost", index, flush=True)
    os._exit(7)

index, silent, *workers = sys.argv[1:]
cluster = Cluster(tuple(workers), index=int(index), source="the test", silent_seconds=float(silent))
crew = meet(cluster, {}, timeout=30)
crew.watch(lost)
print("met", flush=True)
line = sys.stdin.readline()
if line == "failed\\n":
    time.sleep(4)
    crew.give_up_the_silent()
if line == "fail\\n":
    with crew:
        raise SystemExit(3)
crew.close()
print("left", flush=True)
"""


@pytest.fixture
def processes(root):
    """`processes(3)` starts as many workers that have met, and wait for a line on their stdin."""
    started = []

    def of(size, *, silent="60"):
        workers = [f"127.0.0.1:{port}" for port in free_ports(size)]
        for index in range(size):
            command = [sys.executable, "-c", PROGRAM, str(index), silent, *workers]
            started.append(
                subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
        assert [process.stdout.readline() for process in started] == ["met\n"] * size
        return started

    yield of
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def crews():
    """`crews(3)` are those of as many workers that have met in this process."""
    with ThreadPoolExecutor(4) as pool:
        made = []

        def of(size):
            workers = tuple(f"127.0.0.1:{port}" for port in free_ports(size))
            clusters = [Cluster(workers, index=index, source="the test") for index in range(size)]
            made.extend(pool.map(lambda one: meet(one, {}, timeout=10), clusters))
            return made

        yield of
        list(pool.map(lambda crew: crew.close(), made))


@pytest.mark.parametrize("killed", [0, 1, 2])
def test_a_worker_that_is_killed_is_noticed_by_all_others(processes, killed):
    workers = processes(3)
    workers[killed].send_signal(signal.SIGKILL)
    left = [worker for index, worker in enumerate(workers) if index != killed]
    assert [worker.stdout.readline() for worker in left] == [f"lost {killed}\n"] * 2
    assert [worker.wait(timeout=30) for worker in left] == [7, 7]


@pytest.mark.parametrize("frozen", [0, 2])
def test_a_worker_that_is_frozen_is_noticed_by_all_others(processes, frozen):
    workers = processes(3, silent="2")
    workers[frozen].send_signal(signal.SIGSTOP)
    left = [worker for index, worker in enumerate(workers) if index != frozen]
    assert [worker.stdout.readline() for worker in left] == [f"lost {frozen}\n"] * 2
    assert [worker.wait(timeout=30) for worker in left] == [7, 7]
    # Once it goes on, it finds nobody.
    workers[frozen].send_signal(signal.SIGCONT)
    assert workers[frozen].stdout.readline().startswith("lost ")
    assert workers[frozen].wait(timeout=30) == 7


def test_a_worker_that_says_nothing_for_long_is_not_lost(processes):
    workers = processes(2, silent="1")
    with pytest.raises(subprocess.TimeoutExpired):
        workers[0].wait(timeout=2.5)
    for worker in workers:
        worker.stdin.write("leave\n")
        worker.stdin.flush()
    assert [worker.stdout.readline() for worker in workers] == ["left\n", "left\n"]


def test_a_worker_that_says_goodbye_is_not_lost(processes):
    workers = processes(3)
    for worker in (workers[2], workers[0], workers[1]):
        worker.stdin.write("leave\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "left\n"
    assert [worker.communicate()[0] for worker in workers] == ["", "", ""]
    assert [worker.returncode for worker in workers] == [0, 0, 0]


def test_a_worker_that_fails_is_lost_to_the_others(processes):
    workers = processes(2)
    workers[1].stdin.write("fail\n")
    workers[1].stdin.flush()
    assert workers[0].stdout.readline() == "lost 1\n"
    assert workers[1].wait(timeout=30) == 3


def test_messages_reach_everyone_whole_and_in_order(crews):
    chief, *others = crews(3)
    large = bytes(range(256)) * 40_000
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(lambda: [chief.tell(message) for message in (b"", b"first", large)])
        assert [[crew.hear() for _ in range(3)] for crew in others] == [[b"", b"first", large]] * 2
        told.result()


def test_the_chief_gathers_in_the_order_of_the_workers(crews):
    chief, *others = crews(3)
    assert [crew.gather(f"from {crew.cluster.index}".encode()) for crew in reversed(others)] == [None, None]
    assert chief.gather(b"from 0") == [b"from 0", b"from 1", b"from 2"]


@pytest.mark.parametrize("waiting", [0, 2])
def test_whoever_waits_for_a_message_learns_of_the_loss(crews, waiting):
    made = crews(3)
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(made[0].gather, b"") if waiting == 0 else pool.submit(made[2].hear)
        made[1].abandon()
        with pytest.raises(FailedError, match=r"worker 1 \(127.0.0.1:\d+\) was lost") as caught:
            heard.result()
    assert caught.value.code == "AM421"
    assert "--resume" in caught.value.help


def test_nothing_can_be_said_to_a_worker_that_was_lost(crews):
    chief, other = crews(2)
    lost = threading.Event()
    chief.watch(lambda index: lost.set())
    other.abandon()
    assert lost.wait(timeout=30)
    with pytest.raises(FailedError, match="worker 1"):
        chief.tell(b"hello")
    assert chief.lost == 1


def test_a_loss_before_anybody_watches_is_told_at_once(crews):
    chief, other = crews(2)
    other.abandon()
    with pytest.raises(FailedError, match="worker 1"):
        chief.gather(b"")
    told = []
    chief.watch(told.append)
    assert told == [1]


def test_a_worker_that_left_too_early_is_named(crews):
    chief, other = crews(2)
    other.close()
    with pytest.raises(FailedError, match=r"worker 1 \(.*\) has ended, and this worker has not"):
        chief.gather(b"")
    assert chief.lost is None


def test_only_the_chief_tells_and_only_the_others_hear(crews):
    chief, other = crews(2)
    with pytest.raises(RuntimeError, match="worker 1 cannot tell"):
        other.tell(b"")
    with pytest.raises(RuntimeError, match="worker 0 cannot hear"):
        chief.hear()


def test_who_is_silent_is_lost_where_an_operation_of_all_has_failed(processes):
    workers = processes(2)
    workers[1].send_signal(signal.SIGSTOP)
    workers[0].stdin.write("failed\n")
    workers[0].stdin.flush()
    assert workers[0].stdout.readline() == "lost 1\n"
    assert workers[0].wait(timeout=30) == 7
