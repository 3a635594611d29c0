"""Tables of labelled texts: one file, or a folder with one for each split."""

import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aimodels.data.class_folders import SPLIT_FOLDERS
from aimodels.data.dataset import SplitName
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.found_text import FoundText
from aimodels.data.missing import missing
from aimodels.data.table_rows import Choose, Row, Wanted, csv_rows, jsonl_rows, parquet_rows, unreadable
from aimodels.data.text_collection import NOT_UTF8
from aimodels.data.text_files import decoded
from aimodels.data.text_targets import no_classes
from aimodels.data.unpacking import may_not_read
from aimodels.errors import DataError

FORMATS = ".csv, .tsv, .jsonl (each also with .gz) or .parquet"
AUTO = "auto"
# Where the columns are not named in the config: the first of these that the table has, whatever its capitals.
TEXT_NAMES = ("text", "review", "sentence", "content", "comment", "message", "document", "body", "question", "premise")
TARGET_NAMES = ("label", "target", "sentiment", "class", "category")
PAIR_NAMES = ("text_pair", "pair", "second", "answer", "hypothesis")
# As Hugging Face names the parts of a table: train-00000-of-00002.parquet
SPLIT_FILE = re.compile(rf"({'|'.join(SPLIT_FOLDERS)})(-\d+-of-\d+)?\.[a-z.]+", re.IGNORECASE)
MOST_COLUMNS_NAMED = 20

Tables = Mapping[SplitName, tuple[Path, ...]]


@dataclass(frozen=True)
class Columns:
    """The columns of the texts and the targets as the config names them; each may be "auto". `pair` is that of the
    second texts, None where there are none."""

    text: str = AUTO
    target: str = AUTO
    pair: str | None = None


def is_table(path: Path) -> bool:
    """Whether the name of a file is that of a table."""
    return _reader(path) is not None


def find_tables(path: Path) -> Tables:
    """The tables of each split: a file alone is one to be split, a folder holds train.csv, test.parquet, ...

    Raises:
        MissingError: there is no such file or folder.
        DataError: the file is no table, or the folder holds none called train.
    """
    if not path.exists():
        raise missing(path, what=f"a table ({FORMATS}), or a folder with one called train")
    if not path.is_dir():
        if not is_table(path):
            raise unreadable(path, f"its name does not say what it is, expected {FORMATS}")
        return {"train": (path,)}
    tables = _tables_in(path)
    if "train" not in tables:
        raise missing(path / "train.csv", what=f"a table called train, and optionally validation and test: {FORMATS}")
    return tables


def holds_tables(folder: Path) -> bool:
    """Whether a folder has a table for a split."""
    return bool(_tables_in(folder))


def _tables_in(folder: Path) -> Tables:
    tables: dict[SplitName, list[Path]] = {"train": [], "validation": [], "test": []}
    for entry in sorted(folder.iterdir()):
        matched = SPLIT_FILE.fullmatch(entry.name)
        if matched and is_table(entry) and entry.is_file():
            tables[SPLIT_FOLDERS[matched[1].lower()]].append(entry)
    return {split: tuple(files) for split, files in tables.items() if files}


def read_tables(tables: Tables, *, columns: Columns) -> list[FoundText]:
    """Every row of every table, in their order.

    Raises:
        DataError: a table is broken or empty, lacks the columns, or a target is a list or an object.
    """
    found: list[FoundText] = []
    for split, paths in tables.items():
        for path in paths:
            before = len(found)
            found += _read_table(path, split=split, columns=columns)
            if len(found) == before:
                raise DataError(f"{path} has no rows", code="AM209", help="give at least one text per class")
    return found


def _reader(path: Path) -> Callable[..., Iterator[Row]] | None:
    name = path.name.lower()
    if name.endswith(".parquet"):
        return parquet_rows
    name = name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        return jsonl_rows
    return csv_rows if name.endswith((".csv", ".tsv")) else None


def text_rows(path: Path, *, columns: Columns, option: str = "--column") -> Iterator[Row]:
    """The text of every row of a table, as a str, or what is wrong with it; two where `columns` names a `pair`. For
    texts without targets. `option` is where the user names their column.

    Raises:
        DataError: the table is broken, or has no such column.
    """
    asked = _Asked("texts", columns.text, usual=TEXT_NAMES, option=option)

    def chosen(names: Sequence[str]) -> Wanted:
        text = _column(path, names, asked)
        return Wanted(text=text, target=text, second=_pair(path, names, columns, option="--pair-column"))

    yield from map(_with_text, _rows(path, chosen))


def _rows(path: Path, choose: Choose) -> Iterator[Row]:
    reader = _reader(path)
    if reader is None:
        raise unreadable(path, f"its name does not say what it is, expected {FORMATS}")
    try:
        yield from reader(path, choose)
    except PermissionError as error:
        raise may_not_read(path) from error
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, str(error) or type(error).__name__) from error


def _read_table(path: Path, *, split: SplitName, columns: Columns) -> Iterator[FoundText]:
    for row in _rows(path, lambda names: _chosen(path, names, columns)):
        yield _found(row, path=path, split=split)


def _found(row: Row, *, path: Path, split: SplitName) -> FoundText:
    if row.problem:
        return FoundText(split, "", row.name, "", problem=row.problem)
    target = _target(row, path)
    if not target:
        return FoundText(split, "", row.name, "", problem="no target")
    if NOT_UTF8.search(target):
        return FoundText(split, "", row.name, "", problem="its target is not UTF-8")
    row = _with_text(row)
    return FoundText(split, target, row.name, row.text, second=row.second, problem=row.problem)


def _with_text(row: Row) -> Row:
    """The row with its text as a str, or its two texts; empty where there is none."""
    text, problem = _as_text(row.text, what="text")
    if not row.is_pair:
        return replace(row, text=text, problem=row.problem or problem)
    second, wrong = _as_text(row.second, what="second text")
    return replace(row, text=text, second=second, problem=row.problem or problem or wrong)


def _as_text(cell: Any, *, what: str) -> tuple[str, str]:
    """A cell as a str, and what is wrong with it."""
    if isinstance(cell, bytes):
        return decoded(cell), ""
    if isinstance(cell, str):
        return cell, ""
    return "", f"no {what}" if cell is None else f"its {what} is not a text but {type(cell).__name__}"


def _target(row: Row, path: Path) -> str:
    """The name of the class or the number, empty where there is none. White space around it does not count, 1.0 is
    1."""
    target = row.target
    if target is None or (isinstance(target, float) and math.isnan(target)):
        return ""
    if isinstance(target, float):
        return str(int(target)) if target.is_integer() else repr(target)
    if isinstance(target, bytes):
        return decoded(target).strip()
    if isinstance(target, list | dict):
        raise no_classes(f"{path}", f"has a list or an object ({row.name})")
    return str(target).strip()


@dataclass(frozen=True)
class _Asked:
    """A column that is wanted: `name` as the user wrote it with `option`, or "auto" for the first of the usual ones."""

    what: str
    name: str
    usual: Sequence[str]
    option: str


def _chosen(path: Path, names: Sequence[str], columns: Columns) -> Wanted:
    return Wanted(
        text=_column(path, names, _Asked("texts", columns.text, usual=TEXT_NAMES, option="data.text")),
        target=_column(path, names, _Asked("targets", columns.target, usual=TARGET_NAMES, option="data.target")),
        second=_pair(path, names, columns, option="data.pair"),
    )


def _pair(path: Path, names: Sequence[str], columns: Columns, *, option: str) -> str | None:
    """The column of the second texts, where there are to be any."""
    if columns.pair is None:
        return None
    return _column(path, names, _Asked("second texts", columns.pair, usual=PAIR_NAMES, option=option))


def _column(path: Path, names: Sequence[str], asked: _Asked) -> str:
    """The one column of that name; white space around names does not count, nor capitals for the usual ones."""
    if asked.name == AUTO:
        plain = [name.strip().lower() for name in names]
        wanted = next((name for name in asked.usual if name in plain), "")
        message = f"{path} has no column for the {asked.what} by any of the usual names ({', '.join(asked.usual)})"
    else:
        plain = [name.strip() for name in names]
        wanted = asked.name.strip()
        message = f"{path} has no column called {asked.name}"
    places = [place for place, name in enumerate(plain) if name == wanted]
    if len(places) == 1:
        return names[places[0]]
    if places:
        message = f"{path} has {len(places)} columns called {wanted}"
    shown = ", ".join(excerpt(on_one_line(name), longest=40) or '""' for name in names[:MOST_COLUMNS_NAMED])
    raise DataError(
        message,
        code="AM242",
        help=f"name it with `{asked.option}`; the first line of a .csv or .tsv file holds the names of the columns",
        notes=[f"columns found: {shown or 'none'}{', ...' if len(names) > MOST_COLUMNS_NAMED else ''}"],
    )
