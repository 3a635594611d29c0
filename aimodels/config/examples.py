"""The configs that come with the package: found by name, each with what its first lines say of it."""

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aimodels.discovery import PACKAGE
from aimodels.errors import MissingError

SUFFIXES = (".yaml", ".yml")
TABLE_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")


@dataclass(frozen=True)
class Example:
    """A shipped config. `task` is its folder; `command` and `result` are the comment lines it opens with."""

    name: str
    path: Path
    task: str
    command: str
    result: str


def folder() -> Path:
    """Where the shipped configs are: inside an installed package, or at the top of a checkout."""
    packaged = PACKAGE / "shipped_configs"
    return packaged if packaged.is_dir() else PACKAGE.parent / "configs"


def all_examples() -> list[Example]:
    """Every shipped config, by task and name."""
    root = folder()
    paths = [path for suffix in SUFFIXES for path in root.rglob(f"*{suffix}")]
    return sorted((_example(path, root=root) for path in paths), key=lambda example: (example.task, example.name))


def _example(path: Path, *, root: Path) -> Example:
    comments = header(path.read_text(encoding="utf-8"))
    return Example(
        name=path.stem,
        path=path,
        task="" if path.parent == root else path.relative_to(root).parts[0],
        command=comments[0] if comments else "",
        result=" ".join(comments[1:]),
    )


def header(text: str) -> list[str]:
    """The comment lines that a config opens with, up to the first line that is none; without hints for editors."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        comment = line.lstrip("#").strip()
        if comment and "$schema" not in comment:
            lines.append(comment)
    return lines


def find(text: str) -> Path:
    """The file that a user means: a path, or the bare name of a shipped config such as `quickstart`.

    Raises:
        MissingError: there is neither, or a table in its place.
    """
    path = Path(text)
    if path.is_file() and path.name.lower().endswith(TABLE_SUFFIXES):
        raise MissingError(
            f"{path} is a table, not a config",
            code="AM110",
            help=f"have a config written for it: aimodels init --from-csv {shlex.quote(text)} --target COLUMN",
        )
    if path.is_file():
        return path
    shipped = all_examples()
    for example in shipped:
        if text in (example.name, _full_name(example), f"{_full_name(example)}{example.path.suffix}"):
            return example.path
    raise _missing(path, shipped=shipped)


def _full_name(example: Example) -> str:
    return f"{example.task}/{example.name}" if example.task else example.name


def _missing(path: Path, *, shipped: Sequence[Example]) -> MissingError:
    beside = [str(path.parent / name) for name in _configs_in(path.parent)]
    known = [*beside, *(example.name for example in shipped)]
    near = difflib.get_close_matches(str(path), beside, n=2, cutoff=0.6)
    near += difflib.get_close_matches(path.stem, [example.name for example in shipped], n=2, cutoff=0.6)
    what = "is a folder, not a config" if path.is_dir() else "is neither a file nor a shipped config"
    unique = list(dict.fromkeys(near))
    notes = [] if unique or not known else [f"there are: {', '.join(known[:20])}"]
    return MissingError(
        f"{path} {what}",
        code="AM110",
        help=f"did you mean {' or '.join(unique)}?" if unique else "aimodels ls examples lists the shipped ones",
        notes=notes,
    )


def _configs_in(path: Path) -> list[str]:
    if not path.is_dir():
        return []
    return sorted(entry.name for entry in path.iterdir() if entry.suffix in SUFFIXES)
