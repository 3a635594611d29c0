"""Text files, one text each: found in class folders, read as UTF-8."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from aimodels.data.class_folders import ClassFolders, FileKind
from aimodels.data.dataset import SplitName
from aimodels.data.found_text import FoundText
from aimodels.data.unpacking import MOST_TEXT_BYTES
from aimodels.events import Downloaded, emit

SECONDS_BETWEEN_EVENTS = 0.1


def is_meant_as_text(path: Path) -> bool:
    """Whether a file is a text by its suffix. A dead link counts, a pipe (which would wait) does not."""
    return path.suffix.lower() == ".txt" and (path.is_file() or path.is_symlink())


TEXTS = FileKind(one="a text", many="texts", is_one=is_meant_as_text, readable=".txt files in UTF-8")


def decoded(content: bytes) -> str:
    """The text that the bytes stand for; those that are not UTF-8 are kept as lone surrogates."""
    return content.decode("utf-8", "surrogateescape")


def read_files(folders: ClassFolders) -> list[FoundText]:
    """Every file of every split and class, in the order of their names."""
    wanted = [
        (split, class_name, path)
        for split, classes in folders.splits.items()
        for class_name in folders.class_names
        for path in classes[class_name]
    ]
    return read_each(wanted)


def read_each(wanted: Sequence[tuple[SplitName, str, Path]]) -> list[FoundText]:
    """Each of these files as one text: of this split, with this target. Emits how far it is, if it takes long."""
    found: list[FoundText] = []
    told_at = time.monotonic()
    for split, class_name, path in wanted:
        found.append(_read(path, split=split, class_name=class_name))
        if time.monotonic() - told_at >= SECONDS_BETWEEN_EVENTS:
            emit(Downloaded(name="reading texts", done=len(found), total=len(wanted), unit="files"))
            told_at = time.monotonic()
    return found


def _read(path: Path, *, split: SplitName, class_name: str) -> FoundText:
    # A file name that is not UTF-8 must not stop the run when it is printed.
    name = os.fsencode(path).decode("utf-8", "replace")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_TEXT_BYTES + 1)
    except OSError as error:
        return FoundText(split, class_name, name, "", problem=error.strerror or str(error))
    if len(content) > MOST_TEXT_BYTES:
        return FoundText(split, class_name, name, "", problem=f"more than {MOST_TEXT_BYTES:,} bytes for one text")
    return FoundText(split, class_name, name, decoded(content))
