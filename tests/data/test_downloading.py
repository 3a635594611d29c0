"""Downloads, against a server on this machine."""

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aimodels.data import downloading
from aimodels.data.downloading import RemoteFile, cache_folder, fetch, is_cached
from aimodels.errors import DataError, FailedError, MachineError
from aimodels.events import Downloaded, Event, listening

CONTENT = bytes(range(256)) * 4096


class Server(HTTPServer):
    """Answers every request with the next of `answers`: a status and the bytes that are sent; then with the last."""

    answers: list[tuple[int, bytes]]
    num_requests = 0


class Handler(BaseHTTPRequestHandler):
    """Says that it sends all of CONTENT, and sends what it was told to."""

    server: Server

    def do_GET(self) -> None:
        status, content = self.server.answers[min(self.server.num_requests, len(self.server.answers) - 1)]
        self.server.num_requests += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(downloading, "WAITS_SECONDS", (0.0, 0.0))


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.answers = [(200, CONTENT)]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def remote(server: Server, *, content: bytes = CONTENT) -> RemoteFile:
    url = f"http://127.0.0.1:{server.server_port}/digits.npz"
    return RemoteFile(
        url=url, sha256=hashlib.sha256(content).hexdigest(), cached_as="set/digits.npz", otherwise="or use chalk"
    )


def entries() -> list[str]:
    folder = cache_folder() / "set"
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_a_file_comes_once_and_then_from_the_cache(server):
    path = fetch(remote(server))
    assert path.read_bytes() == CONTENT
    assert path == cache_folder() / "set" / "digits.npz"
    assert fetch(remote(server)) == path
    assert server.num_requests == 1
    assert entries() == ["digits.npz"]


def test_progress_is_told_up_to_the_end(server):
    heard: list[Event] = []
    with listening(heard.append):
        fetch(remote(server))
    told = [event for event in heard if isinstance(event, Downloaded)]
    assert told[-1] == Downloaded(name="digits.npz", done=len(CONTENT), total=len(CONTENT), unit="bytes")
    assert [event.done for event in told] == sorted(event.done for event in told)


@pytest.mark.parametrize("first", [(503, b""), (200, CONTENT[:1000])], ids=["server error", "cut off"])
def test_a_failure_that_may_pass_is_tried_again(server, first):
    server.answers = [first, (200, CONTENT)]
    assert fetch(remote(server)).read_bytes() == CONTENT
    assert server.num_requests == 2


def test_a_transfer_that_always_breaks_off_is_an_error_and_leaves_nothing(server):
    server.answers = [(200, CONTENT[:1000])]
    with pytest.raises(FailedError, match="broke off: 1,000 of 1,048,576 bytes came") as caught:
        fetch(remote(server))
    assert caught.value.code == "AM203"
    assert server.num_requests == 3
    assert entries() == []


def test_a_refusal_is_not_tried_again(server):
    server.answers = [(404, b"")]
    with pytest.raises(FailedError, match="HTTP 404 Not Found") as caught:
        fetch(remote(server))
    assert (caught.value.code, server.num_requests, entries()) == ("AM203", 1, [])
    assert str(cache_folder() / "set" / "digits.npz") in caught.value.help
    assert "or use chalk" in caught.value.help


def test_no_way_to_the_server_is_an_error_of_the_machine(server):
    file = remote(server)
    server.server_close()
    with pytest.raises(MachineError, match="cannot reach http://127.0.0.1:.*refused") as caught:
        fetch(file)
    assert (caught.value.code, caught.value.exit_code, entries()) == ("AM202", 5, [])


def test_a_file_with_another_hash_is_not_kept(server):
    file = remote(server, content=b"another file")
    with pytest.raises(DataError, match="not the file that was published") as caught:
        fetch(file)
    found = hashlib.sha256(CONTENT).hexdigest()
    assert caught.value.code == "AM205"
    assert caught.value.notes == (f"expected SHA-256 {file.sha256}", f"found SHA-256    {found}")
    assert entries() == []


def test_a_wrong_file_in_the_cache_is_neither_used_nor_overwritten(server):
    file = remote(server)
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"mine")
    with pytest.raises(DataError, match="is not the file that was published") as caught:
        fetch(file)
    assert caught.value.code == "AM205"
    assert str(file.path) in caught.value.message
    assert "delete" in caught.value.help
    assert file.path.read_bytes() == b"mine"
    assert server.num_requests == 0


def test_a_cache_that_cannot_be_written_is_an_error_of_the_machine(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(MachineError, match="cannot write") as caught:
        fetch(remote(server))
    assert caught.value.code == "AM703"
    assert "KERAS_HOME" in caught.value.help


def test_a_full_disk_is_an_error_of_the_machine(server, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloading, "_transfer", full)
    with pytest.raises(MachineError, match="the disk is full") as caught:
        fetch(remote(server))
    assert (caught.value.code, entries()) == ("AM704", [])


def test_an_interrupt_leaves_nothing_half_written(server, monkeypatch):
    def interrupted(file: RemoteFile, target) -> None:
        target.write(CONTENT[:10])
        raise KeyboardInterrupt

    monkeypatch.setattr(downloading, "_transfer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(remote(server))
    assert entries() == []


def test_the_cache_is_that_of_keras(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".keras" / "datasets"


def test_nothing_in_the_cache_is_no_error(server):
    assert not is_cached(remote(server))
