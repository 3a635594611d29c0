"""Texts and text configs that cannot work, from the command line: a clear message, the exit code, nothing left."""

import io
import tarfile
from pathlib import Path

import pytest

from aimodels.cli import main

CONFIG = """
name: bad
data: {name: text_folder, path: texts, validation: 0.2, test: 0.2}
model: {name: lstm, embedding: {size: 4}, units: [4], dense: [], words: {vocabulary: 50, max_length: 20}}
train: {epochs: 1, batch_size: 8}
"""


@pytest.fixture
def texts() -> Path:
    """A folder of ten texts in each of two classes, and the config `bad.yaml` for it."""
    for name in ("good", "poor"):
        Path("texts", name).mkdir(parents=True)
        for number in range(10):
            Path("texts", name, f"{number}.txt").write_text(f"a {name} film number {number}", encoding="utf-8")
    Path("bad.yaml").write_text(CONFIG, encoding="utf-8")
    return Path("texts")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: str, exit_code: int, says: str) -> None:
    assert main(list(arguments)) == exit_code
    told = capsys.readouterr().err
    assert f"error[{code}]" in told
    assert says in told
    assert "Traceback" not in told
    assert not Path("runs").exists() or not any(Path("runs").iterdir())


@pytest.mark.usefixtures("texts")
def test_a_maximum_length_of_0(capsys: pytest.CaptureFixture[str]) -> None:
    says = "`model.words.max_length` must be a whole number"
    refused(capsys, "check", "bad.yaml", "model.words.max_length=0", code="AM102", exit_code=2, says=says)


def test_bytes_that_are_not_utf_8(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(texts, "poor", "3.txt").write_bytes(b"caf\xe9")
    refused(capsys, "train", "bad.yaml", code="AM240", exit_code=1, says="poor/3.txt")
    for way in ("skip", "replace"):
        assert main(["check", "bad.yaml", f"data.on_error={way}"]) == 0
        assert "poor/3.txt" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_texts_without_a_word(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in texts.glob("*/*.txt"):
        path.write_text(" ... ", encoding="utf-8")
    refused(capsys, "train", "bad.yaml", code="AM331", exit_code=1, says="word")


@pytest.mark.tensorflow
@pytest.mark.usefixtures("texts")
def test_word_vectors_of_the_wrong_width(capsys: pytest.CaptureFixture[str]) -> None:
    Path("vectors.txt").write_text("film 1 2 3\n", encoding="utf-8")
    assert main(["train", "bad.yaml", "model.embedding.file=vectors.txt"]) == 1
    told = capsys.readouterr().err
    assert "error[AM320]" in told
    assert "vectors.txt" in told
    assert "line 1" in told
    assert "Traceback" not in told
    assert not Path("runs").exists()


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "link"])
def test_a_hostile_archive(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open("reviews.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        member.size = 0 if name == "link" else 4
        archive.addfile(member, io.BytesIO(b"text"))
    Path("imdb.yaml").write_text("data: {name: imdb, source: reviews.tar.gz}\nmodel: {name: lstm}\n", encoding="utf-8")
    before = set(Path.cwd().parent.rglob("*"))
    assert main(["train", "imdb.yaml"]) == 1
    told = capsys.readouterr().err
    assert "error[AM245]" in told
    assert "reviews.tar.gz" in told
    assert "Traceback" not in told
    assert {path for path in set(Path.cwd().parent.rglob("*")) - before if path.name != "logs"} == set()


def test_a_truncated_archive(capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open("whole.tar.gz", "w:gz") as archive:
        for number in range(50):
            member = tarfile.TarInfo(f"aclImdb/train/pos/{number}_9.txt")
            content = bytes(range(256)) * 20
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    whole = Path("whole.tar.gz").read_bytes()
    Path("reviews.tar.gz").write_bytes(whole[: len(whole) // 2])
    Path("imdb.yaml").write_text("data: {name: imdb, source: reviews.tar.gz}\nmodel: {name: lstm}\n", encoding="utf-8")
    assert main(["train", "imdb.yaml"]) == 1
    told = capsys.readouterr().err
    assert "error[AM244]" in told
    assert "reviews.tar.gz" in told
    assert "Traceback" not in told
    assert not Path("runs").exists()
