"""Texts that a user wants answers for: written out, files, rows of tables and lines of stdin, with a name each.

One that cannot be read is kept with what is wrong with it, so that the others are answered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from aimodels.data.text_collection import BYTE_ORDER_MARK, NOT_UTF8, REPLACEMENT, first_wrong
from aimodels.data.text_columns import AUTO, NOT_NAMED, Columns
from aimodels.data.text_columns import Options as ColumnOptions
from aimodels.data.text_files import decoded, is_meant_as_text
from aimodels.data.text_tables import FORMATS, is_table, text_rows
from aimodels.data.unpacking import MOST_TEXT_BYTES
from aimodels.errors import UsageError
from aimodels.prediction.image_inputs import ARRAY_SUFFIXES, IMAGE_SUFFIXES
from aimodels.prediction.kinds import other_kind, other_number, takes_pairs
from aimodels.prediction.paths import paths_of, shown
from aimodels.runs.folder import RunFolder

STDIN = "-"
COLUMN_OPTIONS = ColumnOptions("--column", "--pair-column")
BETWEEN = "\t"  # the two texts of a pair on a line


@dataclass(frozen=True)
class GivenText:
    """One text, with what to call it; of a pair also the `second` one. `problem` says why it cannot be read; empty if
    it can.

    `is_its_name` is true of a text that was written on the command line: it is called by itself.
    """

    name: str
    text: str = ""
    problem: str = ""
    is_its_name: bool = False
    second: str | None = None


@dataclass(frozen=True)
class TextRequest:
    """What the user named: texts as they are, and files, folders, patterns or `-` for stdin.

    `column` is where a table has its texts; without it, the column that the run was trained with, or else the first
    that is called as such columns usually are. Of pairs
    `seconds` are the second texts of those that are written out, and `pair_column` is the column of the second ones.
    """

    written: Sequence[str] = ()
    inputs: Sequence[str] = ()
    column: str | None = None
    limit: int | None = None
    seconds: Sequence[str] = ()
    pair_column: str | None = None


def read_texts(request: TextRequest, *, run: RunFolder, stdin: BinaryIO) -> list[GivenText]:
    """The texts that were asked about, those on the command line first; at most `limit` of them.

    Raises:
        MissingError: a file, a folder or a pattern names nothing.
        UsageError: a column is named and no table, a file holds images, or texts are given to a run on pairs, or the
            reverse.
        DataError: a table cannot be read, or has no such column.
    """
    _expect_number(request, run=run)
    places = [place for argument in request.inputs for place in _places(argument)]
    files = [place for place in places if place is not None]
    images = [path for path in files if path.suffix.lower() in (*IMAGE_SUFFIXES, *ARRAY_SUFFIXES)]
    if images:
        raise other_kind(run, given=f"images, which {images[0]} is by its name")
    alone = [path for path in files if not is_table(path)]
    if alone and takes_pairs(run):
        raise other_number(run, given=f"one text, which {alone[0]} is")
    named = {"--column": request.column, "--pair-column": request.pair_column}
    for option, column in named.items():
        if column is not None and len(alone) == len(files):
            raise UsageError(
                f"{option} {column} names a column, and no table is among the inputs",
                code="AM162",
                help=f"tables are {FORMATS}; leave out {option} for other texts",
            )
    tables = _Tables(_asked_columns(request, run=run), trained=_trained_columns(run) if alone != files else NOT_NAMED)
    every = _every_pair if takes_pairs(run) else _every
    return list(islice(every(request, places, tables=tables, stdin=stdin), request.limit))


@dataclass(frozen=True)
class _Tables:
    """How tables are read: the columns that were asked for, and those that the run was trained with."""

    asked: Columns
    trained: Columns

    def rows(self, path: Path) -> Iterator[GivenText]:
        """The texts, or pairs, of one of them."""
        for row in text_rows(path, columns=self.asked, options=COLUMN_OPTIONS, trained=self.trained):
            name = f"{shown(path)}{row.name.removeprefix(path.name)}"
            if row.problem:
                yield GivenText(name, problem=row.problem)
            else:
                yield _given(name, row.text, row.second if row.is_pair else None)


def _asked_columns(request: TextRequest, *, run: RunFolder) -> Columns:
    pair = request.pair_column or AUTO
    return Columns(text=request.column or AUTO, pair=pair if takes_pairs(run) else None)


def _trained_columns(run: RunFolder) -> Columns:
    """The columns that the run's texts came from, as far as its config names them."""
    from aimodels.datasets import text_table

    data = run.config.data
    if not isinstance(data, text_table.Options):
        return NOT_NAMED
    return Columns(text=data.text, pair=data.pair)


def _expect_number(request: TextRequest, *, run: RunFolder) -> None:
    """Pairs for a run on pairs, single texts for another one."""
    if not takes_pairs(run):
        if request.seconds or request.pair_column is not None:
            raise other_number(run, given="pairs, which --pair and --pair-column are for")
        return
    if len(request.written) != len(request.seconds):
        if not request.seconds:
            raise other_number(run, given="a text alone, which --text without --pair is")
        raise UsageError(
            f"{len(request.written)} texts stand behind --text, and {len(request.seconds)} behind --pair",
            code="AM386",
            help="write as many of both; the first --text and the first --pair belong together, and so on",
        )


def _every(
    request: TextRequest, places: Sequence[Path | None], *, tables: _Tables, stdin: BinaryIO
) -> Iterator[GivenText]:
    for text in request.written:
        yield _given(text, text, is_its_name=True)
    for path in places:
        if path is None:
            for name, line in _lines(stdin):
                yield _given(name, line)
        elif is_table(path):
            yield from tables.rows(path)
        else:
            yield _whole(path)


def _every_pair(
    request: TextRequest, places: Sequence[Path | None], *, tables: _Tables, stdin: BinaryIO
) -> Iterator[GivenText]:
    for text, second in zip(request.written, request.seconds, strict=True):
        yield _given(text, text, second, is_its_name=True)
    for path in places:
        if path is None:
            for name, line in _lines(stdin):
                yield _line_of_two(name, line)
        else:
            yield from tables.rows(path)


def _places(argument: str) -> list[Path] | list[None]:
    """The files that an argument names; None stands for stdin."""
    if argument == STDIN:
        return [None]
    what = f".txt, {FORMATS}; a text itself stands behind --text"
    return paths_of(argument, is_wanted=lambda path: is_meant_as_text(path) or is_table(path), what=what)


def _lines(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    """Each line with its name, an empty one too, so that answers and lines go together."""
    for number, line in enumerate(stream, start=1):
        yield f"stdin:{number}", decoded(line.removesuffix(b"\n").removesuffix(b"\r"))


def _line_of_two(name: str, line: str) -> GivenText:
    texts = line.split(BETWEEN)
    if len(texts) != 2:
        return GivenText(name, problem=f"{len(texts) - 1} tabs in place of one between two texts")
    return _given(name, *texts)


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


def _given(name: str, text: str, second: str | None = None, *, is_its_name: bool = False) -> GivenText:
    """A text, or two of them, as they are given, if UTF-8 can say all of it."""
    texts = [text] if second is None else [text, second]
    wrong = next((each for each in texts if NOT_UTF8.search(each)), None)
    if wrong is None:
        first, *others = (each.removeprefix(BYTE_ORDER_MARK) for each in texts)
        return GivenText(name, first, is_its_name=is_its_name, second=others[0] if others else None)
    problem = f"not UTF-8: {first_wrong(wrong)}"
    return GivenText(NOT_UTF8.sub(REPLACEMENT, name), problem=problem, is_its_name=is_its_name)
