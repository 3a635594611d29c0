"""The files that an argument of `predict` names: one file, a folder of them, or a pattern."""

import os
from collections.abc import Callable
from pathlib import Path

from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.errors import MissingError


def paths_of(argument: str, *, is_wanted: Callable[[Path], bool], what: str) -> list[Path]:
    """The file itself; in a folder every file that is wanted, at any depth; or what a pattern matches.

    `what` says for people what could be given.

    Raises:
        MissingError: that is nothing.
    """
    if os.path.isfile(argument):
        return [Path(argument)]
    if os.path.isdir(argument):
        found = sorted(path for path in Path(argument).rglob("*") if path.is_file() and is_wanted(path))
        if not found:
            raise MissingError(f"nothing to read in {argument}", code="AM233", help=f"what is looked for: {what}")
        return found
    named = excerpt(on_one_line(argument), longest=120)
    if not any(sign in argument for sign in "*?["):
        raise MissingError(f"there is no file {named}", code="AM233", help=f"give files, folders or patterns of {what}")
    matches = sorted(path for path in _matches(Path(argument)) if path.is_file())
    if not matches:
        raise MissingError(f"no file matches {named}", code="AM233", help=f"give files, folders or patterns of {what}")
    return matches


def shown(path: Path) -> str:
    """The path for people and files; what is not UTF-8 in it could not be written."""
    return os.fsencode(path).decode("utf-8", "replace")


def _matches(pattern: Path) -> list[Path]:
    folder, relative = Path("."), pattern
    if pattern.is_absolute():
        folder, relative = Path(pattern.anchor), pattern.relative_to(pattern.anchor)
    try:
        return list(folder.glob(str(relative)))
    except (OSError, ValueError, RecursionError):  # a sentence with a question mark in it, not a pattern
        return []
