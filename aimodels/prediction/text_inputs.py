"""Texts that a user wants answers for: written out, files, rows of tables and lines of stdin, with a name each.

One that cannot be read is kept with what is wrong with it, so that the others are answered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from aimodels.data.text_collection import BYTE_ORDER_MARK, NOT_UTF8, REPLACEMENT, first_wrong
from aimodels.data.text_files import decoded, is_meant_as_text
from aimodels.data.text_tables import AUTO, FORMATS, is_table, text_rows
from aimodels.data.unpacking import MOST_TEXT_BYTES
from aimodels.errors import UsageError
from aimodels.prediction.image_inputs import ARRAY_SUFFIXES, IMAGE_SUFFIXES
from aimodels.prediction.kinds import other_kind
from aimodels.prediction.paths import paths_of, shown
from aimodels.runs.folder import RunFolder

STDIN = "-"


@dataclass(frozen=True)
class GivenText:
    """One text, with what to call it. `problem` says why it cannot be read; empty if it can.

    `is_its_name` is true of a text that was written on the command line: it is called by itself.
    """

    name: str
    text: str = ""
    problem: str = ""
    is_its_name: bool = False


@dataclass(frozen=True)
class TextRequest:
    """What the user named: texts as they are, and files, folders, patterns or `-` for stdin.

    `column` is where a table has its texts; without it, the first that is called as such columns usually are.
    """

    written: Sequence[str] = ()
    inputs: Sequence[str] = ()
    column: str | None = None
    limit: int | None = None


def read_texts(request: TextRequest, *, run: RunFolder, stdin: BinaryIO) -> list[GivenText]:
    """The texts that were asked about, those on the command line first; at most `limit` of them.

    Raises:
        MissingError: a file, a folder or a pattern names nothing.
        UsageError: a column is named and no table, or a file holds images.
        DataError: a table cannot be read, or has no such column.
    """
    places = [place for argument in request.inputs for place in _places(argument)]
    files = [place for place in places if place is not None]
    images = [path for path in files if path.suffix.lower() in (*IMAGE_SUFFIXES, *ARRAY_SUFFIXES)]
    if images:
        raise other_kind(run, given=f"images, which {images[0]} is by its name")
    if request.column is not None and not any(map(is_table, files)):
        raise UsageError(
            f"--column {request.column} names a column, and no table is among the inputs",
            code="AM162",
            help=f"tables are {FORMATS}; leave out --column for other texts",
        )
    return list(islice(_every(request, places, stdin=stdin), request.limit))


def _every(request: TextRequest, places: Sequence[Path | None], *, stdin: BinaryIO) -> Iterator[GivenText]:
    for text in request.written:
        yield _given(text, text, is_its_name=True)
    for path in places:
        if path is None:
            yield from _lines(stdin)
        elif is_table(path):
            yield from _rows(path, column=request.column or AUTO)
        else:
            yield _whole(path)


def _places(argument: str) -> list[Path] | list[None]:
    """The files that an argument names; None stands for stdin."""
    if argument == STDIN:
        return [None]
    what = f".txt, {FORMATS}; a text itself stands behind --text"
    return paths_of(argument, is_wanted=lambda path: is_meant_as_text(path) or is_table(path), what=what)


def _lines(stream: BinaryIO) -> Iterator[GivenText]:
    """Each line is a text, an empty one too, so that answers and lines go together."""
    for number, line in enumerate(stream, start=1):
        yield _given(f"stdin:{number}", decoded(line.removesuffix(b"\n").removesuffix(b"\r")))


def _rows(path: Path, *, column: str) -> Iterator[GivenText]:
    for row in text_rows(path, column=column):
        name = f"{shown(path)}{row.name.removeprefix(path.name)}"
        yield GivenText(name, problem=row.problem) if row.problem else _given(name, row.text)


def _whole(path: Path) -> GivenText:
    """A file that is one text, whatever its suffix."""
    name = shown(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_TEXT_BYTES + 1)
    except OSError as error:
        return GivenText(name, problem=f"cannot be read: {error.strerror or error}")
    if len(content) > MOST_TEXT_BYTES:
        return GivenText(name, problem=f"more than {MOST_TEXT_BYTES:,} bytes for one text")
    return _given(name, decoded(content))


def _given(name: str, text: str, *, is_its_name: bool = False) -> GivenText:
    """A text as it is given, if UTF-8 can say all of it."""
    if NOT_UTF8.search(text) is None:
        return GivenText(name, text.removeprefix(BYTE_ORDER_MARK), is_its_name=is_its_name)
    problem = f"not UTF-8: {first_wrong(text)}"
    return GivenText(NOT_UTF8.sub(REPLACEMENT, name), problem=problem, is_its_name=is_its_name)
