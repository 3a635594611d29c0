"""A hub on this machine, for tests: the few addresses that the hub's own package asks, answered from a folder."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "a" * 40


@dataclass
class Hub:
    """What the hub has and how it behaves; `asked` is every address that was asked, without what follows a `?`.

    `status` answers everything about the encoder with that code and error; `breaks_off` ends each file in its middle.
    """

    name: str
    folder: Path
    revisions: tuple[str, ...] = ("main", "v2", COMMIT)
    status: int = 200
    error: str = ""
    breaks_off: bool = False
    address: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}

    @property
    def downloaded(self) -> set[str]:
        """The files that were sent."""
        return {line.rpartition("/")[2] for line in self.asked if line.startswith("GET") and "/resolve/" in line}


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Hub]:
    """A hub with one encoder; nobody answers any more when the block ends."""
    hub = Hub(name, folder)

    class Answers(_Answers):
        has = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Answers(BaseHTTPRequestHandler):
    has: Hub

    def log_message(self, format: str, *words: Any) -> None:
        """Nothing is printed."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.has.asked.append(f"{self.command} {path}")
        about = f"/api/models/{self.has.name}/"
        if not path.startswith((about, f"/{self.has.name}/resolve/")):
            self._refuse(404, "RepoNotFound")
        elif self.has.status != 200:
            self._refuse(self.has.status, self.has.error)
        elif path.startswith(f"{about}revision/"):
            self._tell(path.rpartition("revision/")[2])
        elif path.startswith(f"{about}tree/"):
            files = self.has.files.items()
            self._json([{"type": "file", "path": name, "size": len(one), "oid": _hash(one)} for name, one in files])
        else:
            self._send_file(path.rpartition("/")[2])

    def _tell(self, revision: str) -> None:
        if revision not in self.has.revisions:
            self._refuse(404, "RevisionNotFound")
            return
        files = [{"rfilename": name} for name in self.has.files]
        self._json({"id": self.has.name, "sha": COMMIT, "siblings": files, "private": False, "tags": []})

    def _send_file(self, name: str) -> None:
        content = self.has.files[name]
        self._headers(200, len(content), {"ETag": f'"{_hash(content)}"', "X-Repo-Commit": COMMIT})
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if self.has.breaks_off else content)

    def _refuse(self, status: int, error: str) -> None:
        self._json({"error": error}, status=status, error=error)

    def _json(self, document: Any, *, status: int = 200, error: str = "") -> None:
        content = json.dumps(document).encode()
        self._headers(status, len(content), {"Content-Type": "application/json", "X-Error-Code": error})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _headers(self, status: int, length: int, others: dict[str, str]) -> None:
        self.send_response(status)
        # The hub tells those who have no token to make one; its package writes that on the terminal.
        others["X-HF-Warning"] = "unauthenticated; please make a token"
        for name, value in {"Content-Length": str(length), **others}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()


def _hash(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
