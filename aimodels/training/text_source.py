"""Texts for the training loop: read into token ids once, batched by length, padded to the longest of each batch."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.config.augmentation import TextAugmentation
from aimodels.config.schema import TokenBudget
from aimodels.data.dataset import Split, Texts
from aimodels.data.plurals import counted
from aimodels.events import phase
from aimodels.preprocessing import words
from aimodels.training.ordering import Order, shuffled_by_budget, shuffled_by_length, sorted_by_length
from aimodels.training.pipelines import in_order
from aimodels.training.text_augmentation import augmented_ids, augmented_strings


@dataclass(frozen=True)
class TextSource:
    """The texts of a split: `examples` are their ids (ragged), or where characters are to be changed the texts,
    string [N, 1], of pairs [N, 2]."""

    encoded: words.Encoded
    examples: Any
    reading: keras.Model
    batch_size: int | TokenBudget
    augment: TextAugmentation

    @property
    def holds_strings(self) -> bool:
        """Whether the texts must be read anew in each epoch."""
        return not isinstance(self.examples, tf.RaggedTensor)

    def num_batches(self, num_chosen: int) -> int:
        """Batches that show so many texts; with a budget of tokens, those that show every text once."""
        return -(-num_chosen // self.batch_size) if isinstance(self.batch_size, int) else len(self.in_sequence())

    @property
    def signature(self) -> tf.TensorSpec:
        """What `batches` gives of the texts."""
        if self.holds_strings:
            return tf.TensorSpec([None, self.examples.shape[1]], tf.string)
        return tf.TensorSpec([None, None], tf.int32)

    @property
    def mean_length(self) -> float:
        """Words in a text, on average, after the cut."""
        return float(self._lengths.mean()) if len(self._lengths) else 1.0

    def shuffled(self, chosen: npt.NDArray[np.int64], *, seed: int, epoch: int) -> Order:
        """The chosen texts in random batches of similar length."""
        lengths = self._lengths[chosen]
        if isinstance(self.batch_size, int):
            return shuffled_by_length(lengths, size=self.batch_size, seed=seed, epoch=epoch).of(chosen)
        return shuffled_by_budget(lengths, budget=self.batch_size, seed=seed, epoch=epoch).of(chosen)

    def in_sequence(self) -> Order:
        """Every text once, the shortest first."""
        return sorted_by_length(self._lengths, batch_size=self.batch_size)

    def batches(self, order: Order, *, targets: tuple[Any, ...]) -> tf.data.Dataset:
        """The batches of an order: ids [n, longest], or texts [n, 1 or 2] if characters will change; then `targets`."""
        return in_order(order, lambda chosen: (self._texts(chosen), *(tf.gather(each, chosen) for each in targets)))

    def augmented(self, examples: Any, *, seed: Any) -> Any:
        """Ids [n, longest] with some words changed, from what `batches` gives; `seed` is a tensor of shape [2]."""
        ids, layer = examples, words.words_layer(self.reading)
        if self.holds_strings:
            # Both texts of a pair are changed as if they were texts of their own.
            flat = augmented_strings(tf.reshape(examples, [-1]), self.augment, seed=seed)
            sides = tf.unstack(tf.reshape(flat, tf.shape(examples)), num=2 if layer.is_pair else 1, axis=1)
            ids = layer(sides if layer.is_pair else sides[0])
        return augmented_ids(ids, self.augment, seed=seed, layer=layer)

    @cached_property
    def _lengths(self) -> Any:
        return np.diff(self.encoded.starts)

    def _texts(self, positions: Any) -> Any:
        chosen = tf.gather(self.examples, positions)
        return chosen if self.holds_strings else chosen.to_tensor(0)


def text_source(
    split: Split, *, reading: keras.Model, batch_size: int | TokenBudget, augment: TextAugmentation
) -> TextSource:
    """Read every text of a split, once; `reading` is the fitted preprocessing."""
    if not isinstance(split.examples, Texts):
        raise TypeError(f"{type(split.examples).__name__} are no texts")
    texts = split.examples
    with phase(f"reading the {words.words_layer(reading).unit} of {counted(len(texts), f'{split.name} text')}"):
        encoded = words.encode(reading, texts)
    with tf.device("CPU:0"):
        if augment.char_dropout or augment.char_swap:
            sides = (texts.strings, texts.seconds) if words.words_layer(reading).is_pair else (texts.strings,)
            examples = tf.stack([tf.constant(words.as_utf_8(strings), tf.string) for strings in sides], axis=1)
        else:
            examples = tf.RaggedTensor.from_row_splits(encoded.ids, encoded.starts, validate=False)
    return TextSource(encoded, examples, reading, batch_size, augment)
