"""Files from the network, kept in Keras's own cache folder, and never used unless their SHA-256 is the known one."""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from aimodels.data.fingerprint import sha256_of
from aimodels.errors import DataError, FailedError, MachineError
from aimodels.events import Downloaded, emit

# Python's network modules are imported where they are used: `aimodels check` seldom needs them.
if TYPE_CHECKING:
    import http.client
    import urllib.error

CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 30.0
# How long to wait before each further attempt; there is one attempt more than there are waits.
WAITS_SECONDS = (1.0, 4.0)
SECONDS_BETWEEN_EVENTS = 0.1


@dataclass(frozen=True)
class RemoteFile:
    """A file on the network: its address, the SHA-256 it must have, and where it goes below Keras's folder `datasets`.

    `otherwise` says what a user without a network can do instead.
    """

    url: str
    sha256: str
    cached_as: str
    otherwise: str = ""

    @property
    def path(self) -> Path:
        """Where the file is, or would be, in the cache."""
        return cache_folder() / self.cached_as


def cache_folder() -> Path:
    """Where Keras keeps data sets: `$KERAS_HOME/datasets`, else `~/.keras/datasets` (in /tmp where home is read-only).

    The same rule as Keras itself, so that what one has downloaded the other finds:
    https://keras.io/api/utils/python_utils/#getfile-function
    """
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user_home = Path("~").expanduser()
        home = str((user_home if os.access(user_home, os.W_OK) else Path(tempfile.gettempdir())) / ".keras")
    return Path(home).expanduser() / "datasets"


def is_cached(file: RemoteFile) -> bool:
    """Whether the file is in the cache, with the right contents.

    Raises:
        DataError: something else is there under its name; it is neither used nor overwritten.
    """
    if not file.path.is_file():
        return False
    found = sha256_of(file.path)
    if found == file.sha256:
        return True
    raise DataError(
        f"{file.path} is not the file that was published at {file.url}",
        code="AM205",
        help="delete that file, and it is downloaded again; or name a file of your own with `data.source`",
        notes=(f"expected SHA-256 {file.sha256}", f"found SHA-256    {found}"),
    )


def fetch(file: RemoteFile) -> Path:
    """The file in the cache; downloaded first if it is not there.

    Raises:
        MachineError: there is no way to the server, or the cache cannot be written.
        FailedError: the server answered with an error, or broke off every time.
        DataError: what is in the cache, or what came, does not have the known SHA-256.
    """
    if is_cached(file):
        return file.path
    with _replacing(file.path) as partial:
        _download(file, partial)
        found = sha256_of(partial)
        if found != file.sha256:
            raise DataError(
                f"what came from {file.url} is not the file that was published there; it was not kept",
                code="AM205",
                help=f"try again; a proxy or a log-in page may answer in place of the server. {file.otherwise}".strip(),
                notes=(f"expected SHA-256 {file.sha256}", f"found SHA-256    {found}"),
            )
    return file.path


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, moved there when the block ends well and removed when it does not."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _download(file: RemoteFile, partial: Path) -> None:
    for wait in (*WAITS_SECONDS, None):
        try:
            with partial.open("wb") as target:
                _transfer(file, target)
                target.flush()
                os.fsync(target.fileno())
            return
        except _BrokenOff as broken:
            if wait is None or not broken.is_worth_another_try:
                raise broken.error from broken.__cause__
            time.sleep(wait)


class _BrokenOff(Exception):
    """One attempt failed: the error for the user if it was the last, and whether another attempt could help."""

    def __init__(self, error: FailedError | MachineError, *, is_worth_another_try: bool) -> None:
        super().__init__(error.message)
        self.error = error
        self.is_worth_another_try = is_worth_another_try


def _transfer(file: RemoteFile, target: IO[bytes]) -> None:
    """Read the whole answer of the server into `target`, telling how far it is."""
    name = file.path.name
    with _open(file) as answer:
        total = int(answer.headers.get("Content-Length") or 0)
        done, told_at = 0, float("-inf")
        while chunk := _read(file, answer):
            target.write(chunk)
            done += len(chunk)
            if time.monotonic() - told_at >= SECONDS_BETWEEN_EVENTS:
                emit(Downloaded(name=name, done=done, total=total))
                told_at = time.monotonic()
    if done < total:
        raise _BrokenOff(_interrupted(file, f"{done:,} of {total:,} bytes came"), is_worth_another_try=True)
    emit(Downloaded(name=name, done=done, total=done))


def _open(file: RemoteFile) -> "http.client.HTTPResponse":
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(file.url, headers={"User-Agent": "aimodels"})
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise _BrokenOff(_refused(file, error), is_worth_another_try=error.code >= 500 or error.code == 429) from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOff(_unreachable(file, error), is_worth_another_try=True) from error
    return answer


def _read(file: RemoteFile, answer: "http.client.HTTPResponse") -> bytes:
    import http.client

    try:
        return answer.read(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOff(_interrupted(file, str(error) or type(error).__name__), is_worth_another_try=True) from error


def _refused(file: RemoteFile, error: "urllib.error.HTTPError") -> FailedError:
    return FailedError(
        f"the server refused {file.url}: HTTP {error.code} {error.reason}",
        code="AM203",
        help=_instead(file),
    )


def _interrupted(file: RemoteFile, reason: str) -> FailedError:
    return FailedError(f"the download of {file.url} broke off: {reason}", code="AM203", help=_instead(file))


def _unreachable(file: RemoteFile, error: Exception) -> MachineError:
    import urllib.error

    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return MachineError(f"cannot reach {file.url}: {reason}", code="AM202", help=_instead(file))


def _instead(file: RemoteFile) -> str:
    by_hand = f"try again later, or download it elsewhere and put it at {file.path}"
    return f"{by_hand}; {file.otherwise}" if file.otherwise else by_hand


def _cannot_write(path: Path, error: OSError) -> MachineError:
    advice = "or choose another folder by setting KERAS_HOME"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(f"the disk is full: cannot write {path}", code="AM704", help=f"free some space, {advice}")
    reason = error.strerror or str(error)
    return MachineError(
        f"cannot write {path}: {reason}", code="AM703", help=f"check the permissions of the folder, {advice}"
    )
