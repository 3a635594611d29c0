"""A run is trained by one process at a time: the file `.lock` in its folder says which.

The process keeps the file locked as long as it lives (`flock`), so that on its own machine nobody else can take it and
a process that was killed holds nothing. What the file says counts where such locks do not reach, on another machine: it
holds until the run has given no sign of life for a while.
"""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aimodels.errors import FailedError, UserError
from aimodels.events import warn
from aimodels.runs.atomic import cannot_write
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.naming import how_to_name
from aimodels.runs.status import status

# Whoever only looks holds a lock for a moment.
LOOKING_SECONDS = 1.0
HELD = (errno.EACCES, errno.EAGAIN)
# Of a file system without such locks.
UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(run: RunFolder) -> Iterator[None]:
    """Keep every other process from training the run while the block runs.

    Raises:
        FailedError: another process trains it.
        MachineError: the folder cannot be written.
    """
    try:
        descriptor = _taken(run)
    except OSError as error:
        raise cannot_write(run.lock_file, error) from error
    try:
        yield
    finally:
        # The folder is gone where a new run was given up.
        with suppress(OSError):
            run.lock_file.unlink(missing_ok=True)
        os.close(descriptor)


def expect_free(run: RunFolder) -> None:
    """Make sure that no other process trains the run at this moment, without keeping it.

    Raises:
        FailedError: another process trains it.
    """
    try:
        descriptor = os.open(run.lock_file, os.O_RDWR)
    except OSError:  # there is none, or it cannot be written, which is told when the lock is taken
        return
    try:
        # Shared, so that several workers may look at once.
        _expect_free(descriptor, run=run, kind=fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def remove_what_never_began(run: RunFolder) -> None:
    """Remove the folder of a run that was killed before it was one: it has a lock that nobody holds, and no
    `run.json`."""
    if run.lock_file.exists() and not run.run_file.exists():
        with suppress(UserError), locked(run):
            if not run.run_file.exists():
                run.discard()


def _taken(run: RunFolder) -> int:
    """The open file, locked and with our name in it."""
    while True:
        descriptor = os.open(run.lock_file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            before = _expect_free(descriptor, run=run)
            if not _is_still_there(descriptor, run=run):
                os.close(descriptor)
                continue
            if before:
                warn(
                    "AM408",
                    f"the lock of {run.name} is taken over from {_told(before)}, which ended without giving it back",
                    help="nothing is to be done: what it had kept is gone on with",
                )
            mine = {"pid": os.getpid(), "host": socket.gethostname(), "since": now()}
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(mine).encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _expect_free(descriptor: int, *, run: RunFolder, kind: int = fcntl.LOCK_EX) -> Mapping[str, Any]:
    """Lock the file; what it says, empty where it says nothing."""
    reaches = True
    try:
        _flock(descriptor, kind)
    except OSError as error:
        if error.errno in HELD:
            raise _held(run, _said(descriptor)) from error
        if error.errno not in UNKNOWN:
            raise
        reaches = False
    holder = _said(descriptor)
    reaches &= holder.get("host") == socket.gethostname()
    if holder and not reaches and status(run.facts()) == "running":
        raise _held(run, holder)
    return holder


def _flock(descriptor: int, kind: int) -> None:
    """Lock the file, or raise; whoever wants it alone waits a moment for those who only look."""
    ends_at = time.monotonic() + (LOOKING_SECONDS if kind == fcntl.LOCK_EX else 0.0)
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in HELD or time.monotonic() >= ends_at:
                raise
        else:
            return
        time.sleep(LOOKING_SECONDS / 20)


def _is_still_there(descriptor: int, *, run: RunFolder) -> bool:
    """Whether the file that was opened still has its name: whoever had it may have removed it in between."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), run.lock_file.stat())
    return False


def _said(descriptor: int) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(os.pread(descriptor, 4096, 0))
        if isinstance(found, dict):
            return found
    return {}


def _told(holder: Mapping[str, Any]) -> str:
    return f"process {holder.get('pid')} on {holder.get('host')}" if holder else "another process"


def _held(run: RunFolder, holder: Mapping[str, Any]) -> FailedError:
    since = f", since {holder['since']}" if "since" in holder else ""
    return FailedError(
        f"{run.name} is being trained by {_told(holder)}{since}",
        code="AM509",
        help=f"wait, or stop it with Ctrl-C or SIGTERM: its state is saved; see aimodels runs show {how_to_name(run)}",
    )
