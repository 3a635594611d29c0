"""Archives of texts: read as they are, and never trusted."""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from aimodels.data import unpacking
from aimodels.data.text_archives import Member, members
from aimodels.errors import DataError, MissingError

FILES = {f"set/{number}.txt": f"text {number}\n".encode() * 100 for number in range(20)}


def tar(entries: dict[str, bytes], *, mode: str = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        folder = tarfile.TarInfo("set")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, text in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()


def zipped(entries: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("set")
        for name, text in entries.items():
            archive.writestr(name, text)
    return content.getvalue()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "archive"
    path.write_bytes(content)
    return path


def everything(path: Path, *, wanted: Callable[[str], bool] = lambda name: True) -> list[Member]:
    return list(members(path, wanted=wanted))


PACKED = {
    "tar": tar(FILES),
    "gzipped tar": tar(FILES, mode="w:gz"),
    "pax tar": tar(FILES | {f"set/{'long' * 60}.txt": b"far"}),
    "zip": zipped(FILES),
}


@pytest.mark.parametrize("kind", PACKED)
def test_every_file_comes_whole_and_in_order(tmp_path, kind):
    found = everything(written(tmp_path, PACKED[kind]))
    assert [member.name for member in found][:20] == list(FILES)
    assert [member.content for member in found][:20] == list(FILES.values())
    assert len(found) == (21 if kind == "pax tar" else 20)


@pytest.mark.parametrize("kind", ["gzipped tar", "zip"])
def test_what_is_not_wanted_is_named_and_not_read(tmp_path, kind):
    found = everything(written(tmp_path, PACKED[kind]), wanted=lambda name: name == "set/3.txt")
    assert [member.name for member in found if member.content is not None] == ["set/3.txt"]
    assert len(found) == 20


def test_nothing_is_written_to_disk(tmp_path):
    everything(written(tmp_path, PACKED["gzipped tar"]))
    assert os.listdir(tmp_path) == ["archive"]


# --- broken ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", PACKED)
def test_a_cut_archive_is_an_error(tmp_path, kind, share):
    whole = PACKED[kind]
    path = written(tmp_path, whole[: int(len(whole.rstrip(b"\0")) * share)])
    with pytest.raises(DataError, match="cannot read") as caught:
        everything(path)
    assert caught.value.code == "AM244"


@pytest.mark.parametrize("end", [0, 100], ids=["between files", "inside a header"])
def test_a_tar_that_ends_too_early_is_an_error(tmp_path, end):
    # 512 bytes for the folder, then a header and four blocks of text for each file.
    whole = PACKED["tar"][: 512 + 5 * (512 + 1024) + end]
    with pytest.raises(DataError, match="it is cut off"):
        everything(written(tmp_path, whole))


def test_a_damaged_header_is_an_error(tmp_path):
    content = bytearray(PACKED["tar"])
    content[512 + 5 * (512 + 1024)] ^= 1
    with pytest.raises(DataError, match="it is damaged after 8,192 bytes") as caught:
        everything(written(tmp_path, bytes(content)))
    assert caught.value.code == "AM244"


def test_a_wrong_checksum_of_gzip_is_an_error(tmp_path):
    content = bytearray(PACKED["gzipped tar"])
    content[-6] ^= 1
    with pytest.raises(DataError, match="CRC check failed"):
        everything(written(tmp_path, bytes(content)))


@pytest.mark.parametrize(
    "content", [b"", b"a log-in page", gzip.compress(b"a log-in page" * 100, mtime=0), b"PK\3\4 but no zip"]
)
def test_something_else_is_an_error(tmp_path, content):
    with pytest.raises(DataError, match="cannot read .*archive") as caught:
        everything(written(tmp_path, content))
    assert caught.value.code == "AM244"
    assert ".tar.gz" in caught.value.help


def test_an_archive_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MissingError) as caught:
        everything(tmp_path / "gone.tar.gz")
    assert caught.value.code == "AM201"


def test_an_archive_with_a_password_is_an_error(tmp_path):
    content = bytearray(PACKED["zip"])
    for start in (b"PK\3\4", b"PK\1\2"):  # the flag of every local header and every entry of the directory
        place = -1
        while (place := content.find(start, place + 1)) >= 0:
            content[place + (6 if start == b"PK\3\4" else 8)] |= 1
    with pytest.raises(DataError, match="password") as caught:
        everything(written(tmp_path, bytes(content)))
    assert caught.value.code == "AM244"


# --- hostile --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [tar, zipped], ids=["tar", "zip"])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("/etc/passwd", "an absolute path"),
        ("C:\\Windows\\win.ini", "an absolute path"),
        ("../../.ssh/authorized_keys", "a path that leads out"),
        ("set/../../up.txt", "a path that leads out"),
        ("set\\..\\..\\up.txt", "a path that leads out"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, pack, name, what):
    with pytest.raises(DataError, match="was refused: in it") as caught:
        everything(written(tmp_path, pack(FILES | {name: b"mine"})), wanted=lambda name: False)
    assert caught.value.code == "AM245"
    assert what in caught.value.message
    assert os.listdir(tmp_path) == ["archive"]


def test_two_dots_in_a_name_are_harmless(tmp_path):
    assert everything(written(tmp_path, tar({"set/wait...txt": b"a"})))[0].content == b"a"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
    ],
)
def test_links_and_devices_are_refused(tmp_path, kind, what):
    entry = tarfile.TarInfo("set/secret.txt")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "archive", "w:gz") as archive:
        archive.addfile(entry)
    with pytest.raises(DataError, match=f"set/secret.txt is {what}") as caught:
        everything(tmp_path / "archive")
    assert caught.value.code == "AM245"


def test_a_link_in_a_zip_is_refused(tmp_path):
    entry = zipfile.ZipInfo("set/secret.txt")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(DataError, match="set/secret.txt is a symbolic link"):
        everything(tmp_path / "archive")


def test_a_file_with_holes_is_refused(tmp_path):
    # It takes no place in the archive, and as much as it likes in memory.
    header = tarfile.TarInfo("set/holes.txt")
    header.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(header.tobuf(format=tarfile.GNU_FORMAT))
    block[483:495] = b"00000400000\0"  # the real size, in octal
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(DataError, match="is not an ordinary file"):
        everything(written(tmp_path, bytes(block) + bytes(10240)))


@pytest.mark.parametrize("pack", [lambda entries: tar(entries, mode="w:gz"), zipped], ids=["tar", "zip"])
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED_BYTES", 1 << 20)
    path = written(tmp_path, pack(dict.fromkeys([f"set/{number}.txt" for number in range(8)], bytes(1 << 21))))
    with pytest.raises(DataError, match="unpacks to more than .* bytes") as caught:
        everything(path)
    assert caught.value.code == "AM245"


@pytest.mark.parametrize("pack", [tar, zipped], ids=["tar", "zip"])
def test_a_text_without_end_is_refused(tmp_path, pack, monkeypatch):
    monkeypatch.setattr("aimodels.data.text_archives.MOST_TEXT_BYTES", 1000)
    path = written(tmp_path, pack({"set/short.txt": b"a" * 1000, "set/long.txt": b"a" * 1001}))
    with pytest.raises(DataError, match="set/long.txt is a text of 1,001 bytes") as caught:
        everything(path)
    assert caught.value.code == "AM245"
    assert len(everything(path, wanted=lambda name: name == "set/short.txt")) == 2


def test_a_name_cannot_move_the_cursor(tmp_path):
    with pytest.raises(DataError) as caught:
        everything(written(tmp_path, tar({"/\x1b[2J\udcff.txt": b""})))
    assert "\x1b" not in caught.value.message
    caught.value.message.encode()
