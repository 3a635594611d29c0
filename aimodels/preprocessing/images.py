"""Images on their way into a model: encoded bytes to pixels of one size, and pixels to the numbers a model likes."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from aimodels.config.section import Section
from aimodels.data.dataset import ImageFiles, ImageInput, Split, Texts
from aimodels.data.rows import Rows
from aimodels.data.untuned import untuned
from aimodels.errors import DataError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

# Enough that the mean of a channel is known to well under one gray level, and read in seconds.
MOST_FILES_MEASURED = 2048
IMAGES_PER_CHUNK = 4096
# TensorFlow says which node of which graph failed, then what is wrong, then where once more.
AROUND_THE_REASON = re.compile(r"\{\{.*?\}\}|\[Op:.*", re.DOTALL)
LEVELS = 256


class Options(Section):
    """How pixels become numbers."""

    scale: Literal["unit", "signed", "standardize"] = Field(
        "unit",
        description="Range of the numbers: unit (0 to 1), signed (-1 to 1), or standardize (mean 0 and standard "
        "deviation 1 per channel, measured on the training images; where these are read from files, on at most "
        f"{MOST_FILES_MEASURED} of them, evenly spread).",
    )


def fit(options: Options, *, input: ImageInput, train: Split) -> "keras.Model":
    """A model from images (uint8, [N, height, width, channels], input `image`) to numbers (float32, same shape).

    Made of Keras's own layers only, and without weights, so that the file it is saved in loads anywhere.
    """
    import keras

    image = keras.Input(input.shape, dtype="uint8", name="image")
    # float32 whatever the precision of the training: half precision would round the pixels.
    if options.scale == "unit":
        scaled = keras.layers.Rescaling(1 / 255, dtype="float32", name="scale")(image)
    elif options.scale == "signed":
        scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(image)
    else:
        levels = _levels(train, input=input)
        mean, variance = _mean_and_variance(levels)
        scaled = keras.layers.Normalization(
            axis=-1, mean=mean.tolist(), variance=variance.tolist(), dtype="float32", name="scale"
        )(image)
    return keras.Model(image, scaled, name="preprocessing")


def decode(encoded: "tf.Tensor", *, input: ImageInput) -> "tf.Tensor":
    """The image in a PNG, JPEG, GIF (its first frame) or BMP file, as the model sees it.

    From a scalar string to uint8 [height, width, channels]; TensorFlow operations only, so that it runs inside a
    tf.data pipeline and inside an exported model. Transparency is dropped, grayscale is repeated, and colour becomes
    grayscale by its luma (ITU-R BT.601). An image of the right size is not touched.
    """
    import tensorflow as tf

    # Told a number of channels, the decoders differ: GIF refuses 1, BMP refuses all but its own.
    image = tf.io.decode_image(encoded, channels=0, expand_animations=False, dtype=tf.uint8)
    image.set_shape([None, None, None])
    image = _with_channels(image, channels=input.channels)
    shape = tf.shape(image)
    is_right = tf.logical_and(tf.equal(shape[0], input.height), tf.equal(shape[1], input.width))
    sized = tf.cond(is_right, lambda: image, lambda: _resized(image, input=input))
    sized.set_shape(input.shape)
    return sized


def decode_file(path: Path | str, *, input: ImageInput) -> "tf.Tensor":
    """Read and decode one image file.

    Raises:
        DataError: it cannot be read, or is no image that TensorFlow can decode.
    """
    import tensorflow as tf

    try:
        return decode(tf.io.read_file(str(path)), input=input)
    except tf.errors.ResourceExhaustedError:
        raise
    except tf.errors.OpError as error:
        reason = AROUND_THE_REASON.sub("", error.message).strip()
        raise DataError(
            f"{path} cannot be decoded: {reason.splitlines()[0][:160] if reason else type(error).__name__}",
            code="AM230",
            help="repair or remove the file; with `data.verify: decode` every image is looked at before training "
            "begins, and `data.on_error: skip` leaves out those that are broken",
        ) from error


@contextmanager
def broken_files_named(paths: Iterable[Path | str], *, input: ImageInput) -> Iterator[None]:
    """Where a pipeline in the block fails on one of these files, find out which.

    Raises:
        DataError: naming the first of the files that cannot be decoded.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError:
        raise
    except tf.errors.OpError:
        for path in paths:
            decode_file(path, input=input)
        raise


def _with_channels(image: "tf.Tensor", *, channels: int) -> "tf.Tensor":
    """An image of 1 (grayscale), 2 (and alpha), 3 (colour) or 4 (and alpha) channels, with 1 or 3 of them."""
    import tensorflow as tf

    is_grayscale = tf.shape(image)[2] < 3
    if channels == 3:
        return tf.cond(is_grayscale, lambda: tf.repeat(image[:, :, :1], 3, axis=2), lambda: image[:, :, :3])
    return tf.cond(is_grayscale, lambda: image[:, :, :1], lambda: _luma(image))


def _luma(image: "tf.Tensor") -> "tf.Tensor":
    """The brightness of each pixel, [h, w, 3 or 4] to [h, w, 1]; in whole numbers, so that gray stays as it is."""
    import tensorflow as tf

    # 0.299, 0.587 and 0.114 in 65536ths, which add up to 65536.
    weights = tf.constant([19595, 38470, 7471], dtype=tf.int32)
    total = tf.reduce_sum(tf.cast(image[:, :, :3], tf.int32) * weights, axis=2, keepdims=True)
    return tf.cast((total + 32768) // 65536, tf.uint8)


def _resized(image: "tf.Tensor", *, input: ImageInput) -> "tf.Tensor":
    """The image at the size of `input`, by its policy; pixels are averaged where it shrinks."""
    import tensorflow as tf

    target = tf.constant([input.height, input.width], dtype=tf.int32)
    size = tf.shape(image)[:2]
    per_side = tf.cast(target, tf.float64) / tf.cast(size, tf.float64)
    new_size = target
    if input.resize == "crop":
        kept = tf.minimum(_rounded(target, tf.reduce_max(per_side)), size)
        start = (size - kept) // 2
        image = tf.slice(image, tf.concat([start, [0]], axis=0), tf.concat([kept, [-1]], axis=0))
    elif input.resize == "pad":
        new_size = tf.minimum(_rounded(size, 1 / tf.reduce_min(per_side)), target)
    smooth = tf.image.resize(image, new_size, method="bilinear", antialias=True)
    resized = tf.saturate_cast(tf.round(smooth), tf.uint8)
    if input.resize == "pad":
        top, left = tf.unstack((target - new_size) // 2)
        resized = tf.image.pad_to_bounding_box(resized, top, left, input.height, input.width)
    return resized


def _rounded(size: "tf.Tensor", divisor: "tf.Tensor") -> "tf.Tensor":
    """A size divided by a number, rounded, and at least one pixel."""
    import tensorflow as tf

    return tf.maximum(tf.cast(tf.round(tf.cast(size, tf.float64) / divisor), tf.int32), 1)


def _levels(train: Split, *, input: ImageInput) -> npt.NDArray[np.int64]:
    """How often each of the 256 levels occurs in each channel: [channels, 256]."""
    levels = np.zeros((input.channels, LEVELS), dtype=np.int64)
    for images in _chunks(train, input=input):
        for channel in range(input.channels):
            levels[channel] += np.bincount(images[..., channel].reshape(-1), minlength=LEVELS)
    return levels


def _chunks(train: Split, *, input: ImageInput) -> Iterator[npt.NDArray[np.uint8]]:
    """Training images, some at a time, uint8 [n, height, width, channels]."""
    if isinstance(train.examples, Texts | Rows):
        raise TypeError(f"{type(train.examples).__name__} are no images")
    if not isinstance(train.examples, ImageFiles):
        for start in range(0, len(train), IMAGES_PER_CHUNK):
            yield train.examples[start : start + IMAGES_PER_CHUNK]
        return
    import tensorflow as tf

    measured = np.unique(
        np.linspace(0, len(train) - 1, num=min(len(train), MOST_FILES_MEASURED)).round().astype(np.int64)
    )
    paths = [str(path) for path in train.examples.take(measured).paths]
    files = tf.data.Dataset.from_tensor_slices(paths)
    images = files.map(lambda path: decode(tf.io.read_file(path), input=input), num_parallel_calls=tf.data.AUTOTUNE)
    with broken_files_named(paths, input=input):
        for image in untuned(images).as_numpy_iterator():
            yield image[np.newaxis]


def _mean_and_variance(levels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Mean and variance of each channel, exact from how often each level occurs: [2, channels]."""
    values = np.arange(LEVELS)
    total = levels.sum(axis=1)
    mean = (levels * values).sum(axis=1) / total
    mean_square = (levels * values**2).sum(axis=1) / total
    return np.stack([mean, mean_square - mean**2])
