"""Folders of labelled images: the name of the folder that a file is in is its class.

photos/cat/1.png  photos/dog/2.jpg                          one collection, to be split
photos/train/cat/1.png  photos/test/cat/7.png               split by the user; validation/ is optional too
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aimodels.data.dataset import SplitName
from aimodels.data.image_files import is_meant_as_image
from aimodels.data.missing import missing
from aimodels.errors import DataError

SPLIT_FOLDERS: dict[str, SplitName] = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
LAYOUT = "one folder per class (cat/, dog/), or train/, validation/ and test/ with one folder per class in each"


@dataclass(frozen=True)
class ClassFolders:
    """Where the images of each split and class are. `splits` has "train", and the others where the user has them.

    `other_files` are neither images nor hidden; `num_hidden` counts files and folders whose name starts with a dot.
    """

    class_names: tuple[str, ...]
    splits: Mapping[SplitName, Mapping[str, tuple[Path, ...]]]
    other_files: tuple[Path, ...] = ()
    num_hidden: int = 0


@dataclass
class _Walk:
    """What has been seen so far."""

    visited: set[tuple[int, int]] = field(default_factory=set)
    other_files: list[Path] = field(default_factory=list)
    num_hidden: int = 0


def find(root: Path) -> ClassFolders:
    """Find the images under `root`; classes and files in the order of their names.

    Raises:
        MissingError: there is no such folder.
        DataError: it has no class folders, a class without images, or other classes in test than in train.
    """
    if not root.exists():
        raise missing(root, what="a folder with one folder per class")
    if not root.is_dir():
        raise DataError(f"{root} is a file", code="AM215", help=f"name a folder with {LAYOUT}")
    walk = _Walk()
    # A link inside a class that leads back to the whole collection must not pull the other classes in.
    walk.visited.update(_identity(folder) for folder in (root, *root.resolve().parents))
    splits = {name: _class_images(folder, walk, root=root) for name, folder in _split_folders(root, walk).items()}
    class_names = tuple(sorted(splits["train"]))
    for name, classes in splits.items():
        _check_same_classes(root, split=name, train=set(class_names), found=set(classes))
    return ClassFolders(
        class_names=class_names, splits=splits, other_files=tuple(walk.other_files), num_hidden=walk.num_hidden
    )


def _split_folders(root: Path, walk: _Walk) -> dict[SplitName, Path]:
    """The folder of each split: `root` itself where the user has not split it."""
    names = [entry.name for entry in _entries(root, None) if entry.is_dir()]
    # A class of railway trains is called train too, but has images in it and no folders.
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


def _class_images(folder: Path, walk: _Walk, *, root: Path) -> dict[str, tuple[Path, ...]]:
    """The images of each class folder in `folder`."""
    classes: dict[str, tuple[Path, ...]] = {}
    loose: list[Path] = []
    for entry in _entries(folder, walk):
        if entry.is_dir():
            classes[entry.name] = tuple(_images_below(entry, walk))
        elif is_meant_as_image(entry):
            loose.append(entry)
        else:
            walk.other_files.append(entry)
    if not classes:
        found = f"it has images ({len(loose)}) and no folder" if loose else "it has no folder"
        raise DataError(f"{folder} has no class folders: {found}", code="AM215", help=f"expected {LAYOUT}")
    if loose:
        raise DataError(
            f"images lie beside the class folders of {folder}, without a class ({len(loose)}): {_some(loose, root)}",
            code="AM215",
            help="move them into the folder of their class, or away",
        )
    empty = [name for name, images in classes.items() if not images]
    if empty:
        raise DataError(
            f"class folders of {folder} without an image: {', '.join(empty)}",
            code="AM212",
            help="add PNG, JPEG, GIF or BMP images, or delete the folder",
        )
    return classes


def _images_below(folder: Path, walk: _Walk) -> list[Path]:
    """The images in a folder and its sub-folders. Links are followed, each folder is entered once."""
    identity = _identity(folder)
    if identity in walk.visited:
        return []
    walk.visited.add(identity)
    images: list[Path] = []
    for entry in _entries(folder, walk):
        if entry.is_dir():
            images += _images_below(entry, walk)
        elif is_meant_as_image(entry):
            images.append(entry)
        else:
            walk.other_files.append(entry)
    return images


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
