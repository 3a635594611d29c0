"""Tables of labelled texts: one file, or a folder with one for each split."""

import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from aimodels.data.class_folders import SPLIT_FOLDERS
from aimodels.data.dataset import SplitName
from aimodels.data.found_text import FoundText
from aimodels.data.missing import missing
from aimodels.data.table_rows import Choose, Row, csv_rows, jsonl_rows, parquet_rows, unreadable
from aimodels.data.text_collection import NOT_UTF8
from aimodels.data.text_columns import IN_CONFIG, NOT_NAMED, Columns, Options, labelled, unlabelled
from aimodels.data.text_files import decoded
from aimodels.data.text_targets import no_classes
from aimodels.data.unpacking import may_not_read
from aimodels.errors import DataError

FORMATS = ".csv, .tsv, .jsonl (each also with .gz) or .parquet"
# As Hugging Face names the parts of a table: train-00000-of-00002.parquet
SPLIT_FILE = re.compile(rf"({'|'.join(SPLIT_FOLDERS)})(-\d+-of-\d+)?\.[a-z.]+", re.IGNORECASE)

Tables = Mapping[SplitName, tuple[Path, ...]]


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


def text_rows(
    path: Path, *, columns: Columns, options: Options = IN_CONFIG, trained: Columns = NOT_NAMED
) -> Iterator[Row]:
    """The text of every row of a table, as a str, or what is wrong with it; two where `columns` names a `pair`. For
    texts without targets. `options` is where the user names the columns, and those that a run was `trained` with are
    tried before the usual ones.

    Raises:
        DataError: the table is broken, or has no such column.
    """
    chosen = partial(unlabelled, path, columns=columns, options=options, trained=trained)
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
    for row in _rows(path, partial(labelled, path, columns=columns)):
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
