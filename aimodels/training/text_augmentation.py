"""Random changes of a batch of texts, as a function of one seed per batch: the same seed gives the same texts.

Words are changed where they are numbers already; characters, before the texts are split into words.
"""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from aimodels.config.augmentation import TextAugmentation
from aimodels.layers.wordpieces import Wordpieces
from aimodels.layers.words import Words


@dataclass(frozen=True)
class _Draw:
    """Random numbers of a batch, a new stream each time."""

    seed: Any

    def uniform(self, stream: int, shape: Any) -> Any:
        """Numbers from 0 up to 1, float32."""
        seed = tf.random.experimental.stateless_fold_in(self.seed, stream)
        return tf.random.stateless_uniform(shape, seed=seed)


def augmented_ids(ids: Any, options: TextAugmentation, *, seed: Any, layer: Words | Wordpieces) -> Any:
    """Hide words (or pieces) and let neighbours change places, int32 [batch, length], padded on the right with 0.

    `layer`, which gave the ids, says what stands in the place of a hidden one, and which stay as they are, such as the
    padding. `seed` is an int32 or int64 tensor of shape [2].
    """
    draw = _Draw(seed)
    is_word = tf.logical_not(layer.is_fixed(ids))
    changed = ids
    if options.word_dropout:
        is_hidden = draw.uniform(0, tf.shape(ids)) < options.word_dropout
        changed = tf.where(tf.logical_and(is_word, is_hidden), layer.hidden(ids), changed)
    if options.word_swap:
        # A stretch between two that stay is a row of its own, so that nothing moves across them.
        stretches = _stretches(is_word)
        words = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(changed, is_word), stretches)
        swapped = _swapped(words, share=options.word_swap, draw=draw, stream=1)
        changed = tf.tensor_scatter_nd_update(changed, tf.where(is_word), swapped.flat_values)
    # Ragged tensors forget the size.
    return tf.ensure_shape(changed, ids.shape)


def _stretches(is_word: Any) -> Any:
    """How many words follow each other without a break, bool [batch, length]: int64 [number of stretches]."""
    before = tf.pad(is_word, [[0, 0], [1, 0]])[:, :-1]
    begins = tf.boolean_mask(tf.logical_and(is_word, tf.logical_not(before)), is_word)
    number = tf.cumsum(tf.cast(begins, tf.int64)) - 1
    return tf.math.unsorted_segment_sum(tf.ones_like(number), number, tf.reduce_sum(tf.cast(begins, tf.int64)))


def augmented_strings(strings: Any, options: TextAugmentation, *, seed: Any) -> Any:
    """Leave out characters and let neighbours change places, UTF-8 string [batch]; no text becomes empty.

    A character is a code point; bytes that are not UTF-8 become U+FFFD. `seed` as in `augmented_ids`.
    """
    if not (options.char_dropout or options.char_swap):
        return strings
    draw = _Draw(seed)
    characters = tf.strings.unicode_decode(strings, "UTF-8", errors="replace")
    if options.char_dropout:
        characters = _thinned(characters, share=options.char_dropout, draw=draw)
    if options.char_swap:
        characters = _swapped(characters, share=options.char_swap, draw=draw, stream=4)
    return tf.ensure_shape(tf.strings.unicode_encode(characters, "UTF-8"), strings.shape)


def _thinned(rows: Any, *, share: float, draw: _Draw) -> Any:
    """Each row without about this share of its values, and never without all of them."""
    numbers = rows.with_flat_values(draw.uniform(3, tf.shape(rows.flat_values)))
    largest = tf.reduce_max(numbers, axis=1)
    limit = tf.gather(tf.minimum(largest, share), rows.value_rowids())
    return tf.ragged.boolean_mask(rows, rows.with_flat_values(numbers.flat_values >= limit))


def _swapped(rows: Any, *, share: float, draw: _Draw, stream: int) -> Any:
    """Each row with this share of its values, on average, in the place of a neighbour; draws `stream` and the next.

    Pairs are disjoint, so nothing moves further than one place. They begin at the first value of a row or, by chance,
    at the second; so on average one of its n values has no partner, and the others move n / (n - 1) times as often.
    """
    row, length = rows.value_rowids(), rows.row_lengths()
    numbers = tf.range(tf.size(rows.flat_values, out_type=tf.int64))
    place = numbers - tf.gather(rows.row_starts(), row)
    coin = draw.uniform(stream, tf.shape(length)) < 0.5
    chance = share * tf.cast(length, tf.float32) / tf.cast(tf.maximum(length - 1, 1), tf.float32)
    begins_pair = tf.equal((place - tf.gather(tf.cast(coin, tf.int64), row)) % 2, 0)
    has_next = place + 1 < tf.gather(length, row)
    is_chosen = draw.uniform(stream + 1, tf.shape(numbers)) < tf.gather(chance, row)
    goes_right = tf.cast(tf.logical_and(tf.logical_and(begins_pair, has_next), is_chosen), tf.int64)
    goes_left = tf.concat([tf.zeros([1], tf.int64), goes_right], axis=0)[:-1]
    return rows.with_flat_values(tf.gather(rows.flat_values, numbers + goes_right - goes_left))
