"""Images that a user wants answers for: files, folders, patterns and arrays, as raw examples with a name each."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import ImageFiles, ImageInput
from aimodels.errors import DataError, UserError
from aimodels.prediction.paths import paths_of, shown

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
ARRAY_SUFFIXES = (".npy", ".npz")
IMAGES = f"{', '.join(IMAGE_SUFFIXES)}; or name a {' or '.join(ARRAY_SUFFIXES)} file"


@dataclass(frozen=True)
class Images:
    """Images of one kind, pixels or files, with what to call each."""

    examples: npt.NDArray[np.uint8] | ImageFiles
    names: tuple[str, ...]


def read_images(arguments: Sequence[str], *, input: ImageInput, limit: int | None = None) -> list[Images]:
    """The images that the arguments name, image files first; at most `limit` of them.

    Raises:
        MissingError: a file, a folder or a pattern names nothing.
        DataError: an array has another shape or type than the model takes.
    """
    groups: list[Images] = []
    files: list[Path] = []
    for argument in arguments:
        for path in paths_of(argument, is_wanted=is_image, what=IMAGES):
            if path.suffix.lower() in ARRAY_SUFFIXES:
                groups.append(_array(path, input=input))
            else:
                files.append(path)
    if files:
        groups.insert(0, Images(ImageFiles(tuple(files)), tuple(map(shown, files))))
    return groups if limit is None else _first(groups, limit)


def is_image(path: Path) -> bool:
    """Whether a file is an image by its suffix."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _first(groups: list[Images], count: int) -> list[Images]:
    kept = []
    for group in groups:
        positions = np.arange(min(count, len(group.names)))
        kept.append(
            Images(
                group.examples.take(positions) if isinstance(group.examples, ImageFiles) else group.examples[positions],
                group.names[: len(positions)],
            )
        )
        count -= len(positions)
    return [group for group in kept if group.names]


def _array(path: Path, *, input: ImageInput) -> Images:
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
    return Images(images, tuple(f"{shown(path)}[{number}]" for number in range(len(images))))


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
