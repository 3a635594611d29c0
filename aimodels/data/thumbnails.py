"""Small images inside JSON: raw pixels, zlib-compressed, as base64 text with their shape."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

LONGEST_SIDE = 96


def encode(images: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Images (uint8, [N, height, width, channels]) as a JSON object, without loss.

    Raises:
        ValueError: the array has another type or another number of axes.
    """
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"images must be uint8 [N, height, width, channels], got {images.dtype} {list(images.shape)}")
    compressed = zlib.compress(np.ascontiguousarray(images).tobytes(), level=9)
    return {"shape": list(images.shape), "zlib_base64": base64.b64encode(compressed).decode("ascii")}


def decode(document: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """The images that `encode` wrote.

    Raises:
        ValueError: the text is not base64, not zlib, or not as many pixels as its shape says.
    """
    shape = tuple(int(size) for size in document["shape"])
    num_bytes = int(np.prod(shape, dtype=np.int64))
    try:
        compressed = base64.b64decode(document["zlib_base64"], validate=True)
        # One byte more than expected is enough to notice a wrong size, however much the text would unpack to.
        raw = zlib.decompressobj().decompress(compressed, num_bytes + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"these are not encoded images: {error}") from error
    if len(raw) != num_bytes:
        raise ValueError(f"encoded images of shape {list(shape)} must hold {num_bytes} bytes; they do not")
    return np.frombuffer(raw, dtype=np.uint8).reshape(shape)


def shrink(images: npt.NDArray[np.uint8], *, longest_side: int = LONGEST_SIDE) -> npt.NDArray[np.uint8]:
    """The images made smaller by a whole factor (each pixel the mean of a block) until no side is above the limit.

    Up to one block less than a whole one is cut off at the right and at the bottom.
    """
    factor = -(-max(images.shape[1:3]) // longest_side)
    if factor <= 1:
        return images
    num_images, height, width, channels = images.shape
    factor_y, factor_x = min(factor, height), min(factor, width)
    rows, columns = height // factor_y, width // factor_x
    cut = images[:, : rows * factor_y, : columns * factor_x]
    blocks = cut.reshape(num_images, rows, factor_y, columns, factor_x, channels)
    means: npt.NDArray[np.float64] = np.rint(blocks.mean(axis=(2, 4)))
    return means.astype(np.uint8)
