"""Archives of texts (.tar, .tar.gz, .zip), read from beginning to end. Nothing of them is ever written to disk."""

import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.missing import missing
from aimodels.data.unpacking import CHUNK_BYTES, MOST_TEXT_BYTES, most_bytes, refused_as_bomb, unpacked
from aimodels.errors import DataError

EXPECTED = "a .tar, .tar.gz, .tgz or .zip archive"
ZIP_START = b"PK"
SEPARATOR = re.compile(r"[/\\]")
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name in there, and its contents if they were wanted."""

    name: str
    content: bytes | None


def members(path: Path, *, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Every file of an archive in the order of the archive, with the contents of those whose names are `wanted`.

    Raises:
        MissingError: there is no such file.
        DataError: it is no archive, is cut off, or holds what no collection of texts holds: a path that leads out of
            the archive, a link, a device, a file of more than 64 MiB, a decompression bomb.
    """
    if not path.exists():
        raise missing(path, what=EXPECTED)
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == ZIP_START
        yield from _zip_members(path, wanted) if is_zip else _tar_members(path, wanted)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _broken(path, str(error) or type(error).__name__) from error


def _tar_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all, 100,000 in that of IMDB
            _expect_inside(path, entry.name)
            if entry.isdir():
                continue
            if not entry.isreg() or entry.issparse():
                raise _refused(path, entry.name, _kind(entry))
            yield Member(entry.name, _tar_content(path, archive, entry) if wanted(entry.name) else None)
        _expect_end(path, archive)


def _tar_content(path: Path, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | None:
    _expect_size(path, entry.name, entry.size)
    content = archive.extractfile(entry)
    return None if content is None else content.read()


def _expect_end(path: Path, archive: tarfile.TarFile) -> None:
    """A tar archive ends with blocks of zeros; tarfile also stops where it is cut off between files, or damaged."""
    stream = archive.fileobj
    if stream.tell() < archive.offset + tarfile.BLOCKSIZE:
        raise _broken(path, "it is cut off")
    # Reading on to the end has the checksum of gzip compared as well.
    while chunk := stream.read(CHUNK_BYTES):
        if chunk.strip(b"\0"):
            raise _broken(path, f"it is damaged after {archive.offset:,} bytes (of the unpacked archive)")


def _kind(entry: tarfile.TarInfo) -> str:
    if entry.issym():
        return "a symbolic link"
    if entry.islnk():
        return "a hard link"
    return "a device" if entry.isdev() else "not an ordinary file"


def _zip_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > most_bytes(path):
            raise refused_as_bomb(path)
        for entry in entries:
            _expect_inside(path, entry.filename)
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                kind = "a symbolic link" if stat.S_ISLNK(mode) else "not an ordinary file"
                raise _refused(path, entry.filename, kind)
            if entry.is_dir():
                continue
            yield Member(entry.filename, _zip_content(path, archive, entry) if wanted(entry.filename) else None)


def _zip_content(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    _expect_size(path, entry.filename, entry.file_size)
    try:
        return archive.read(entry)
    # How zipfile answers to a password and to a method of packing that it does not know.
    except (RuntimeError, NotImplementedError) as error:
        raise _broken(path, str(error)) from error


def _expect_inside(path: Path, name: str) -> None:
    """A name that leads out of the archive can do no harm here, but was written by someone who means to."""
    if ABSOLUTE.match(name):
        raise _refused(path, name, "an absolute path")
    if ".." in name and ".." in SEPARATOR.split(name):
        raise _refused(path, name, "a path that leads out of the archive")


def _expect_size(path: Path, name: str, num_bytes: int) -> None:
    if num_bytes > MOST_TEXT_BYTES:
        raise _refused(path, name, f"a text of {num_bytes:,} bytes (at most {MOST_TEXT_BYTES:,})")


def _refused(path: Path, name: str, what: str) -> DataError:
    return DataError(
        f"{path} was refused: in it {excerpt(on_one_line(name), longest=100)} is {what}",
        code="AM245",
        help="no collection of texts needs that; fetch the archive again from its publisher. If you know better, "
        "unpack it yourself and name the folder",
    )


def _broken(path: Path, reason: str) -> DataError:
    return DataError(
        f"cannot read {path}: {reason}",
        code="AM244",
        help=f"it may be cut off or of another kind; fetch it again. Expected {EXPECTED}",
    )
