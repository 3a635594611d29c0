"""The images under class folders, each with its class, and what was left out of them and why."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from aimodels.data.class_folders import ClassFolders, FileKind, find, warn_of_other_files
from aimodels.data.dataset import ImageFiles, Split, SplitName
from aimodels.data.fingerprint import FileFacts, of_files
from aimodels.data.image_files import FORMATS, CheckedImage, Verify, check_images, is_meant_as_image
from aimodels.data.splitting import Splits
from aimodels.errors import DataError
from aimodels.events import warn

OnError = Literal["fail", "skip"]
MOST_NAMED = 10
IMAGES = FileKind(one="an image", many="images", is_one=is_meant_as_image, readable="PNG, JPEG, GIF or BMP images")


@dataclass(frozen=True)
class Size:
    """Height and width of an image in pixels."""

    height: int
    width: int


@dataclass(frozen=True)
class LabelledImage:
    """One image of the user: the split that its folder stands for, its class number, and what is known of the file."""

    split: SplitName
    label: int
    file: CheckedImage


@dataclass(frozen=True)
class ImageCollection:
    """Every image under `root` that can be used, by split, class and name. `counts` says what was left out."""

    root: Path
    class_names: tuple[str, ...]
    images: tuple[LabelledImage, ...]
    counts: dict[str, int]

    @property
    def fingerprint(self) -> str:
        """What the images are: their names below `root`, their sizes and contents."""
        return of_files(
            FileFacts(_name(image.file.path, self.root), image.file.num_bytes, image.file.sha256)
            for image in self.images
        )

    @property
    def splits(self) -> dict[SplitName, Split]:
        """The images in the folder for each split, for those that there are."""
        names = dict.fromkeys(image.split for image in self.images)
        return {name: self._split(name) for name in names}

    def _split(self, name: SplitName) -> Split:
        chosen = [image for image in self.images if image.split == name]
        files = ImageFiles(tuple(image.file.path for image in chosen))
        return Split(name=name, examples=files, targets=np.array([image.label for image in chosen], dtype=np.int64))

    def most_common_size(self) -> Size:
        """The size of most training images; of two as common, the larger."""
        sizes = Counter(Size(image.file.height, image.file.width) for image in self.images if image.split == "train")
        return max(sizes, key=lambda size: (sizes[size], size.height * size.width, size.height))

    def count(self, holds: Callable[[CheckedImage], bool]) -> int:
        """How many images something is true of."""
        return sum(holds(image.file) for image in self.images)

    def num_copies(self, splits: Splits) -> int:
        """How many images of the later splits are, byte for byte, also in an earlier one."""
        sha256 = {image.file.path: image.file.sha256 for image in self.images}
        seen: set[str] = set()
        num_copies = 0
        for split in splits:
            if isinstance(split.examples, ImageFiles):
                contents = [sha256[path] for path in split.examples.paths]
                num_copies += sum(content in seen for content in contents)
                seen.update(contents)
        return num_copies


def collect(root: Path, *, verify: Verify, grayscale_only: bool, on_error: OnError) -> ImageCollection:
    """Find the images under `root`, look at each of them, and keep those that can be used.

    With `grayscale_only` an image in colour cannot be used.

    Raises:
        MissingError: there is no such folder.
        DataError: the folder is laid out in another way, or an image cannot be used and `on_error` is "fail".
    """
    folders = find(root, kind=IMAGES)
    images = _looked_at(folders, verify=verify)
    broken = [(image, image.file.problem) for image in images if image.file.problem]
    _refuse_or_skip("AM211", broken, why="cannot be read", on_error=on_error, root=root)
    colour = [
        (image, "in colour")
        for image in images
        if grayscale_only and not image.file.problem and not image.file.is_grayscale
    ]
    _refuse_or_skip("AM217", colour, why="are in colour, and `data.channels` is 1", on_error=on_error, root=root)
    left_out = {id(image) for image, _ in (*broken, *colour)}
    usable = tuple(image for image in images if id(image) not in left_out)
    _check_no_class_is_lost(folders, usable, root=root)
    warn_of_other_files(folders.other_files, kind=IMAGES, root=root)
    counts = {
        "images that cannot be read, skipped": len(broken),
        "images in colour, skipped": len(colour),
        **folders.ignored(IMAGES),
    }
    return ImageCollection(root=root, class_names=folders.class_names, images=usable, counts=counts)


def _looked_at(folders: ClassFolders, *, verify: Verify) -> list[LabelledImage]:
    found = [
        (split, label, path)
        for split, classes in folders.splits.items()
        for label, name in enumerate(folders.class_names)
        for path in classes[name]
    ]
    files = check_images([path for _, _, path in found], verify=verify)
    return [LabelledImage(split, label, file) for (split, label, _), file in zip(found, files, strict=True)]


def _refuse_or_skip(
    code: str, unusable: Sequence[tuple[LabelledImage, str]], *, why: str, on_error: OnError, root: Path
) -> None:
    """Fail and name the images, or tell how many are skipped."""
    if not unusable:
        return
    message = f"{len(unusable):,} of the images in {root} {why}"
    named = [f"{_name(image.file.path, root)}: {problem}" for image, problem in unusable[:MOST_NAMED]]
    if len(unusable) > MOST_NAMED:
        named.append(f"and {len(unusable) - MOST_NAMED:,} more")
    if on_error == "skip":
        warn("AM219", f"{message}; skipped: {'; '.join(named)}", help="the counts are in run.json")
        return
    advice = {
        "AM211": f"replace or delete them (readable: {FORMATS})",
        "AM217": "write `channels: 3`, or convert them to grayscale",
    }[code]
    raise DataError(message, code=code, help=f"{advice}, or write `on_error: skip` to go on without them", notes=named)


def _check_no_class_is_lost(folders: ClassFolders, usable: Sequence[LabelledImage], *, root: Path) -> None:
    present = {(image.split, image.label) for image in usable}
    for split in folders.splits:
        lost = [name for label, name in enumerate(folders.class_names) if (split, label) not in present]
        if lost:
            raise DataError(
                f"no usable image is left for a class of {root} ({split}): {', '.join(lost)}",
                code="AM212",
                help="every image there was skipped; replace them, or delete the folders",
            )


def _name(path: Path, root: Path) -> str:
    """The name of a file below `root`, with forward slashes on every system."""
    return path.relative_to(root).as_posix()
