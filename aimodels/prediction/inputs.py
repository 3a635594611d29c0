"""What a user wants predicted: image files, folders, globs and arrays, as raw examples with a name each."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Examples, ImageFiles, ImageInput
from aimodels.errors import DataError, MissingError, UserError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
ARRAY_SUFFIXES = (".npy", ".npz")


@dataclass(frozen=True)
class Group:
    """Raw examples of one kind, with what to call each."""

    examples: Examples
    names: tuple[str, ...]


def read_inputs(texts: Sequence[str], *, input: ImageInput, limit: int | None = None) -> list[Group]:
    """The examples that the arguments name, image files first; at most `limit` of them.

    Raises:
        MissingError: a file, a folder or a pattern names nothing.
        DataError: an array has another shape or type than the model takes.
    """
    groups: list[Group] = []
    files: list[Path] = []
    for text in texts:
        for path in _paths(text):
            if path.suffix.lower() in ARRAY_SUFFIXES:
                groups.append(_array(path, input=input))
            else:
                files.append(path)
    if files:
        groups.insert(0, Group(ImageFiles(tuple(files)), tuple(map(str, files))))
    return groups if limit is None else _first(groups, limit)


def _first(groups: list[Group], count: int) -> list[Group]:
    kept = []
    for group in groups:
        positions = np.arange(min(count, len(group.names)))
        kept.append(
            Group(
                group.examples.take(positions) if isinstance(group.examples, ImageFiles) else group.examples[positions],
                group.names[: len(positions)],
            )
        )
        count -= len(positions)
    return [group for group in kept if group.names]


def _paths(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        found = sorted(item for item in path.rglob("*") if item.suffix.lower() in IMAGE_SUFFIXES and item.is_file())
        if not found:
            raise MissingError(
                f"no images in {path}",
                code="AM233",
                help=f"files looked for: {', '.join('*' + s for s in IMAGE_SUFFIXES)}",
            )
        return found
    if path.is_file():
        return [path]
    if any(sign in text for sign in "*?["):
        found = sorted(Path(".").glob(text)) if not path.is_absolute() else sorted(_absolute_glob(path))
        if found:
            return found
        raise MissingError(f"no file matches {text}", code="AM233", help="quote the pattern, and check the folder")
    raise MissingError(f"there is no file {text}", code="AM233", help="give images, a folder, a pattern, .npy or .npz")


def _absolute_glob(path: Path) -> list[Path]:
    return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def _array(path: Path, *, input: ImageInput) -> Group:
    try:
        loaded = np.load(path, allow_pickle=False)
        array = loaded if isinstance(loaded, np.ndarray) else _only_images(loaded, path)
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read as a NumPy array: {error}",
            code="AM232",
            help="it may be cut off; write it again with numpy.save or numpy.savez",
        ) from error
    images = _shaped(array, path, input=input)
    return Group(images, tuple(f"{path}[{number}]" for number in range(len(images))))


def _only_images(archive: "np.lib.npyio.NpzFile", path: Path) -> npt.NDArray[np.uint8]:
    for name in ("x_test", "images", "x", *archive.files):
        if name in archive.files and archive[name].ndim >= 3:
            found: npt.NDArray[np.uint8] = archive[name]
            return found
    raise DataError(
        f"{path} holds no images, only {', '.join(archive.files) or 'nothing'}",
        code="AM232",
        help="name the array of images `images`, `x_test` or `x`",
    )


def _shaped(array: npt.NDArray[np.uint8], path: Path, *, input: ImageInput) -> npt.NDArray[np.uint8]:
    shape = array.shape
    if input.channels == 1 and shape[-2:] == (input.height, input.width):
        array = array[..., None]
    if array.ndim == 3:
        array = array[None]
    if array.dtype != np.uint8 or array.shape[1:] != input.shape:
        raise wrong_shape(path, array=f"{array.dtype} {shape}", input=input)
    return array


def wrong_shape(path: Path, *, array: str, input: ImageInput) -> UserError:
    """The error for an array that the model does not take."""
    wanted = f"uint8 (N, {', '.join(map(str, input.shape))})"
    return DataError(
        f"{path} holds {array}, and the model takes {wanted}",
        code="AM231",
        help="give pixel values 0 to 255 as uint8, with the channels last; or image files, which are resized",
    )
