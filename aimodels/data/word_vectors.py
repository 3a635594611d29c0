"""Vectors of words that somebody else has trained, in the text format of GloVe, word2vec and fastText.

A line is a word and its numbers, with one space between (Pennington et al., 2014). word2vec and fastText write a line
before the first: how many words there are, and how many numbers each has (Mikolov et al., 2013).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimodels.data.missing import missing
from aimodels.errors import DataError
from aimodels.events import phase

CORRECT_IT = "correct `model.embedding.file`; null starts with random vectors"


@dataclass(frozen=True)
class WordVectors:
    """Vectors, float32 [n, size], of the words at these `rows` of a vocabulary, int64 [n]."""

    rows: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Line:
    """A word and its numbers, as they stand on a line of the file; lines count from 1."""

    path: Path
    number: int
    word: bytes
    numbers: bytes


def expect_file(path: Path) -> None:
    """The file should be there.

    Raises:
        MissingError: it is not.
    """
    if not path.exists():
        raise missing(path, what="a text file of word vectors", help=CORRECT_IT)


def read(path: Path, *, vocabulary: Sequence[str], size: int) -> WordVectors:
    """Find the words of the vocabulary in a file. The first vector counts of a word that is there twice.

    Raises:
        MissingError: there is no such file.
        DataError: a line is not UTF-8 or has not `size` numbers, a number of a word is none; or no word was found.
    """
    expect_file(path)
    row_of = {word.encode(): row for row, word in enumerate(vocabulary)}
    found: dict[int, npt.NDArray[np.float32]] = {}
    with phase("reading word vectors"):
        for line in _lines(path, size=size):
            row = row_of.get(line.word)
            if row is not None and row not in found:
                found[row] = _numbers(line)
    if not found:
        raise DataError(
            f"{path} holds none of the {len(vocabulary):,} words of the vocabulary",
            code="AM323",
            help="is it for another language, or with capital letters where `words.lower` makes all letters small?",
        )
    rows = sorted(found)
    return WordVectors(np.array(rows, dtype=np.int64), np.stack([found[row] for row in rows]))


def _lines(path: Path, *, size: int) -> Iterator[Line]:
    """Every line that has a word; a header is checked and left out."""
    try:
        with path.open("rb") as file:
            for number, content in enumerate(file, start=1):
                word, _, numbers = content.rstrip().partition(b" ")
                line = Line(path, number, word, numbers)
                if number == 1 and _is_header(line):
                    _check_width(int(numbers), line, size=size)
                elif word:
                    yield _checked(line, size=size)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}", code="AM324", help=CORRECT_IT) from error


def _is_header(line: Line) -> bool:
    return line.word.isdigit() and line.numbers.isdigit()


def _checked(line: Line, *, size: int) -> Line:
    """The line, if it is UTF-8 and as wide as it should be."""
    width = line.numbers.count(b" ") + 1 if line.numbers else 0
    if width > size:
        # Some words of GloVe hold spaces: `. . . 0.1 0.2`.
        *inside, numbers = line.numbers.split(b" ", width - size)
        if not _is_number(inside[-1]):
            line = Line(line.path, line.number, b" ".join([line.word, *inside]), numbers)
            width = size
    try:
        line.word.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{line.path}, line {line.number}: the word is not UTF-8",
            code="AM322",
            help="the file must be text in UTF-8; the binary format of word2vec has to be saved as text first",
        ) from error
    _check_width(width, line, size=size)
    return line


def _check_width(width: int, line: Line, *, size: int) -> None:
    if width == size:
        return
    raise DataError(
        f"{line.path}, line {line.number}: vectors of {width} numbers, and `model.embedding.size` is {size}",
        code="AM320",
        help=f"set `model.embedding.size` to {width}" if line.number == 1 else "the file is broken at that line",
    )


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(line: Line) -> npt.NDArray[np.float32]:
    """The vector, [size]."""
    fields = line.numbers.split(b" ")
    wrong = next((field for field in fields if not _is_number(field)), None)
    vector = None if wrong is not None else np.array([float(field) for field in fields], dtype=np.float32)
    if vector is not None and np.isfinite(vector).all():
        return vector
    told = "a number that is not finite" if wrong is None else repr(wrong.decode(errors="replace")[:40])
    raise DataError(
        f"{line.path}, line {line.number}: {told} among the numbers of {line.word.decode()!r}",
        code="AM321",
        help="the file is broken at that line: download it again, or take the line out",
    )
