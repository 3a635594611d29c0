"""Texts that a user wants answers for: written out, files, tables, JSON lines and stdin, with a name each.

One that cannot be read is kept with what is wrong with it, so that the others are answered.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from aimodels.errors import UsageError
from aimodels.prediction.image_inputs import ARRAY_SUFFIXES, IMAGE_SUFFIXES
from aimodels.prediction.kinds import other_kind
from aimodels.prediction.paths import paths_of
from aimodels.runs.folder import RunFolder

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
TEXT_SUFFIXES = (".txt", ".jsonl", *TABLE_SUFFIXES)
STDIN = "-"
DEFAULT_COLUMN = "text"


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

    `column` is where a table or a JSON line has its text; None for `text`.
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
    for place in places:
        if place is not None and place.suffix.lower() in (*IMAGE_SUFFIXES, *ARRAY_SUFFIXES):
            raise other_kind(run, given=f"images, which {place} is by its suffix")
    if request.column is not None and not any(_has_columns(place) for place in places):
        raise UsageError(
            f"--column {request.column} names a column, and no table is among the inputs",
            code="AM162",
            help=f"give a file with columns ({', '.join((*TABLE_SUFFIXES, '.jsonl'))}), or leave out --column",
        )
    return list(islice(_every(request, places, stdin=stdin), request.limit))


def _every(request: TextRequest, places: Sequence[Path | None], *, stdin: BinaryIO) -> Iterator[GivenText]:
    for text in request.written:
        yield _checked(text, text, is_its_name=True)
    for path in places:
        yield from _lines(stdin) if path is None else _in_file(path, column=request.column or DEFAULT_COLUMN)


def _places(argument: str) -> list[Path] | list[None]:
    """The files that an argument names; None stands for stdin."""
    return [None] if argument == STDIN else paths_of(argument, suffixes=TEXT_SUFFIXES)


def _has_columns(path: Path | None) -> bool:
    return path is not None and path.suffix.lower() in (*TABLE_SUFFIXES, ".jsonl")


def _in_file(path: Path, *, column: str) -> Iterable[GivenText]:
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES:
        return _in_table(path, column=column)
    if suffix == ".jsonl":
        return _in_json_lines(path, column=column)
    return [_whole(path)]


def _whole(path: Path) -> GivenText:
    """A file that is one text, whatever its suffix."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return GivenText(str(path), problem=f"{path} cannot be read: {error.strerror}")
    return _decoded(str(path), content)


def _lines(stream: BinaryIO) -> Iterator[GivenText]:
    """Each line is a text, an empty one too, so that answers and lines go together."""
    for number, line in enumerate(stream, start=1):
        yield _decoded(f"stdin:{number}", line.removesuffix(b"\n").removesuffix(b"\r"))


def _in_json_lines(path: Path, *, column: str) -> Iterator[GivenText]:
    """A mapping per line, with the text under the name of the column; blank lines are nothing."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            name = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                document = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield GivenText(name, problem=f"{name} is not JSON in UTF-8: {error}")
                continue
            text = document.get(column) if isinstance(document, dict) else None
            if isinstance(text, str):
                yield _checked(name, text)
            else:
                yield GivenText(name, problem=f'{name} has no text: a line must be like {{"{column}": "..."}}')


def _decoded(name: str, content: bytes) -> GivenText:
    try:
        return GivenText(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        place = f"byte {error.start:,} is 0x{content[error.start]:02x}"
        return GivenText(name, problem=f"{name} is not UTF-8: {place}")


def _checked(name: str, text: str, *, is_its_name: bool = False) -> GivenText:
    """A text that came as characters. Half a surrogate pair, or a byte that the shell passed on, is no character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = name.encode("utf-8", "replace").decode() if is_its_name else name
        problem = f"{shown} holds \\u{ord(text[error.start]):04x}, which is no character that UTF-8 can say"
        return GivenText(shown, problem=problem, is_its_name=is_its_name)
    return GivenText(name, text, is_its_name=is_its_name)
