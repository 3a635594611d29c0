"""Texts without targets: the lines or paragraphs of text files, whole files, or a column of tables."""

import glob
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aimodels.data.class_folders import SPLIT_FOLDERS
from aimodels.data.dataset import SplitName
from aimodels.data.found_text import FoundText
from aimodels.data.missing import missing
from aimodels.data.text_columns import Columns
from aimodels.data.text_files import decoded, read_each
from aimodels.data.text_tables import FORMATS, find_tables, holds_tables, is_table, text_rows
from aimodels.data.unpacking import MOST_TEXT_BYTES, may_not_read, unpacked
from aimodels.errors import DataError

Unit = Literal["auto", "line", "paragraph", "file"]
SUFFIX, PACKED = ".txt", ".gz"
WILD = set("*?[")
EXPECTED = f"a .txt file, a folder or a pattern of such files, or a table ({FORMATS})"


@dataclass
class FoundTexts:
    """The texts that were found, what each is for people ("lines"), and how much else was seen, by what it is."""

    texts: list[FoundText]
    what: str
    ignored: dict[str, int] = field(default_factory=dict)


def find_texts(path: str, *, unit: Unit, column: str) -> FoundTexts:
    """Every text of a file, of a folder, of what a pattern with `*` names, or of a table's column.

    Raises:
        MissingError: there is no such file or folder.
        DataError: a file is broken or of another kind, or there is no text at all.
    """
    found = _found(path, unit=unit, column=column)
    if not found.texts:
        raise DataError(
            f"{path} holds no text", code="AM209", help=f"expected {EXPECTED}; blank lines and paragraphs are no texts"
        )
    return found


def _found(path: str, *, unit: Unit, column: str) -> FoundTexts:
    place = Path(path).expanduser()
    if WILD & set(path) and not place.exists():
        matched = sorted(Path(name) for name in glob.glob(str(place), recursive=True))
        if not matched:
            raise missing(place, what="files whose names fit this pattern")
        return _of_files(matched, unit=unit)
    if not place.exists():
        raise missing(place, what=EXPECTED)
    if is_table(place) or (place.is_dir() and holds_tables(place)):
        if unit != "auto":
            raise DataError(
                f"{place} is a table, and `data.unit: {unit}` is for text files",
                code="AM396",
                help="leave `data.unit` away: each row of the table is a text",
            )
        rows = [
            row
            for split, tables in find_tables(place).items()
            for table in tables
            for row in _rows(table, split, column)
        ]
        return FoundTexts(rows, what="rows")
    if place.is_dir():
        return _of_files(sorted(place.rglob("*")), unit=unit, root=place)
    if unit == "file" and place.suffix == PACKED:
        raise DataError(
            f"{place} is packed, and a whole file as one text is read unpacked only",
            code="AM396",
            help=f"gunzip {place}; or `data.unit: line` or `paragraph`, which read it as it is",
        )
    return _of_files([place], unit="line" if unit == "auto" else unit, named=True)


def _rows(table: Path, split: SplitName, column: str) -> Iterator[FoundText]:
    for row in text_rows(table, columns=Columns(text=column)):
        yield FoundText(split, "", row.name, row.text, problem=row.problem)


def _of_files(paths: list[Path], *, unit: Unit, root: Path | None = None, named: bool = False) -> FoundTexts:
    """The texts of these files; `named` is a file that the user named, whatever it is called."""
    files = [path for path in paths if path.is_file() and not path.name.startswith(".")]
    chosen = [path for path in files if named or path.suffix.lower() == SUFFIX]
    others, hidden = len(files) - len(chosen), sum(path.name.startswith(".") and path.is_file() for path in paths)
    ignored = {"files that are no texts, ignored": others, "hidden files and folders, ignored": hidden}
    if unit in ("auto", "file"):
        texts = read_each([(_split_of(path, root), "", path) for path in chosen])
        return FoundTexts(texts, what="files", ignored=ignored)
    found = FoundTexts([], what=f"{unit}s", ignored=ignored)
    for path in chosen:
        for part in _parts(path, by_paragraph=unit == "paragraph"):
            found.texts.append(FoundText(_split_of(path, root), "", part.name, part.text, problem=part.problem))
    return found


def _split_of(path: Path, root: Path | None) -> SplitName:
    """A folder train/, validation/ or test/ right below the root says which part a file belongs to."""
    parts = path.relative_to(root).parts if root is not None else ()
    return SPLIT_FOLDERS.get(parts[0], "train") if len(parts) > 1 else "train"


@dataclass(frozen=True)
class _Part:
    name: str
    text: str
    problem: str = ""


def _parts(path: Path, *, by_paragraph: bool) -> Iterator[_Part]:
    """The lines of a file that are not blank, or its runs of such lines; each is called by the number of its first."""
    gathered: list[str] = []
    first = 0
    for number, line in enumerate(_lines(path), start=1):
        if line.strip() and not gathered:
            first = number
        if line.strip():
            gathered.append(line.rstrip("\r\n"))
        if gathered and (not by_paragraph or not line.strip()):
            yield _part(f"{path}:{first}", "\n".join(gathered))
            gathered = []
    if gathered:
        yield _part(f"{path}:{first}", "\n".join(gathered))


def _part(name: str, text: str) -> _Part:
    if len(text) > MOST_TEXT_BYTES:
        return _Part(name, "", problem=f"more than {MOST_TEXT_BYTES:,} bytes for one text")
    return _Part(name, text)


def _lines(path: Path) -> Iterator[str]:
    try:
        with unpacked(path) as stream:
            for line in stream:
                yield decoded(line)
    except PermissionError as error:
        raise may_not_read(path) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"cannot read {path}: {str(error) or type(error).__name__}", code="AM243", help="fetch it or write it again"
        ) from error
