"""Words to the pieces of a vocabulary: the longest that a word begins with, then the longest of what is left of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

NONE = -1  # in place of the number of a piece that does not exist


@dataclass(frozen=True)
class Pieces:
    """A vocabulary to take words apart with. `lookup` gives the number of each piece, NONE of what is none.

    Pieces that are not the first of a word have `prefix` before them. A word of more than `longest_word` characters is
    `unknown`, as is one that the pieces do not make up.
    """

    lookup: Callable[[Any], Any]
    prefix: str
    unknown: int
    longest_piece: int
    longest_word: int

    def of(self, words: Any) -> Any:
        """The numbers of the pieces of each word, ragged int32 [n, (pieces)] of string [n]; an empty word has none."""
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        whole = self.lookup(words)
        unknown = tf.where(lengths > 0, self.unknown, NONE)
        first = tf.where(whole == NONE, unknown, whole)
        # Most words are pieces.
        rows = tf.where((whole == NONE) & (lengths > 0) & (lengths <= self.longest_word))
        apart = self._taken_apart(tf.gather_nd(words, rows), tf.gather_nd(lengths, rows))
        numbers = tf.pad(first[:, None], [[0, 0], [0, tf.shape(apart)[1] - 1]], constant_values=NONE)
        numbers = tf.tensor_scatter_nd_update(numbers, rows, apart)
        return tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(numbers, numbers != NONE),
            tf.reduce_sum(tf.cast(numbers != NONE, tf.int64), axis=1),
            validate=False,
        )

    def _taken_apart(self, words: Any, lengths: Any) -> Any:
        """int32 [n, (most pieces of a word, at least 1)], filled up with NONE; the words are not empty."""
        count = tf.size(words)

        def goes_on(step: Any, rows: Any, *_: Any) -> Any:
            return tf.size(rows) > 0

        def next_pieces(step: Any, rows: Any, done: Any, fits: Any, found: Any) -> tuple[Any, ...]:
            """Of those words that are not done, numbered `rows`, what comes behind their first `done` characters."""
            start, places = tf.gather(done, rows), rows[:, None]
            left = tf.gather(lengths, rows) - start
            prefix = tf.where(step == 0, "", self.prefix)
            number, length = self._longest(
                tf.strings.substr(tf.gather(words, rows), start, left, unit="UTF8_CHAR"), left, prefix=prefix
            )
            found = found.write(step, tf.tensor_scatter_nd_update(tf.fill([count], NONE), places, number))
            done = tf.tensor_scatter_nd_update(done, places, start + length)
            fits = tf.tensor_scatter_nd_update(fits, places, number != NONE)
            return step + 1, tf.boolean_mask(rows, (number != NONE) & (length < left)), done, fits, found

        found = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[None])
        state = (0, tf.range(count), tf.zeros([count], tf.int32), tf.ones([count], tf.bool), found)
        row = tf.TensorShape([None])
        shapes = (tf.TensorShape([]), row, row, row, tf.TensorShape(None))
        steps, _, _, fits, found = tf.while_loop(goes_on, next_pieces, state, shape_invariants=shapes)
        numbers = tf.cond(steps > 0, lambda: tf.transpose(found.stack()), lambda: tf.fill([count, 1], NONE))
        unknown = tf.one_hot([0], tf.shape(numbers)[1], on_value=self.unknown, off_value=NONE)
        return tf.where(fits[:, None], numbers, unknown)

    def _longest(self, words: Any, lengths: Any, *, prefix: Any) -> tuple[Any, Any]:
        """Number and length of the longest piece that each word begins with, int32 [n] both; NONE and 0 without one."""
        longest = tf.minimum(self.longest_piece, tf.reduce_max(lengths))
        # [n, longest], the longest first; a word that is shorter is looked up several times.
        widths = tf.minimum(tf.range(longest, 0, -1)[None, :], lengths[:, None])
        beginnings = tf.strings.substr(words[:, None], tf.zeros_like(widths), widths, unit="UTF8_CHAR")
        numbers = self.lookup(tf.strings.join([prefix, beginnings]))
        best = tf.argmax(tf.cast(numbers != NONE, tf.int32), axis=1, output_type=tf.int32)
        number = tf.gather(numbers, best, batch_dims=1)
        return number, tf.where(number == NONE, 0, tf.gather(widths, best, batch_dims=1))
