"""Files read as a stream, unpacked on the way if they are gzipped: never more than an honest file holds."""

import gzip
import io
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from aimodels.errors import DataError, MachineError
from aimodels.events import Downloaded, emit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_START = b"\x1f\x8b"
CHUNK_BYTES = 1 << 18
# Text packs to a third or a tenth of its size, many small files of an archive to a fiftieth; a bomb to a thousandth.
MOST_TIMES_ITS_SIZE = 100
ALWAYS_ALLOWED_BYTES = 1 << 26
# Of one text. The longest review of IMDB has 14 kB.
MOST_TEXT_BYTES = 1 << 26
SECONDS_BETWEEN_EVENTS = 0.1


def most_bytes(path: Path) -> int:
    """How much a packed file may unpack to."""
    return ALWAYS_ALLOWED_BYTES + MOST_TIMES_ITS_SIZE * path.stat().st_size


def refused_as_bomb(path: Path) -> DataError:
    """The error for a packed file that unpacks to more than that."""
    return DataError(
        f"{path} unpacks to more than {most_bytes(path):,} bytes, {MOST_TIMES_ITS_SIZE} times its size and more",
        code="AM245",
        help="texts never pack that well, such files are made to fill memory and disks; fetch the data again from its "
        "publisher. If you know better, unpack it yourself and name what comes out of it",
    )


def may_not_read(path: Path) -> MachineError:
    """The error for a file that the system does not let us read, whatever is in it."""
    return MachineError(
        f"cannot read {path}: permission denied", code="AM703", help="check the permissions of the file and its folder"
    )


@contextmanager
def unpacked(path: Path) -> Iterator["io.BufferedReader[_Reading]"]:
    """The contents of a file, those of a gzipped one unpacked. Emits how far the reading is, if it takes long.

    What is read raises DataError where a gzipped file is a decompression bomb, and OSError, EOFError or zlib.error
    where it is broken.
    """
    with path.open("rb") as packed, ExitStack() as opened:
        is_gzipped = packed.read(2) == GZIP_START
        packed.seek(0)
        reading = _Reading(packed, packed=packed, path=path)
        if is_gzipped:
            unpacking = opened.enter_context(gzip.GzipFile(fileobj=packed))
            reading = _Reading(unpacking, packed=packed, path=path, most=most_bytes(path))
        yield opened.enter_context(io.BufferedReader(reading, CHUNK_BYTES))


class _Reading(io.RawIOBase):
    """Reads from `source` at most `most` bytes, and tells how far it is in the packed file below it."""

    def __init__(
        self, source: "IO[bytes] | gzip.GzipFile", *, packed: IO[bytes], path: Path, most: int | None = None
    ) -> None:
        self._source = source
        self._packed = packed
        self._path = path
        self._left = most
        self._size = path.stat().st_size
        self._told_at = time.monotonic()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer, or a part of it."""
        view = memoryview(buffer).cast("B")
        chunk = self._source.read(len(view))
        view[: len(chunk)] = chunk
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                raise refused_as_bomb(self._path)
        if time.monotonic() - self._told_at >= SECONDS_BETWEEN_EVENTS:
            emit(Downloaded(name=f"reading {self._path.name}", done=self._packed.tell(), total=self._size))
            self._told_at = time.monotonic()
        return len(chunk)
