"""Batches for the training loop; order and augmentation are functions of (seed, epoch, position)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.config.augmentation import ImageAugmentation, TextAugmentation
from aimodels.config.schema import Config, TokenBudget
from aimodels.data.dataset import Dataset, ImageInput, Split, TextInput
from aimodels.training.augmentation import augmented
from aimodels.training.image_source import ImageSource, image_source
from aimodels.training.ordering import Order, Positions, in_sequence
from aimodels.training.pipelines import as_written, read_ahead
from aimodels.training.sampling import sampled
from aimodels.training.sharing import WHOLE, Shares
from aimodels.training.table_source import StoredTableSource, TableSource, table_source
from aimodels.training.target_scale import TargetScale
from aimodels.training.text_source import TextSource, text_source

Source = ImageSource | TextSource | TableSource | StoredTableSource


@dataclass(frozen=True)
class Batches:
    """The batches of a dataset, as the training loop wants them. `one_hot`: targets as rows instead of numbers.

    `reading` is the fitted preprocessing, which texts and rows go through here; images go through it in the network.
    `shares` are the parts of each batch that this process takes, each a `Share` where there are several replicas.
    """

    dataset: Dataset
    config: Config
    one_hot: bool
    scale: TargetScale = TargetScale()
    reading: keras.Model | None = None
    shares: Shares = WHOLE

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch; the same number in every one."""
        return self.train.num_batches(self.examples_per_epoch)

    @cached_property
    def examples_per_epoch(self) -> int:
        """Training examples that an epoch shows, each time that one comes counted."""
        return len(self._chosen(epoch=0))

    @property
    def examples_per_step(self) -> float:
        """Examples in a batch, on average."""
        return self.examples_per_epoch / max(1, self.steps_per_epoch)

    @property
    def mean_length(self) -> float:
        """Words in a training text, on average; 1 for what has no length."""
        return self.train.mean_length if isinstance(self.train, TextSource) else 1.0

    def epoch(self, epoch: int, *, first_step: int = 0) -> tf.data.Dataset:
        """The training batches of one epoch from a step on (both counted from 0): (examples, targets, weights if there
        are any)."""
        parts = self.shares.of(self.order(epoch).after(first_step))
        batches = self._shown(parts.order, epoch=epoch, shares=self.shares, first_step=first_step)
        return read_ahead(parts.told(batches))

    def sample(self, positions: Positions) -> tuple[Any, ...]:
        """These training examples as a batch of the first epoch shows them: (examples, targets, weights if any)."""
        [batch] = self._shown(in_sequence(positions, size=len(positions)), epoch=0, shares=WHOLE)
        return tuple(batch)

    def _shown(self, order: Order, *, epoch: int, shares: Shares, first_step: int = 0) -> tf.data.Dataset:
        """Training batches in this order, changed at random if that is asked for."""
        batches = self.train.batches(order, targets=self.train_targets)
        if self.config.train.augment.is_on:
            seed = tf.constant([self.config.seed, epoch], dtype=tf.int64)

            def changed(number: Any, batch: tuple[Any, ...]) -> tuple[Any, ...]:
                return self._augmented(batch, seed=seed, number=shares.number_of(number, first_step=first_step))

            batches = batches.enumerate().map(
                as_written(changed),
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
        return batches

    def order(self, epoch: int) -> Order:
        """Which training examples are in which batch of an epoch (counted from 0)."""
        return self.train.shuffled(self._chosen(epoch=epoch), seed=self.config.seed, epoch=epoch)

    def validation(self) -> tf.data.Dataset | None:
        """The validation batches, unchanged; None where there is no validation split."""
        if self.held_out is None or self.validation_targets is None:
            return None
        parts = self.shares.of(self.held_out.in_sequence())
        return read_ahead(parts.told(self.held_out.batches(parts.order, targets=self.validation_targets)))

    def _chosen(self, *, epoch: int) -> npt.NDArray[np.int64]:
        """Positions of the training examples that an epoch shows."""
        sampling, seed = self.config.train.sampling, self.config.seed
        return sampled(self.dataset.train.targets, sampling, seed=seed, epoch=epoch)

    @cached_property
    def train(self) -> Source:
        """Where the training examples come from."""
        train = self.config.train
        return self._source(self.dataset.train, batch_size=train.batch_size, augment=train.augment)

    @cached_property
    def held_out(self) -> Source | None:
        """Where the validation examples come from; None without a validation split."""
        split, batch_size = self.dataset.validation, self.config.train.batch_size
        if split is None:
            return None
        return self._source(split, batch_size=batch_size, augment=type(self.config.train.augment)())

    def _source(
        self, split: Split, *, batch_size: int | TokenBudget, augment: ImageAugmentation | TextAugmentation
    ) -> Source:
        input = self.dataset.input
        if isinstance(input, TextInput):
            changes = augment if isinstance(augment, TextAugmentation) else TextAugmentation()
            return text_source(split, reading=self._reading, batch_size=batch_size, augment=changes)
        if not isinstance(batch_size, int):
            raise TypeError("a budget of tokens is for texts")
        if isinstance(input, ImageInput):
            return image_source(split, input=input, batch_size=batch_size)
        return table_source(split, reading=self._reading, batch_size=batch_size)

    @property
    def _reading(self) -> keras.Model:
        if self.reading is None:
            raise TypeError("texts and rows need the preprocessing that reads them")
        return self.reading

    def _augmented(self, batch: tuple[Any, ...], *, seed: Any, number: Any) -> tuple[Any, ...]:
        examples, *rest = batch
        return (self._augment(examples, tf.random.experimental.stateless_fold_in(seed, number)), *rest)

    @cached_property
    def _augment(self) -> Any:
        """A function of (examples, seed) that is traced once for all epochs."""
        options, train = self.config.train.augment, self.train
        if isinstance(options, ImageAugmentation):
            return tf.function(lambda images, seed: augmented(images, options, seed=seed), autograph=False)
        if not isinstance(train, TextSource):
            raise TypeError("only texts have words to change")
        signature = [train.signature, tf.TensorSpec([2], tf.int64)]
        return tf.function(
            lambda texts, seed: train.augmented(texts, seed=seed), autograph=False, input_signature=signature
        )

    @cached_property
    def train_targets(self) -> tuple[Any, ...]:
        """What the loss wants per training example: the target, and its weight if examples weigh differently."""
        split, weights = self.dataset.train, self.dataset.train.weights
        of_classes = class_weights(self.dataset, self.config.train.class_weights)
        if of_classes is not None:
            of_examples = of_classes[split.targets]
            weights = of_examples if weights is None else weights * of_examples
        return self._targets(split, weights=weights)

    @cached_property
    def validation_targets(self) -> tuple[Any, ...] | None:
        """The same of the validation examples; None where there are none."""
        split = self.dataset.validation
        return None if split is None else self._targets(split, weights=split.weights)

    def _targets(self, split: Split, *, weights: npt.NDArray[np.float32] | None) -> tuple[Any, ...]:
        """What the loss wants per example: the target, and its weight if examples weigh differently."""
        target = self.dataset.target
        wanted: npt.NDArray[Any] = split.targets
        if target.task == "regression":
            wanted = self.scale.learned(split.targets)[:, None]
        elif target.task == "multilabel":
            wanted = split.targets.astype(np.float32)
        elif target.task == "binary":
            wanted = split.targets[:, None].astype(np.float32)
        elif self.one_hot:
            wanted = np.eye(len(target.class_names), dtype=np.float32)[split.targets]
        with tf.device("CPU:0"):
            row = (tf.constant(wanted),)
            return row if weights is None else (*row, tf.constant(weights))


def class_weights(dataset: Dataset, wanted: str | Mapping[str, float]) -> npt.NDArray[np.float32] | None:
    """Weight of each class in the loss, None for equal ones; balanced: total / (classes x count), as in scikit-learn.

    A class that is not named weighs 1.
    """
    names = dataset.target.class_names
    if wanted == "none":
        return None
    if isinstance(wanted, str):
        counts = np.bincount(dataset.train.targets, minlength=len(names))
        balanced = counts.sum() / (len(names) * np.maximum(counts, 1))
        return np.asarray(balanced, dtype=np.float32)
    return np.array([wanted.get(name, 1.0) for name in names], dtype=np.float32)
