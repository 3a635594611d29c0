"""Labelled images in array files: NumPy's `.npz` in the layout of Keras's `mnist.npz`, and the IDX files of MNIST.

IDX: http://yann.lecun.com/exdb/mnist/ (magic number, sizes as big-endian 32-bit integers, then the values).
"""

import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.missing import missing
from aimodels.errors import DataError

EXPECTED = "an .npz file with x_train, y_train, x_test and y_test, or a folder of IDX files"
ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
IDX_UNSIGNED_BYTE = 0x08
MOST_CHANNELS = (1, 3)


@dataclass(frozen=True)
class LabelledImages:
    """Images as uint8 [N, height, width, channels] with their class numbers as int64 [N]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ArrayData:
    """A training and a test part."""

    train: LabelledImages
    test: LabelledImages


def read(path: Path, *, num_classes: int) -> ArrayData:
    """Read an `.npz` file or a folder of IDX files (plain or gzipped), and check what is in it.

    Raises:
        MissingError: there is nothing at that path, or one of the IDX files is not there.
        DataError: a file is broken, or holds something else than images with labels from 0 to `num_classes` - 1.
    """
    if not path.exists():
        raise missing(path, what=EXPECTED)
    arrays = _read_idx_folder(path) if path.is_dir() else _read_npz(path)
    train = _checked(path, arrays, part="train", num_classes=num_classes)
    test = _checked(path, arrays, part="test", num_classes=num_classes)
    if train.images.shape[1:] != test.images.shape[1:]:
        raise _wrong(
            path,
            f"training images are {_shape(train.images.shape[1:])} and test images {_shape(test.images.shape[1:])}",
        )
    return ArrayData(train=train, test=test)


def _read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with path.open("rb") as file:  # is_zipfile() says no as well where a file may not be read
            if not zipfile.is_zipfile(file):
                raise _broken(path, "it is not a whole .npz archive")
        # Without pickle an array of Python objects is refused, and so nothing in the file can run code.
        with np.load(path, allow_pickle=False) as archive:
            absent = [name for name in ARRAY_NAMES if name not in archive.files]
            if absent:
                raise _wrong(path, f"it has no {', '.join(absent)}; it has {', '.join(archive.files) or 'nothing'}")
            return {name: archive[name] for name in ARRAY_NAMES}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, MemoryError) as error:
        raise _broken(path, str(error) or type(error).__name__) from error


def _read_idx_folder(folder: Path) -> dict[str, npt.NDArray[Any]]:
    return {name: _read_idx(_idx_file(folder, stem)) for name, stem in IDX_NAMES.items()}


def _idx_file(folder: Path, stem: str) -> Path:
    # Some copies of MNIST were unpacked with a dot in the place of the first dash.
    names = (stem, f"{stem}.gz", stem.replace("-idx", ".idx"), f"{stem.replace('-idx', '.idx')}.gz")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise missing(folder / stem, what=f"the IDX file, plain or as {stem}.gz")


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """One IDX file of unsigned bytes, as an array of the shape that its header gives."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(path, str(error) or type(error).__name__) from error
    if len(content) < 4 or content[:2] != b"\0\0":
        raise _broken(
            path, f"an IDX file starts with two zero bytes, this one with {content[:4].hex(' ') or 'nothing'}"
        )
    kind, num_axes = content[2], content[3]
    if kind != IDX_UNSIGNED_BYTE:
        raise _wrong(path, f"its values have IDX type 0x{kind:02x}, expected 0x{IDX_UNSIGNED_BYTE:02x} (unsigned byte)")
    start = 4 + 4 * num_axes
    if len(content) < start:
        raise _broken(path, f"it is cut off inside its header, after {len(content)} bytes")
    shape = struct.unpack(f">{num_axes}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise _broken(path, f"its header says {_shape(shape)} values, and {len(content) - start:,} bytes follow")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _checked(path: Path, arrays: Mapping[str, npt.NDArray[Any]], *, part: str, num_classes: int) -> LabelledImages:
    images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    if images.dtype != np.uint8:
        raise _wrong(path, f"x_{part} has type {images.dtype}, expected uint8 pixels from 0 to 255")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in MOST_CHANNELS or 0 in images.shape[1:]:
        raise _wrong(
            path,
            f"x_{part} has shape {_shape(arrays[f'x_{part}'].shape)}, "
            "expected N x height x width, or N x height x width x channels with 1 or 3 channels",
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise _wrong(path, f"y_{part} has type {labels.dtype}, expected whole numbers")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (len(images),):
        raise _wrong(path, f"x_{part} has {len(images):,} images, and y_{part} has shape {_shape(labels.shape)}")
    if len(images) == 0:
        raise DataError(
            f"{path}: x_{part} is empty",
            code="AM209",
            help="give a file with at least one image per class in its training and its test part",
        )
    _check_range(path, labels, part=part, num_classes=num_classes)
    return LabelledImages(images=np.ascontiguousarray(images), labels=labels.astype(np.int64))


def _check_range(path: Path, labels: npt.NDArray[Any], *, part: str, num_classes: int) -> None:
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if outside.size:
        first = int(outside[0])
        raise DataError(
            f"{path}: y_{part}[{first}] is {labels[first]}, expected a class number from 0 to {num_classes - 1}",
            code="AM208",
            help="number the classes from 0 without gaps, or use a dataset plug-in with your own class names",
            notes=(f"{outside.size:,} of {labels.size:,} labels are outside that range",),
        )


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape) or "()"


def _broken(path: Path, reason: str) -> DataError:
    return DataError(
        f"cannot read {path}: {reason}",
        code="AM206",
        help=f"it may be cut off or of another kind; fetch it again. Expected {EXPECTED}",
    )


def _wrong(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: {reason}", code="AM207", help=f"expected {EXPECTED}")
