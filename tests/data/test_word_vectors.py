"""Files of word vectors, good and broken."""

from pathlib import Path

import numpy as np
import pytest

from aimodels.data import word_vectors
from aimodels.errors import DataError, MissingError

VOCABULARY = ("", "[UNK]", "good", "naïve", ". . .")
GLOVE = "the 0.1 0.2 0.3\nnaïve 1 -2 3e-1\n. . . 7 8 9\ngood 4 5 6\ngood 0 0 0\n"


def read(path: Path, content: str | bytes, *, size: int = 3) -> word_vectors.WordVectors:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return word_vectors.read(path, vocabulary=VOCABULARY, size=size)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.txt"


@pytest.mark.parametrize("header", ["", "5 3\n", "5 3 \n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"])
def test_the_words_of_the_vocabulary_are_found(path: Path, header: str, end: str) -> None:
    found = read(path, header + GLOVE.replace("\n", end))
    assert found.rows.tolist() == [2, 3, 4]
    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(found.vectors, [[4, 5, 6], [1, -2, 0.3], [7, 8, 9]])


def test_an_empty_line_is_no_word(path: Path) -> None:
    assert read(path, "\ngood 1 2 3\n\n").rows.tolist() == [2]


@pytest.mark.parametrize(
    ("content", "code", "line", "message"),
    [
        ("5 100\ngood 1 2 3\n", "AM320", 1, "vectors of 100 numbers, and `model.embedding.size` is 3"),
        ("good 1 2\n", "AM320", 1, "vectors of 2 numbers"),
        ("good 1 2 3 4\n", "AM320", 1, "vectors of 4 numbers"),
        ("the 1 2 3\ngood 1 2\n", "AM320", 2, "vectors of 2 numbers"),
        ("the 1 2 3\ngood\n", "AM320", 2, "vectors of 0 numbers"),
        ("the 1 2 3\ngood 1 2 3 4\n", "AM320", 2, "vectors of 4 numbers"),
        ("the 1 2 3\ngood 1 oops 3\n", "AM321", 2, "'oops' among the numbers of 'good'"),
        ("the 1 2 3\ngood 1 nan 3\n", "AM321", 2, "not finite"),
        ("the 1 2 3\ngood 1 1e999 3\n", "AM321", 2, "not finite"),
        (b"the 1 2 3\ngo\xffod 1 2 3\n", "AM322", 2, "not UTF-8"),
    ],
)
def test_a_broken_line_is_named(path: Path, content: str | bytes, code: str, line: int, message: str) -> None:
    with pytest.raises(DataError, match=f"vectors.txt, line {line}: .*{message}") as caught:
        read(path, content)
    assert caught.value.code == code


def test_the_size_of_the_file_is_told(path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(path, "5 100\ngood 1 2 3\n")
    assert caught.value.help == "set `model.embedding.size` to 100"


@pytest.mark.parametrize("content", ["", "Good 1 2 3\nbad 1 2 3\n"])
def test_a_file_without_a_known_word_is_refused(path: Path, content: str) -> None:
    with pytest.raises(DataError, match="none of the 5 words") as caught:
        read(path, content)
    assert caught.value.code == "AM323"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("")
    with pytest.raises(MissingError, match="expected a text file of word vectors") as caught:
        word_vectors.read(tmp_path / "vector.txt", vocabulary=VOCABULARY, size=3)
    assert caught.value.code == "AM201"
    assert "vectors.txt" in caught.value.notes[0]
    assert "model.embedding.file" in caught.value.help


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: Is a directory") as caught:
        word_vectors.read(tmp_path, vocabulary=VOCABULARY, size=3)
    assert caught.value.code == "AM324"
