"""Batches of raw tensors for the training loop; order and augmentation are functions of (seed, epoch, position).

A split that fits in memory is held as one array, and a batch is gathered from it; a larger one is read and decoded from
its files while training goes on, in parallel, a few batches ahead.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.config.schema import Config
from aimodels.data.dataset import Dataset, ImageFiles, ImageInput, Split
from aimodels.errors import ConfigError, Problem
from aimodels.events import Downloaded, emit, phase
from aimodels.preprocessing import images as image_preprocessing
from aimodels.training.augmentation import augmented

SHARE_OF_FREE_MEMORY = 0.25
FREE_MEMORY_IF_UNKNOWN = 2**33
# What runs in the pipeline has no Python conditions on tensors; rewriting its source takes longer than tracing it.
as_written = tf.autograph.experimental.do_not_convert


@dataclass(frozen=True)
class Batches:
    """The batches of a dataset, as the training loop wants them. `one_hot`: targets as rows instead of numbers."""

    dataset: Dataset
    config: Config
    one_hot: bool

    @property
    def steps_per_epoch(self) -> int:
        """Steps that show every training example once."""
        return -(-len(self.dataset.train) // self.config.train.batch_size)

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """The training batches of one epoch (counted from 0): (examples, targets, weights if there are any)."""
        order = np.random.default_rng([self.config.seed, epoch]).permutation(len(self.dataset.train))
        batches = self._train.batches(order, size=self.config.train.batch_size)
        if self.config.train.augment.is_on:
            seed = tf.constant([self.config.seed, epoch], dtype=tf.int64)
            batches = batches.enumerate().map(
                as_written(lambda number, batch: self._augmented(batch, seed=seed, number=number)),
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
        return batches.prefetch(tf.data.AUTOTUNE)

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches, unchanged and in order; None where there is no validation split."""
        if self._validation is None:
            return None
        order = np.arange(len(self._validation.targets))
        return self._validation.batches(order, size=self.config.train.batch_size).prefetch(tf.data.AUTOTUNE)

    def _augmented(self, batch: tuple[Any, ...], *, seed: Any, number: Any) -> tuple[Any, ...]:
        examples, *rest = batch
        own_seed = tf.random.experimental.stateless_fold_in(seed, number)
        return (self._augment(examples, own_seed), *rest)

    @cached_property
    def _augment(self) -> Any:
        """A function of (images, seed) that is traced once for all epochs."""
        options = self.config.train.augment
        return tf.function(lambda images, seed: augmented(images, options, seed=seed), autograph=False)

    @cached_property
    def _train(self) -> "_Source":
        weights = class_weights(self.dataset, self.config.train.class_weights)
        return _source(self.dataset.train, dataset=self.dataset, one_hot=self.one_hot, weights=weights)

    @cached_property
    def _validation(self) -> "_Source | None":
        split = self.dataset.validation
        return None if split is None else _source(split, dataset=self.dataset, one_hot=self.one_hot, weights=None)


@dataclass(frozen=True)
class _Source:
    """Where the examples of a split are gathered from: a tensor in memory, or the names of files."""

    examples: Any
    input: ImageInput
    targets: Any
    weights: Any | None
    is_streamed: bool

    def batches(self, order: npt.NDArray[np.int64], *, size: int) -> tf.data.Dataset:
        """The examples at these positions, in this order, in batches."""
        indices = tf.data.Dataset.from_tensor_slices(order)
        if not self.is_streamed:
            return indices.batch(size).map(
                as_written(self._at), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
            )
        one_by_one = indices.map(as_written(self._at), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return one_by_one.batch(size)

    def _at(self, indices: Any) -> tuple[Any, ...]:
        examples = tf.gather(self.examples, indices)
        if self.is_streamed:
            examples = image_preprocessing.decode(tf.io.read_file(examples), input=self.input)
        chosen = (examples, tf.gather(self.targets, indices))
        return chosen if self.weights is None else (*chosen, tf.gather(self.weights, indices))


def _source(split: Split, *, dataset: Dataset, one_hot: bool, weights: npt.NDArray[np.float32] | None) -> _Source:
    names = dataset.target.class_names
    targets = np.eye(len(names), dtype=np.float32)[split.targets] if one_hot else split.targets
    streamed = isinstance(split.examples, ImageFiles) and not fits_in_memory(split, dataset.input)
    examples = (
        [str(path) for path in split.examples.paths]
        if streamed and isinstance(split.examples, ImageFiles)
        else as_array(split, input=dataset.input)
    )
    # On a GPU host a plain constant would sit in GPU memory, and every batch would be copied back for tf.data.
    with tf.device("CPU:0"):
        return _Source(
            examples=tf.constant(examples),
            input=dataset.input,
            targets=tf.constant(targets if dataset.target.task != "binary" else targets[:, None].astype(np.float32)),
            weights=None if weights is None else tf.constant(weights[split.targets]),
            is_streamed=streamed,
        )


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


def broken_images_named(dataset: Dataset) -> AbstractContextManager[None]:
    """Where the block fails on an image that is streamed, say which one it was."""
    splits = [split for split in (dataset.train, dataset.validation) if split is not None]
    paths = [path for split in splits if isinstance(split.examples, ImageFiles) for path in split.examples.paths]
    return image_preprocessing.broken_files_named(paths, input=dataset.input)


def class_weights(dataset: Dataset, wanted: str | Mapping[str, float]) -> npt.NDArray[np.float32] | None:
    """Weight of each class in the loss, None for equal ones; balanced: total / (classes x count), as in scikit-learn.

    Raises:
        ConfigError: a class is named that the data does not have.
    """
    names = dataset.target.class_names
    if wanted == "none":
        return None
    if isinstance(wanted, str):
        counts = np.bincount(dataset.train.targets, minlength=len(names))
        balanced = counts.sum() / (len(names) * np.maximum(counts, 1))
        return np.asarray(balanced, dtype=np.float32)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        message = f"`train.class_weights` names the class {unknown[0]!r}, which the data does not have"
        help = f"classes: {', '.join(names)}; a class that is not named weighs 1"
        raise ConfigError(
            [Problem(code="AM305", message=message, path="train.class_weights", help=help)], source="train"
        )
    return np.array([wanted.get(name, 1.0) for name in names], dtype=np.float32)
