"""Images for the training loop: one tensor in memory where they fit, else read and decoded while training goes on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.data.dataset import Dataset, ImageFiles, ImageInput, Split, Texts
from aimodels.data.rows import Rows
from aimodels.events import Downloaded, emit, phase
from aimodels.preprocessing import images as image_preprocessing
from aimodels.training.ordering import Order, in_sequence, shuffled
from aimodels.training.pipelines import in_order

SHARE_OF_FREE_MEMORY = 0.25
FREE_MEMORY_IF_UNKNOWN = 2**33


@dataclass(frozen=True)
class ImageSource:
    """The images of a split, as a tensor of pixels or of the names of files. `batch_size` is in examples."""

    examples: Any
    input: ImageInput
    num_examples: int
    batch_size: int
    is_streamed: bool

    def num_batches(self, num_chosen: int) -> int:
        """Batches that show so many images."""
        return -(-num_chosen // self.batch_size)

    def shuffled(self, chosen: npt.NDArray[np.int64], *, seed: int, epoch: int) -> Order:
        """The chosen images in random order."""
        return shuffled(len(chosen), size=self.batch_size, seed=seed, epoch=epoch).of(chosen)

    def in_sequence(self) -> Order:
        """Every image once, as they come."""
        return in_sequence(np.arange(self.num_examples), size=self.batch_size)

    def batches(self, order: Order, *, targets: tuple[Any, ...]) -> tf.data.Dataset:
        """The batches of an order: images [n, height, width, channels], then what `targets` has for them."""
        if self.is_streamed and order.size is not None:
            # Image by image, so that those of one batch are decoded side by side.
            one_by_one = in_order(replace(order, size=1), lambda chosen: self._fetched(chosen[0], targets))
            return one_by_one.batch(order.size)
        return in_order(order, lambda chosen: self._fetched(chosen, targets))

    def _fetched(self, positions: Any, targets: tuple[Any, ...]) -> tuple[Any, ...]:
        """The images at these positions, or at one, and what `targets` has for them."""
        images = tf.gather(self.examples, positions)
        if self.is_streamed:
            pixels = tf.TensorSpec(self.input.shape, tf.uint8)
            images = (
                tf.map_fn(self._decoded, images, fn_output_signature=pixels)
                if images.shape.rank
                else self._decoded(images)
            )
        return (images, *(tf.gather(each, positions) for each in targets))

    def _decoded(self, path: Any) -> Any:
        return image_preprocessing.decode(tf.io.read_file(path), input=self.input)


def image_source(split: Split, *, input: ImageInput, batch_size: int) -> ImageSource:
    """Decode the images of a split into memory if they fit there.

    Raises:
        DataError: a file is not an image that TensorFlow can decode.
    """
    streamed = isinstance(split.examples, ImageFiles) and not fits_in_memory(split, input)
    examples = (
        [str(path) for path in split.examples.paths]
        if streamed and isinstance(split.examples, ImageFiles)
        else as_array(split, input=input)
    )
    # On a GPU host a plain constant would sit in GPU memory, and every batch would be copied back for tf.data.
    with tf.device("CPU:0"):
        return ImageSource(tf.constant(examples), input, len(split), batch_size, streamed)


def fits_in_memory(split: Split, input: ImageInput) -> bool:
    """Whether the decoded images take at most a quarter of the memory that is free now."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # systems that do not tell
        free = FREE_MEMORY_IF_UNKNOWN
    return len(split) * input.height * input.width * input.channels <= SHARE_OF_FREE_MEMORY * free


def as_array(split: Split, *, input: ImageInput) -> npt.NDArray[np.uint8]:
    """The decoded images of a split: uint8 [examples, height, width, channels].

    Raises:
        DataError: a file is not an image that TensorFlow can decode.
    """
    if isinstance(split.examples, Texts | Rows):
        raise TypeError(f"{type(split.examples).__name__} are no images")
    if not isinstance(split.examples, ImageFiles):
        return split.examples
    paths = [str(path) for path in split.examples.paths]
    decoded = np.empty((len(paths), *input.shape), dtype=np.uint8)
    images = tf.data.Dataset.from_tensor_slices(paths).map(
        lambda path: image_preprocessing.decode(tf.io.read_file(path), input=input),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    named = image_preprocessing.broken_files_named(paths, input=input)
    with phase(f"decoding {len(paths)} {split.name} images"), named:
        for position, image in enumerate(images.as_numpy_iterator()):
            decoded[position] = image
            if (position + 1) % 1000 == 0:
                emit(Downloaded("decoding images", done=position + 1, total=len(paths), unit="files"))
    return decoded


@contextmanager
def broken_images_named(dataset: Dataset) -> Iterator[None]:
    """Where the block fails on an image that is streamed, say which one it was.

    Raises:
        DataError: naming the file.
    """
    splits = [split for split in (dataset.train, dataset.validation) if split is not None]
    paths = [path for split in splits if isinstance(split.examples, ImageFiles) for path in split.examples.paths]
    if not paths or not isinstance(dataset.input, ImageInput):
        yield
        return
    with image_preprocessing.broken_files_named(paths, input=dataset.input):
        yield
