"""Workers that meet before they train: who is there, what is different, and what else calls at the chief's port."""

import json
import socket
import socketserver
import threading
from contextlib import closing

import pytest

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.crew import Crew
from aimodels.distribution.frames import HEADER, MAGIC, Kind, receive
from aimodels.distribution.launching import free_ports
from aimodels.distribution.meeting import meet
from aimodels.errors import FailedError, MachineError, UsageError, UserError

FACTS = {
    "config": {"seed": 3, "train": {"epochs": 4}},
    "config_sha256": "c0ffee",
    "data": {"num_examples": {"train": 9}},
    "data_fingerprint": "da7a",
    "versions": {"keras": "3.15.1", "numpy": "2.4.0"},
}


@pytest.fixture
def cluster():
    """`cluster(3)` is a list of as many workers on ports of this machine, each as it sees the cluster."""

    def of(size, host="127.0.0.1"):
        workers = tuple(f"{host}:{port}" for port in free_ports(size))
        return [Cluster(workers, index=index, source="the test") for index in range(size)]

    return of


@pytest.fixture
def met():
    """`met(workers, facts=[...])` lets workers meet, each in a thread; gives the crew or the error of each."""
    crews = []

    def of(workers, *, facts=None, timeout=10):
        brought = facts or [FACTS] * len(workers)
        outcomes = [None] * len(workers)

        def come(place):
            try:
                outcomes[place] = meet(workers[place], brought[place], timeout=timeout)
            except UserError as error:
                outcomes[place] = error

        threads = [threading.Thread(target=come, args=(place,)) for place in range(len(workers))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        crews.extend(outcome for outcome in outcomes if isinstance(outcome, Crew))
        return outcomes

    yield of
    leaving = [threading.Thread(target=crew.close) for crew in crews]
    for thread in leaving:
        thread.start()
    for thread in leaving:
        thread.join()


def test_the_port_is_free_once_all_have_met(cluster, met):
    workers = cluster(3)
    assert all(isinstance(crew, Crew) for crew in met(workers))
    with closing(socket.create_server(("", workers[0].address(0).port))):
        pass


def test_workers_on_an_ipv6_address_meet(cluster, met):
    assert all(isinstance(crew, Crew) for crew in met(cluster(2, host="[::1]")))


def test_a_worker_that_does_not_come_is_named_to_all(cluster, met):
    workers = cluster(4)
    outcomes = met([workers[0], workers[2]], timeout=0.5)
    for error in outcomes:
        assert isinstance(error, FailedError)
        assert error.code == "AM418"
        for absent in (1, 3):
            assert f"worker {absent} ({workers[0].workers[absent]})" in error.message
        assert "worker 2" not in error.message


def test_a_chief_that_does_not_answer_is_named(cluster, met):
    workers = cluster(2)
    [error] = met(workers[1:], timeout=0.5)
    assert isinstance(error, FailedError)
    assert f"the chief, worker 0 ({workers[0].workers[0]})" in error.message
    assert "refused" in error.message


class Browsing(socketserver.BaseRequestHandler):
    """Answers as a web server would."""

    def handle(self):
        self.request.recv(1000)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_somebody_else_at_the_chiefs_address_is_not_the_chief(cluster, met):
    workers = cluster(2)
    with socketserver.TCPServer(("127.0.0.1", workers[0].address(0).port), Browsing) as web_server:
        thread = threading.Thread(target=web_server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        [error] = met(workers[1:], timeout=0.5)
        web_server.shutdown()
        thread.join()
    assert error.code == "AM418"
    assert "something else than a worker" in error.message


def test_a_chief_that_comes_late_is_waited_for(cluster, met):
    workers = cluster(2)
    with closing(socket.create_server(("127.0.0.1", workers[0].address(0).port))) as leftover:
        early = []
        thread = threading.Thread(target=lambda: early.extend(met(workers[1:])))
        thread.start()
        leftover.accept()[0].close()
    [chief] = met(workers[:1])
    thread.join()
    assert [type(crew) for crew in [chief, *early]] == [Crew] * 2


@pytest.mark.parametrize(
    ("changed", "words", "note"),
    [
        ({"config_sha256": "decaf"}, "another config", "config_sha256: decaf on worker 1, c0ffee on the chief"),
        (
            {"config": {"seed": 3, "train": {"epochs": 5}}, "config_sha256": "decaf"},
            "another config",
            "train.epochs: 5 on worker 1, 4 on the chief",
        ),
        (
            {"data": {"num_examples": {"train": 7}}, "data_fingerprint": "decaf"},
            "other data",
            "data.num_examples.train: 7 on worker 1, 9 on the chief",
        ),
        ({"data_fingerprint": None}, "other data", "data_fingerprint: nothing on worker 1, da7a on the chief"),
        ({"versions": {"keras": "3.14.0", "numpy": "2.4.0"}}, "other versions", "versions.keras: 3.14.0 on worker 1"),
        ({"seed": 3}, "another seed", "seed: 3 on worker 1, nothing on the chief"),
    ],
    ids=["config", "keys of it", "examples", "data", "versions", "more"],
)
def test_a_worker_with_other_facts_ends_all_of_them(cluster, met, changed, words, note):
    outcomes = met(cluster(3), facts=[FACTS, FACTS | changed, FACTS])
    for error in outcomes:
        assert isinstance(error, UsageError)
        assert (error.code, error.exit_code) == ("AM419", 2)
        assert error.message.startswith("worker 1 (")
        assert f"was started with {words} than the chief" in error.message
        assert error.notes[0].startswith(note)
        assert error.help


def test_another_list_of_workers_is_noticed(cluster, met):
    workers = cluster(2)
    longer = Cluster((*workers[1].workers, "127.0.0.1:9"), index=1, source="the test")
    assert [error.code for error in met([workers[0], longer])] == ["AM419", "AM419"]


def test_two_processes_that_say_that_they_are_the_same_worker_end_all(cluster, met):
    workers = cluster(3)
    outcomes = met([workers[0], workers[1], workers[1]])
    assert [error.code for error in outcomes] == ["AM413"] * 3
    assert outcomes[0].message == f"two processes say that they are {workers[0].describe(1)}"


@pytest.mark.parametrize("index", [0, 1])
def test_a_port_in_use_is_named(cluster, met, index):
    workers = cluster(2)
    port = workers[0].address(index).port
    with closing(socket.create_server(("127.0.0.1", port))):
        [error] = met([workers[index]], timeout=0.5)
    assert isinstance(error, MachineError)
    assert error.code == "AM420"
    assert f"port {port} of {workers[0].describe(index)} is in use" in error.message


def test_a_worker_whose_port_is_in_use_is_not_waited_for(cluster, met):
    workers = cluster(3)
    with closing(socket.create_server(("127.0.0.1", workers[0].address(1).port))):
        errors = met(workers, timeout=30)
    assert [(type(error), error.code) for error in errors] == [(MachineError, "AM420")] * 3
    assert {error.message for error in errors} == {errors[1].message}


def frame(kind, content, *, length=None):
    """A frame as it travels, or one that claims another length."""
    return HEADER.pack(MAGIC, kind, len(content) if length is None else length) + content


HELLO = json.dumps({"index": 1, "workers": []}).encode()
CALLERS = {
    "a probe": b"",
    "a browser": b"GET / HTTP/1.1\r\nHost: gpu1\r\n\r\n",
    "half a hello": frame(Kind.HELLO, HELLO, length=100),
    "too much": frame(Kind.HELLO, HELLO) + b"more",
    "no hello": frame(Kind.MESSAGE, HELLO),
    "no worker": frame(Kind.HELLO, HELLO.replace(b"1", b"7")),
    "the chief": frame(Kind.HELLO, HELLO.replace(b"1", b"0")),
    "no JSON": frame(Kind.HELLO, b"hi"),
    "no object": frame(Kind.HELLO, b"7"),
    "no number": frame(Kind.HELLO, b"{}"),
    "no end": frame(Kind.HELLO, HELLO, length=1 << 60),
}


@pytest.mark.parametrize("said", CALLERS.values(), ids=CALLERS)
def test_whatever_else_calls_at_the_chiefs_port_changes_nothing(cluster, met, said):
    workers = cluster(2)
    chief = []
    thread = threading.Thread(target=lambda: chief.extend(met(workers[:1])))
    thread.start()
    with closing(calling(workers[0].address(0))) as caller:
        caller.sendall(said)
        [other] = met(workers[1:])
        thread.join()
    assert [type(crew) for crew in [*chief, other]] == [Crew, Crew]


def test_a_worker_that_dies_while_it_waits_may_come_again(cluster, met):
    workers = cluster(3)
    chief = []
    thread = threading.Thread(target=lambda: chief.extend(met(workers[:1])))
    thread.start()
    with closing(calling(workers[0].address(0))) as dying:
        dying.sendall(frame(Kind.HELLO, HELLO))
        assert receive(dying).kind == Kind.WELCOME
    others = met(workers[1:])
    thread.join()
    assert [type(crew) for crew in [*chief, *others]] == [Crew] * 3


def calling(address):
    """A connection to the chief, as soon as it listens."""
    while True:
        try:
            return socket.create_connection((address.host, address.port), timeout=5)
        except ConnectionRefusedError:
            continue
