"""Where the reviews of IMDB come from: the sample, the cache or the network, an archive, a folder, a table."""

import csv
import gzip
import hashlib
import os
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from aimodels.data import downloading
from aimodels.data.dataset import Dataset
from aimodels.data.downloading import cache_folder
from aimodels.datasets import imdb
from aimodels.errors import DataError, FailedError, MachineError, MissingError
from aimodels.events import Downloaded, Event, Warned, listening

FOLDERS = ("train/neg", "train/pos", "test/neg", "test/pos")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(downloading, "WAITS_SECONDS", (0.0, 0.0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As the archive unpacks, with everything that lies beside the reviews."""
    root = tmp_path / "aclImdb"
    for name in (*FOLDERS, "train/unsup"):
        (root / name).mkdir(parents=True)
        for number in range(12):
            (root / name / f"{number}_{9 if 'pos' in name else 2}.txt").write_text(
                f"{name} {number}.<br /><br />Café.", encoding="utf-8"
            )
    for name in ("README", "imdb.vocab", "imdbEr.txt", "train/urls_pos.txt", "train/labeledBow.feat"):
        (root / name).write_text("beside", encoding="utf-8")
    return root


def opened(source: Path | str = "auto", **options) -> Dataset:
    return imdb.load(imdb.Options(name="imdb", source=str(source), **options), seed=0)


def tarred(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, "aclImdb")
    return path


# --- the sample -----------------------------------------------------------------------------------------------


def test_the_sample_is_there_whole():
    dataset = opened("sample")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1800, 200, 1000)
    assert dataset.target.class_names == ("neg", "pos")
    assert dataset.target.task == "binary"
    assert [int(split.targets.sum()) for split in (dataset.train, dataset.validation, dataset.test)] == [900, 100, 500]
    assert dataset.provenance.description == "imdb from the bundled sample: 2,000 train, 1,000 test texts, 2 classes"
    assert dataset.provenance.counts == {"texts with an exact copy in an earlier split": 1}
    assert any("<br />" in text for text in dataset.train.examples.strings)


# --- archive and folder ---------------------------------------------------------------------------------------


def test_a_folder_is_read_without_what_has_no_class(folder):
    dataset = opened(folder, validation=0.25)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (18, 6, 24)
    assert dataset.provenance.counts == {
        "files that are no reviews, ignored": 5,
        "reviews without a class, ignored": 12,
    }
    assert dataset.train.examples.strings[0].endswith(".<br /><br />Café.")
    assert dataset.test.name_of(0) == f"{folder}/test/neg/0_2.txt"
    for split in (dataset.train, dataset.test):
        expected = [f"{split.name}/{('neg', 'pos')[target]}" for target in split.targets]
        assert [text.split()[0] for text in split.examples.strings] == expected


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, file.relative_to(folder.parent))
    return path


@pytest.mark.parametrize("kind", ["imdb.tar.gz", "imdb.tar", "imdb.zip", "imdb"])
def test_an_archive_gives_what_its_folder_gives(folder, tmp_path, kind):
    path = tmp_path / kind
    if kind == "imdb.zip":
        zipped(folder, path)
    else:
        tarred(folder, path)
    if kind == "imdb.tar":
        path.write_bytes(gzip.decompress(path.read_bytes()))
    archived, unpacked = opened(path), opened(folder)
    for split in ("train", "validation", "test"):
        assert archived.split(split).examples.strings == unpacked.split(split).examples.strings
        assert list(archived.split(split).targets) == list(unpacked.split(split).targets)
    assert archived.provenance.fingerprint == unpacked.provenance.fingerprint
    assert archived.provenance.counts == unpacked.provenance.counts
    assert archived.test.name_of(0) == "test/neg/0_2.txt"


def test_the_folder_around_it_will_do(folder):
    assert opened(folder.parent).provenance.fingerprint == opened(folder).provenance.fingerprint


def test_reviews_that_are_not_utf8_are_named(folder, tmp_path):
    (folder / "train/pos/3_9.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError) as caught:
        opened(tarred(folder, tmp_path / "imdb.tgz"))
    assert (caught.value.code, caught.value.notes) == (
        "AM240",
        ("train/pos/3_9.txt: byte 0xe9 at character 4",),
    )
    assert opened(folder, on_error="skip").provenance.counts["texts that are not UTF-8, skipped"] == 1


def test_copies_are_said_with_the_reason_why_they_are_kept(folder):
    shutil.copy(folder / "train/pos/3_9.txt", folder / "test/pos/4_9.txt")
    events: list[Event] = []
    with listening(events.append):
        opened(folder)
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert warned.code == "AM224"
    assert "compare with published ones" in warned.help


@pytest.mark.parametrize("lost", FOLDERS)
@pytest.mark.parametrize("archived", [True, False], ids=["archive", "folder"])
def test_a_part_that_is_not_there_is_an_error(folder, tmp_path, lost, archived):
    shutil.rmtree(folder / lost)
    with pytest.raises(DataError) as caught:
        opened(tarred(folder, tmp_path / "imdb.tar.gz") if archived else folder)
    if archived:
        assert caught.value.code == "AM246"
        assert caught.value.message.endswith(f"no reviews in {lost}/")
    else:
        assert caught.value.code == "AM216"
        assert lost.partition("/")[2] in caught.value.notes[0]


@pytest.mark.parametrize("archived", [True, False], ids=["archive", "folder"])
def test_other_texts_are_not_taken_for_reviews(tmp_path, archived):
    for name in ("photos/cat/1.txt", "photos/dog/1.txt"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("a", encoding="utf-8")
    path = tarred(tmp_path / "photos", tmp_path / "photos.tar.gz") if archived else tmp_path / "photos"
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == ("AM246" if archived else "AM212")


def test_the_test_part_is_not_optional(folder):
    shutil.rmtree(folder / "test")
    with pytest.raises(DataError, match="no reviews in test/neg/, test/pos/") as caught:
        opened(folder)
    assert caught.value.code == "AM246"
    assert "text_folder" in caught.value.help


def test_a_review_that_is_there_twice_is_an_error(folder, tmp_path):
    with tarfile.open(tmp_path / "imdb.tar", "w") as archive:
        archive.add(folder, "aclImdb")
        archive.add(folder, "copy")
    with pytest.raises(DataError, match="it has the review train/.* twice|it has the review test/.* twice"):
        opened(tmp_path / "imdb.tar")


def test_a_cut_archive_is_an_error_and_leaves_nothing(folder, tmp_path):
    path = tarred(folder, tmp_path / "imdb.tar.gz")
    path.write_bytes(path.read_bytes()[:-100])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="cannot read") as caught:
        opened(path)
    assert caught.value.code == "AM244"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_hostile_archive_is_refused(folder, tmp_path):
    with tarfile.open(tmp_path / "imdb.tar", "w") as archive:
        archive.add(folder, "aclImdb")
        archive.add(folder / "README", "../../train/pos/1_1.txt")
    with pytest.raises(DataError, match="leads out of the archive") as caught:
        opened(tmp_path / "imdb.tar")
    assert caught.value.code == "AM245"


def test_a_source_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MissingError, match=r"expected the archive aclImdb_v1.tar.gz, its folder unpacked, or a table"):
        opened(tmp_path / "aclImdb.tar.gz")
    with pytest.raises(ValidationError):
        imdb.Options(name="imdb", source="")


# --- tables ---------------------------------------------------------------------------------------------------


def write_table(path: Path, classes: tuple[str, str], *, per_class: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows((f"{path.stem} {name} {number}", name) for name in classes for number in range(per_class))
    return path


@pytest.mark.parametrize("classes", [("neg", "pos"), ("negative", "positive"), ("0", "1"), ("Negative", "POS")])
def test_a_table_may_call_the_classes_by_other_names(tmp_path, classes):
    dataset = opened(write_table(tmp_path / "imdb.csv", classes), test=0.2, validation=0.25)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (12, 4, 4)
    assert dataset.target.class_names == ("neg", "pos")
    for text, target in zip(dataset.train.examples.strings, dataset.train.targets, strict=True):
        assert text.split()[1] == classes[target]


def test_a_folder_of_tables_is_used_as_it_is(tmp_path):
    for name, per_class in (("train", 10), ("test", 4)):
        write_table(tmp_path / f"set/{name}.csv", ("neg", "pos"), per_class=per_class)
    dataset = opened(tmp_path / "set")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (18, 2, 8)


def test_classes_of_another_kind_are_an_error(tmp_path):
    with pytest.raises(DataError, match="imdb.csv:12 has the class 10, expected neg or pos") as caught:
        opened(write_table(tmp_path / "imdb.csv", ("1", "10")))
    assert caught.value.code == "AM246"
    assert "text_table" in caught.value.help


def test_a_row_without_a_class_is_named(tmp_path):
    path = write_table(tmp_path / "imdb.csv", ("neg", "pos"))
    path.write_text(path.read_text(encoding="utf-8") + "lost,\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 of the texts") as caught:
        opened(path)
    assert (caught.value.code, caught.value.notes) == ("AM241", ("imdb.csv:22: no target",))
    assert opened(path, on_error="skip").provenance.counts == {"texts that cannot be used, skipped": 1}


# --- cache and network ----------------------------------------------------------------------------------------


class Server(HTTPServer):
    """Sends `content`, or the first `kept` bytes of it."""

    content = b""
    kept: int | None = None
    num_requests = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.num_requests += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[: self.server.kept])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(folder, tmp_path, monkeypatch) -> Iterator[Server]:
    """Where the archive is published, with its hash known to the dataset."""
    server = Server(("127.0.0.1", 0), Handler)
    server.content = tarred(folder, tmp_path / "published.tar.gz").read_bytes()
    known = replace(
        imdb.ORIGINAL,
        url=f"http://127.0.0.1:{server.server_port}/aclImdb_v1.tar.gz",
        sha256=hashlib.sha256(server.content).hexdigest(),
    )
    monkeypatch.setattr(imdb, "ORIGINAL", known)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_auto_downloads_once_and_keeps_the_archive_alone(server, folder):
    events: list[Event] = []
    with listening(events.append):
        dataset = opened()
    assert dataset.provenance.fingerprint == opened(folder).provenance.fingerprint
    assert opened().provenance == dataset.provenance
    assert server.num_requests == 1
    assert os.listdir(cache_folder()) == ["aclImdb_v1.tar.gz"]
    assert str(cache_folder() / "aclImdb_v1.tar.gz") in dataset.provenance.description
    total = len(server.content)
    assert Downloaded(name="aclImdb_v1.tar.gz", done=total, total=total, unit="bytes") in events


def test_a_download_that_breaks_off_leaves_nothing(server):
    server.kept = 1000
    with pytest.raises(FailedError, match="broke off") as caught:
        opened()
    assert (caught.value.code, os.listdir(cache_folder())) == ("AM203", [])
    assert "source: sample" in caught.value.help


def test_another_archive_than_the_published_one_is_not_kept(server):
    server.content += bytes(10)
    with pytest.raises(DataError, match="is not the file that was published") as caught:
        opened()
    assert (caught.value.code, os.listdir(cache_folder())) == ("AM205", [])


def test_another_archive_in_the_cache_is_not_used(server, folder):
    cache_folder().mkdir(parents=True)
    tarred(folder / "train", cache_folder() / "aclImdb_v1.tar.gz")
    with pytest.raises(DataError, match="is not the file that was published") as caught:
        opened()
    assert (caught.value.code, server.num_requests) == ("AM205", 0)


def test_without_a_network_the_sample_is_proposed(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(MachineError, match="cannot reach") as caught:
        opened()
    assert caught.value.code == "AM202"
    assert "source: sample" in caught.value.help


def test_the_published_hash_is_a_whole_one():
    assert len(bytes.fromhex(imdb.ORIGINAL.sha256)) == 32
