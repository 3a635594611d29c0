"""Texts to the numbers of their words, in TensorFlow operations only, so that a saved model takes raw text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

PADDING, UNKNOWN, STOP_WORD = 0, 1, -1
RESERVED = ("", "[UNK]")

# What separates words: white space and control characters, all but the plain space, which is by far the most frequent
# and is dealt with when the text is split. U+FFFD stands for bytes that are not UTF-8.
SPACES = r"\p{Cc}\x{A0}\x{1680}\x{2000}-\x{200B}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FFFD}"
BREAK = r"(?i:<br\s*/?>)"
# What nobody sees: soft hyphen, direction marks, word joiner, byte order mark.
INVISIBLE = r"\x{AD}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}"
APOSTROPHES = r"'\x{2019}\x{2BC}\x{FF07}"
# Without the other symbols (So), among them emoji and stars, which say much about a text.
PUNCTUATION = r"\p{P}\p{Sm}\p{Sc}\^`\x{A8}\x{AF}\x{B4}\x{B8}\x{FF3E}\x{FF40}"
# Scripts that put no space between words; the prolonged sound marks are of no script. And every other symbol.
WORD_BY_ITSELF = r"\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\x{FF70}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{So}"
# What belongs to the character before it: accents, vowel signs, skin tones, and emoji that are joined to it.
ATTACHED = r"(?:[\p{M}\x{1F3FB}-\x{1F3FF}]|\x{200D}\p{So})*"
FLAG = r"[\x{1F1E6}-\x{1F1FF}]{2}"
# ICU makes these letters small by the language of the machine (Turkish, Lithuanian). Here they always become the same.
SMALL = {"\u0130": "i", "\u00cc": "\u00ec", "\u00cd": "\u00ed", "\u0128": "\u0129", "\u012e": "\u012f"}
# There are no strings on a GPU; the numbers beside them would only travel to and fro.
ON_CPU = partial(tf.device, "CPU:0")


@dataclass(frozen=True)
class Rules:
    """How a text is split into words, and how many of them are read; see `aimodels.config.words.WordsOptions`."""

    lower: bool = True
    html_breaks: bool = True
    punctuation: Literal["strip", "split", "keep"] = "strip"
    split: Literal["auto", "whitespace", "characters"] = "auto"
    ngrams: int = 1
    max_length: int = 400
    keep: Literal["start", "end"] = "start"


@keras.saving.register_keras_serializable(package="aimodels")
class Words(keras.layers.Layer):
    """From texts, UTF-8 string [N], to the numbers of their words, int32 [N, T], padded on the right with 0.

    T is that of the longest text of the batch, after the cut. `words` have the numbers from 2 on; all others are 1. A
    text without any word reads as one unknown word, so that no row is all padding. Everything is kept in the layer's
    config: Keras's own TextVectorization keeps its words in a file of lines and cannot read back those that hold a line
    separator such as U+0085.
    """

    unit = "words"  # what is counted
    num_added = 0  # how many of them are added to each text
    is_pair = False

    def __init__(
        self,
        rules: Rules | Mapping[str, Any],
        *,
        words: Sequence[str] = (),
        stop_words: Sequence[str] = (),
        **layer: Any,
    ) -> None:
        super().__init__(**{"dtype": "int32", **layer})
        self.rules = rules if isinstance(rules, Rules) else Rules(**rules)
        self.words = tuple(words)
        self.stop_words = tuple(stop_words)
        self._convert_input_args = False  # Keras would refuse a list of texts
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False
        with tf.init_scope(), ON_CPU():
            self.table = self._table()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The word of each number: padding (empty), unknown, and the words."""
        return (*RESERVED, *self.words)

    @property
    def max_length(self) -> int:
        """How many words are read at most."""
        return self.rules.max_length

    @property
    def keep(self) -> str:
        """Which end of a longer text is read."""
        return self.rules.keep

    def call(self, texts: Any) -> Any:
        """int32 [N, T] of string [N]; T is at least 1."""
        with ON_CPU():
            ids = self.ids_of(self.words_of(tf.convert_to_tensor(texts, dtype=tf.string)))
            longest = tf.maximum(ids.bounding_shape(axis=1), 1)
            return ids.to_tensor(PADDING, shape=tf.stack([ids.nrows(), longest]))

    def compute_output_spec(self, texts: Any) -> keras.KerasTensor:
        """One row per text, of a length that only the batch knows."""
        return keras.KerasTensor((*texts.shape, None), dtype="int32")

    def words_of(self, texts: Any) -> Any:
        """Every word of each text in its order, ragged string [N, (words)]; each n-gram stands behind its last word."""
        with ON_CPU():
            words = tf.strings.split(_spaced(_cleaned(texts, rules=self.rules), rules=self.rules))
            if self.stop_words:
                words = tf.ragged.boolean_mask(words, tf.not_equal(self.table.lookup(words), STOP_WORD))
            return _with_ngrams(words, longest=self.rules.ngrams) if self.rules.ngrams > 1 else words

    def ids_of(self, words: Any) -> Any:
        """The numbers of those words that are read, ragged int32 [N, (1 to max_length)]."""
        limit = self.rules.max_length
        with ON_CPU():
            ids = self.table.lookup(words[:, :limit] if self.rules.keep == "start" else words[:, -limit:])
            is_empty = tf.cast(tf.equal(words.row_lengths(), 0), tf.int64)
            unknown = tf.fill([tf.reduce_sum(is_empty)], tf.constant(UNKNOWN, dtype=tf.int32))
            return tf.concat([ids, tf.RaggedTensor.from_row_lengths(unknown, is_empty)], axis=1)

    def num_tokens_of(self, words: Any) -> Any:
        """How many of the words that `words_of` gave each text has, int64 [N]."""
        return words.row_lengths()

    def hidden(self, ids: Any) -> Any:
        """What stands in the place of words that augmentation hides, of the shape of `ids`."""
        return tf.fill(tf.shape(ids), tf.constant(UNKNOWN, dtype=ids.dtype))

    def is_fixed(self, ids: Any) -> Any:
        """Which of some numbers augmentation must leave where they are: the padding."""
        return tf.equal(ids, PADDING)

    def is_unknown(self, ids: Any) -> npt.NDArray[np.bool_]:
        """Which of some numbers stand for words that are not in the vocabulary."""
        found: npt.NDArray[np.bool_] = np.asarray(ids) == UNKNOWN
        return found

    def get_config(self) -> dict[str, Any]:
        """Everything that the layer is made of, as JSON."""
        own = {"rules": asdict(self.rules), "words": list(self.words), "stop_words": list(self.stop_words)}
        return {**super().get_config(), **own}

    def _table(self) -> Any:
        known = self.vocabulary[UNKNOWN:]  # never empty, as a table must not be
        words = tf.constant([*known, *self.stop_words], dtype=tf.string)
        ids = [*range(UNKNOWN, UNKNOWN + len(known)), *([STOP_WORD] * len(self.stop_words))]
        entries = tf.lookup.KeyValueTensorInitializer(words, tf.constant(ids, dtype=tf.int32))
        return tf.lookup.StaticHashTable(entries, default_value=UNKNOWN)


def _cleaned(texts: Any, *, rules: Rules) -> Any:
    """Valid UTF-8 without control characters of ASCII, in small letters if so ruled."""
    if rules.lower:
        texts = tf.strings.lower(texts)  # those of ASCII
    # Most texts need nothing more, and what the others need is slow.
    others = tf.where(tf.logical_not(tf.strings.regex_full_match(texts, r"[\t\n\r -~]*")))
    cleaned = tf.strings.unicode_transcode(
        tf.gather_nd(texts, others),
        "UTF-8",
        "UTF-8",
        errors="replace",
        replacement_char=ord(" "),
        replace_control_characters=True,
    )
    if rules.lower:
        for letter, small in SMALL.items():
            cleaned = tf.strings.regex_replace(cleaned, letter, small)
        cleaned = tf.strings.lower(cleaned, encoding="utf-8")
    return tf.tensor_scatter_nd_update(texts, others, cleaned)


def _spaced(texts: Any, *, rules: Rules) -> Any:
    """The texts with a space wherever a word ends."""
    left_out, separating = INVISIBLE, SPACES
    if rules.punctuation == "strip":
        left_out, separating = left_out + APOSTROPHES, separating + PUNCTUATION
    texts = tf.strings.regex_replace(texts, f"[{left_out}]", "")
    separator = f"[{separating}]+"
    if rules.html_breaks:
        # Inside the repetition: in "end.<br />" the class alone would take the "<" along.
        separator = f"(?:{BREAK}|[{separating}])+"
    texts = tf.strings.regex_replace(texts, separator, " ")
    alone = _words_by_themselves(rules)
    return tf.strings.regex_replace(texts, alone, r" \0 ") if alone else texts


def _words_by_themselves(rules: Rules) -> str:
    """A pattern of what is a word whatever stands beside it; empty if nothing is."""
    if rules.split == "characters":
        return f"{FLAG}|[^ ]{ATTACHED}"
    patterns = []
    if rules.split == "auto":
        patterns.append(f"{FLAG}|[{WORD_BY_ITSELF}]{ATTACHED}")
    if rules.punctuation == "split":
        patterns.append(f"[{PUNCTUATION}]")
    return "|".join(patterns)


def _with_ngrams(words: Any, *, longest: int) -> Any:
    """Behind each word the runs of 2, 3, ... words that end with it, joined by spaces, as far as its text has them."""
    flat = words.flat_values
    starts = tf.gather(words.row_starts(), words.value_rowids())
    place = tf.range(tf.size(flat, out_type=tf.int64)) - starts
    runs, exists = [flat], [tf.ones_like(place, dtype=tf.bool)]
    for length in range(2, longest + 1):
        before = tf.concat([tf.fill([1], ""), runs[-1]], axis=0)[:-1]
        runs.append(tf.strings.join([before, flat], separator=" "))
        exists.append(place >= length - 1)
    counts = tf.RaggedTensor.from_row_splits(tf.add_n([tf.cast(one, tf.int64) for one in exists]), words.row_splits)
    values = tf.boolean_mask(tf.stack(runs, axis=1), tf.stack(exists, axis=1))
    return tf.RaggedTensor.from_row_lengths(values, tf.reduce_sum(counts, axis=1))
