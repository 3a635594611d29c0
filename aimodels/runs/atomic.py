"""Whole files or none: written under a temporary name in the same folder, flushed, and moved into place."""

import csv
import errno
import io
import json
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aimodels.errors import MachineError

TEMPORARY = ".tmp"
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name in the folder of `path`, with its suffix; moved to `path` when the block ends well.

    Keras looks at the suffix of what it saves, so the temporary name keeps it: `.last.4711.tmp.keras`. Its number is
    that of the thread, since two may write the same file.

    Raises:
        MachineError: the disk is full or the folder cannot be written.
    """
    partial = path.with_name(f".{path.stem}.{threading.get_native_id()}{TEMPORARY}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Inside, because tidying up can fail too, where a part of the path is a file.
        try:
            yield partial
            flush(partial)
            partial.replace(path)
            flush(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def flush(path: Path) -> None:
    """Make sure that a file, or the entries of a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError, *, elsewhere: str = "") -> MachineError:
    """The error for a file that the system would not let us write; `elsewhere` says how to have it elsewhere."""
    if error.errno in DISK_IS_FULL:
        return MachineError(
            f"the disk is full: cannot write {path}",
            code="AM704",
            help="free some space (aimodels runs rm NAME), or "
            + (elsewhere or "choose another disk, for runs with --runs-dir"),
        )
    reason = error.strerror or str(error)
    return MachineError(
        f"cannot write {path}: {reason}",
        code="AM703",
        help=f"check the permissions of the folder, or {elsewhere or 'name another place for it'}",
    )


def refusal(error: BaseException) -> MachineError | None:
    """The error for the user where the system refuses to read or write, whoever tried; None for any other error."""
    if not isinstance(error, OSError) or error.errno not in (*DISK_IS_FULL, *NOT_ALLOWED):
        return None
    path = Path(str(error.filename or "the output"))
    told = cannot_write(path, error)
    if error.errno in NOT_ALLOWED:
        reason = error.strerror or str(error)
        told = MachineError(f"{path}: {reason}", code="AM703", help="check the permissions of the file and its folder")
    told.__cause__ = error
    return told


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, or nothing."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole binary file, or nothing."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write strict JSON, two spaces, UTF-8; numbers that are not finite become null."""
    write_text(path, json.dumps(finite(document), indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def finite(value: Any) -> Any:
    """The value with NaN and infinities, which strict JSON cannot say, replaced by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def csv_line(cells: Sequence[Any]) -> str:
    """One line of RFC 4180 CSV: full precision, `.` decimals, an empty cell for None."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(
        ["" if cell is None else repr(float(cell)) if isinstance(cell, float) else cell for cell in cells]
    )
    return line.getvalue()


def append(path: Path, line: str) -> None:
    """Add one whole line in one write.

    Raises:
        MachineError: the disk is full or the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(line)
    except OSError as error:
        raise cannot_write(path, error) from error
