"""Folders of labelled files: the name of the folder that a file is in is its class.

photos/cat/1.png  photos/dog/2.jpg                          one collection, to be split
photos/train/cat/1.png  photos/test/cat/7.png               split by the user; validation/ is optional too
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aimodels.data.dataset import SplitName
from aimodels.data.missing import missing
from aimodels.errors import DataError
from aimodels.events import warn

SPLIT_FOLDERS: dict[str, SplitName] = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
LAYOUT = "one folder per class, or train/, validation/ and test/ with one folder per class in each"


@dataclass(frozen=True)
class FileKind:
    """What is looked for: its name for people ("an image", "images"), which files are meant to be one, what can be read
    ("PNG, JPEG, GIF or BMP images"), and the names of folders that are no classes."""

    one: str
    many: str
    is_one: Callable[[Path], bool]
    readable: str
    no_classes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ClassFolders:
    """Where the files of each split and class are. `splits` has "train", and the others where the user has them.

    `other_files` are neither of the kind that was looked for nor hidden; `num_hidden` counts files and folders whose
    name starts with a dot, `num_unlabelled` what is in the folders that are no classes.
    """

    class_names: tuple[str, ...]
    splits: Mapping[SplitName, Mapping[str, tuple[Path, ...]]]
    other_files: tuple[Path, ...] = ()
    num_hidden: int = 0
    num_unlabelled: int = 0

    def ignored(self, kind: FileKind) -> dict[str, int]:
        """How many files were left out, by the reason."""
        return {
            f"files that are no {kind.many}, ignored": len(self.other_files),
            f"{kind.many} without a class, ignored": self.num_unlabelled,
            "hidden files and folders, ignored": self.num_hidden,
        }


@dataclass
class _Walk:
    """What is looked for below `root`, and what has been seen so far."""

    root: Path
    kind: FileKind
    visited: set[tuple[int, int]] = field(default_factory=set)
    other_files: list[Path] = field(default_factory=list)
    num_hidden: int = 0
    num_unlabelled: int = 0


def find(root: Path, *, kind: FileKind) -> ClassFolders:
    """Find the files of a kind under `root`; classes and files in the order of their names.

    Raises:
        MissingError: there is no such folder.
        DataError: it has no class folders, a class without such files, or other classes in test than in train.
    """
    if not root.exists():
        raise missing(root, what="a folder with one folder per class")
    if not root.is_dir():
        raise DataError(f"{root} is a file", code="AM215", help=f"name a folder with {LAYOUT}")
    walk = _Walk(root, kind)
    # A link inside a class that leads back to the whole collection must not pull the other classes in.
    walk.visited.update(_identity(folder) for folder in (root, *root.resolve().parents))
    folders = _split_folders(root, walk)
    splits = {
        name: _class_files(folders[name], walk) for name in dict.fromkeys(SPLIT_FOLDERS.values()) if name in folders
    }
    class_names = tuple(sorted(splits["train"]))
    for name in class_names:
        _check_printable(root, name)
    for name, classes in splits.items():
        _check_same_classes(root, split=name, train=set(class_names), found=set(classes))
    return ClassFolders(
        class_names=class_names,
        splits=splits,
        other_files=tuple(walk.other_files),
        num_hidden=walk.num_hidden,
        num_unlabelled=walk.num_unlabelled,
    )


def _split_folders(root: Path, walk: _Walk) -> dict[SplitName, Path]:
    """The folder of each split: `root` itself where the user has not split it."""
    names = [entry.name for entry in _entries(root, None) if entry.is_dir()]
    # A class of railway trains is called train too, but has files in it and no folders.
    if "train" not in names or not any(entry.is_dir() for entry in _entries(root / "train", None)):
        return {"train": root}
    strangers = [name for name in names if name not in SPLIT_FOLDERS]
    if strangers:
        raise DataError(
            f"{root} has train/ with classes in it, and beside it {', '.join(f'{name}/' for name in strangers)}",
            code="AM215",
            help=f"move those away; expected {LAYOUT}",
        )
    folders: dict[SplitName, Path] = {}
    for name in names:
        split = SPLIT_FOLDERS[name]
        if split in folders:
            raise DataError(
                f"{root} has both {folders[split].name}/ and {name}/",
                code="AM215",
                help="keep one folder for validation",
            )
        folders[split] = root / name
    walk.other_files += [entry for entry in _entries(root, walk) if entry.is_file()]
    walk.visited.update(_identity(folder) for folder in folders.values())
    return folders


def _class_files(folder: Path, walk: _Walk) -> dict[str, tuple[Path, ...]]:
    """The files of each class folder in `folder`."""
    many = walk.kind.many
    classes: dict[str, tuple[Path, ...]] = {}
    loose: list[Path] = []
    for entry in _entries(folder, walk):
        if entry.is_dir():
            if entry.name in walk.kind.no_classes:
                walk.num_unlabelled += len(_entries(entry, walk))
            else:
                classes[entry.name] = tuple(_files_below(entry, walk))
        else:
            (loose if walk.kind.is_one(entry) else walk.other_files).append(entry)
    if not classes:
        found = f"it has {many} ({len(loose)}) and no folder" if loose else "it has no folder"
        raise DataError(f"{folder} has no class folders: {found}", code="AM215", help=f"expected {LAYOUT}")
    if loose:
        raise DataError(
            f"{many} lie beside the class folders of {folder}, without a class ({len(loose)}): "
            f"{_some(loose, walk.root)}",
            code="AM215",
            help="move them into the folder of their class, or away",
        )
    empty = [name for name, files in classes.items() if not files]
    if empty:
        raise DataError(
            f"class folders of {folder} without {walk.kind.one}: {', '.join(empty)}",
            code="AM212",
            help=f"add {walk.kind.readable}, or delete the folder",
        )
    return classes


def _files_below(folder: Path, walk: _Walk) -> list[Path]:
    """The files in a folder and its sub-folders. Links are followed, each folder is entered once."""
    identity = _identity(folder)
    if identity in walk.visited:
        return []
    walk.visited.add(identity)
    files: list[Path] = []
    for entry in _entries(folder, walk):
        if entry.is_dir():
            files += _files_below(entry, walk)
        else:
            (files if walk.kind.is_one(entry) else walk.other_files).append(entry)
    return files


def _entries(folder: Path, walk: _Walk | None) -> list[Path]:
    """What is in a folder, by name, without hidden entries; those are counted in `walk` if there is one.

    Raises:
        DataError: the folder cannot be read.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise DataError(
            f"cannot read the folder {folder}: {error.strerror}", code="AM215", help="check its permissions"
        ) from error
    visible = [folder / name for name in names if not name.startswith(".")]
    if walk is not None:
        walk.num_hidden += len(names) - len(visible)
    return visible


def _identity(folder: Path) -> tuple[int, int]:
    """What stays the same whatever the path that leads to a folder."""
    status = folder.stat()
    return (status.st_dev, status.st_ino)


def _check_printable(root: Path, class_name: str) -> None:
    shown = os.fsencode(class_name).decode("utf-8", "replace")
    if shown != class_name:
        raise DataError(
            f"the name of the class folder {shown} in {root} is not UTF-8",
            code="AM215",
            help="rename the folder; its name is the name of the class",
        )


def _check_same_classes(root: Path, *, split: SplitName, train: set[str], found: set[str]) -> None:
    if found == train:
        return
    notes = []
    if found - train:
        notes.append(f"only in {split}: {', '.join(sorted(found - train))}")
    if train - found:
        notes.append(f"only in train: {', '.join(sorted(train - found))}")
    raise DataError(
        f"the class folders of {split} are not those of train in {root}",
        code="AM216",
        help="give both the same class folders (upper and lower case count)",
        notes=notes,
    )


def _some(paths: list[Path], root: Path) -> str:
    """A few of the paths, relative to the root."""
    shown = ", ".join(str(path.relative_to(root)) for path in paths[:3])
    return f"{shown}, ..." if len(paths) > 3 else shown


def warn_of_other_files(paths: Sequence[Path], *, kind: FileKind, root: Path) -> None:
    """Tell which files below `root` were ignored, if any."""
    if paths:
        kinds = Counter(path.suffix or "without a suffix" for path in paths)
        shown = ", ".join(f"{number:,} {suffix}" for suffix, number in kinds.most_common(5))
        warn(
            "AM218",
            f"files in {root} that are no {kind.many} were ignored: {shown} (such as {_some([paths[0]], root)})",
            help=f"readable: {kind.readable}",
        )
