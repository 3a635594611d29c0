"""Texts to the numbers of the pieces of their words, as BERT's tokenizer does it, in TensorFlow operations only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.encoders.encoder import PieceRules
from aimodels.layers.bert_characters import changed_characters
from aimodels.layers.bert_splitting import special_words, split
from aimodels.layers.longest_pieces import NONE, Pieces
from aimodels.layers.words import ON_CPU

SAME = "\x01"  # in place of what becomes of a character that stays as it is; no character becomes it


@dataclass(frozen=True)
class Cut:
    """How much of a text, or of a pair of texts, is read: so many pieces, [CLS] and [SEP] counted."""

    max_length: int = 256
    keep: Literal["start", "end"] = "start"


@keras.saving.register_keras_serializable(package="aimodels")
class Wordpieces(keras.layers.Layer):
    """From texts, UTF-8 string [N], to the numbers of their pieces, int32 [N, T], padded on the right with 0.

    With `is_pair` it is called with two such tensors, in a list. A text becomes [CLS] text [SEP], a pair [CLS] first
    [SEP] second [SEP]; of two texts that are too long together the longer one is cut first. The pieces of a second
    text, and the [SEP] behind it, have their number plus that of all pieces, V: `ids % V` are the pieces, `ids // V`
    says which text they are of. Everything is kept in the layer's config.
    """

    unit = "pieces"  # what is counted

    def __init__(
        self,
        rules: PieceRules | Mapping[str, Any],
        *,
        vocabulary: Sequence[str],
        cut: Cut | Mapping[str, Any] = Cut(),
        is_pair: bool = False,
        **layer: Any,
    ) -> None:
        super().__init__(**{"dtype": "int32", **layer})
        self.rules = rules if isinstance(rules, PieceRules) else _rules(rules)
        self.cut = cut if isinstance(cut, Cut) else Cut(**cut)
        self.vocabulary = tuple(vocabulary)
        self.is_pair = is_pair
        self.numbers = {piece: number for number, piece in enumerate(self.vocabulary)}
        self._convert_input_args = False  # Keras would refuse a list of texts
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False
        with tf.init_scope(), ON_CPU():
            self.table = _table(self._looked_up(), default=NONE)
            changes = changed_characters(lower=self.rules.lower, strip_accents=self.rules.strip_accents)
            self.changes = _table(changes or {SAME: SAME}, default=SAME)  # never empty, as a table must not be

    @property
    def max_length(self) -> int:
        """How many pieces are read at most, the special ones counted."""
        return self.cut.max_length

    @property
    def keep(self) -> str:
        """Which end of a longer text is read."""
        return self.cut.keep

    @property
    def num_added(self) -> int:
        """How many pieces are added to each text, or pair of texts: [CLS] and [SEP]."""
        return 3 if self.is_pair else 2

    def call(self, texts: Any) -> Any:
        """int32 [N, T] of string [N], or of two of them; T is at least 1."""
        with ON_CPU():
            ids = self.ids_of(self.words_of(texts))
            longest = tf.maximum(ids.bounding_shape(axis=1), 1)
            return ids.to_tensor(0, shape=tf.stack([ids.nrows(), longest]))

    def compute_output_spec(self, texts: Any) -> keras.KerasTensor:
        """One row per text, of a length that only the batch knows."""
        first = texts[0] if self.is_pair else texts
        return keras.KerasTensor((*first.shape, None), dtype="int32")

    def words_of(self, texts: Any) -> Any:
        """Every piece of each text, before the cut and without [CLS] and [SEP]: ragged int32 [N, (pieces)].

        Of pairs two of them, in a tuple.
        """
        if not self.is_pair:
            return self._pieces(texts)
        first, second = texts
        return self._pieces(first), self._pieces(second)

    def ids_of(self, pieces: Any) -> Any:
        """What is read of the pieces that `words_of` gave, with [CLS] and [SEP]: ragged int32, up to max_length."""
        start, end = self.numbers[self.rules.start], self.numbers[self.rules.end]
        with ON_CPU():
            if not self.is_pair:
                kept = self._kept(pieces, tf.minimum(pieces.row_lengths(), self.max_length - 2))
                return tf.concat([_column(kept, start), kept, _column(kept, end)], axis=1)
            lengths = _longest_first(*(each.row_lengths() for each in pieces), room=self.max_length - 3)
            first, second = (self._kept(each, length) for each, length in zip(pieces, lengths, strict=True))
            second = tf.concat([second, _column(second, end)], axis=1) + len(self.vocabulary)
            return tf.concat([_column(first, start), first, _column(first, end), second], axis=1)

    def num_tokens_of(self, pieces: Any) -> Any:
        """How many pieces each text (or pair) has before the cut, [CLS] and [SEP] counted: int64 [N]."""
        parts = pieces if self.is_pair else (pieces,)
        return tf.add_n([part.row_lengths() for part in parts]) + self.num_added

    def parted(self, texts: Any) -> Any:
        """The words of each text, string [N], before they are taken apart: ragged string [N, (words)].

        A punctuation mark is a word; a special piece is one that no text can hold. A word may be empty: of mere accents
        nothing is left.
        """
        with ON_CPU():
            words, different, places = self._different(texts)
            return words.with_flat_values(tf.gather(different, places))

    def different_words(self, texts: Any) -> tuple[Any, Any]:
        """The different words that `parted` gives of some texts, and how often each occurs, int64."""
        with ON_CPU():
            found, _, times = tf.unique_with_counts(self.parted(texts).flat_values, out_idx=tf.int64)
            return found, times

    def hidden(self, ids: Any) -> Any:
        """What stands in the place of pieces that augmentation hides, of the shape of `ids`: [MASK], or [UNK] where the
        encoder has none."""
        hidden = self.numbers.get(self.rules.mask, self.numbers[self.rules.unknown])
        return ids - ids % len(self.vocabulary) + hidden

    def is_fixed(self, ids: Any) -> Any:
        """Which of some numbers augmentation must leave where they are: padding, [CLS] and [SEP]."""
        fixed = [self.numbers[piece] for piece in (self.rules.padding, self.rules.start, self.rules.end)]
        return tf.reduce_any(tf.equal((ids % len(self.vocabulary))[..., None], tf.constant(fixed, ids.dtype)), axis=-1)

    def is_unknown(self, ids: Any) -> npt.NDArray[np.bool_]:
        """Which of some numbers stand for words that the encoder has no pieces for."""
        found: npt.NDArray[np.bool_] = np.asarray(ids) % len(self.vocabulary) == self.numbers[self.rules.unknown]
        return found

    def get_config(self) -> dict[str, Any]:
        """Everything that the layer is made of, as JSON."""
        own = {"rules": asdict(self.rules), "vocabulary": list(self.vocabulary), "cut": asdict(self.cut)}
        return {**super().get_config(), **own, "is_pair": self.is_pair}

    def _looked_up(self) -> dict[str, int]:
        """Pieces as they stand in the vocabulary, and the words that stand for special ones found in a text."""
        prefix, longest = self.rules.prefix, self.rules.longest_word
        pieces = {piece: number for piece, number in self.numbers.items() if len(piece.removeprefix(prefix)) <= longest}
        return pieces | special_words(self.rules, numbers=self.numbers)

    def _pieces(self, texts: Any) -> Any:
        """ragged int32 [N, (pieces)] of string [N]; each different word is taken apart once."""
        with ON_CPU():
            words, different, places = self._different(texts)
            found = tf.gather(self._of_words.of(different), places)
            starts = tf.gather(found.row_splits, words.row_splits)
            return tf.RaggedTensor.from_row_splits(found.flat_values, starts, validate=False)

    def _different(self, texts: Any) -> tuple[Any, Any, Any]:
        """The words of each text as they stand there, ragged [N, (words)]; all different ones, string [n], in small
        letters and without accents as the rules say; and where each word is among those."""
        words = split(tf.convert_to_tensor(texts, dtype=tf.string), rules=self.rules, numbers=self.numbers)
        different, places = tf.unique(words.flat_values, out_idx=tf.int64)
        return words, self._changed(different), places

    @property
    def _of_words(self) -> Pieces:
        prefix = self.rules.prefix
        return Pieces(
            self.table.lookup,
            prefix=prefix,
            unknown=self.numbers[self.rules.unknown],
            longest_piece=max(len(piece.removeprefix(prefix)) for piece in self.vocabulary),
            longest_word=self.rules.longest_word,
        )

    def _changed(self, words: Any) -> Any:
        """Words [n] in small letters and without accents, as the rules say."""
        if not (self.rules.lower or self.rules.strip_accents):
            return words
        if self.rules.lower:
            words = tf.strings.lower(words)  # those of ASCII
        others = tf.where(tf.logical_not(tf.strings.regex_full_match(words, r"[\x00-\x7F]*")))
        characters = tf.strings.unicode_split(tf.gather_nd(words, others), "UTF-8")
        after = self.changes.lookup(characters.flat_values)
        after = tf.where(after == SAME, characters.flat_values, after)
        joined = tf.strings.reduce_join(characters.with_flat_values(after), axis=-1)
        return tf.tensor_scatter_nd_update(words, others, joined)

    def _kept(self, pieces: Any, lengths: Any) -> Any:
        """So many pieces of each text, int64 [N], from its start or its end."""
        place = tf.range(tf.size(pieces.flat_values, out_type=tf.int64))
        row = pieces.value_rowids()
        first = pieces.row_starts() if self.keep == "start" else pieces.row_limits() - lengths
        is_kept = (place >= tf.gather(first, row)) & (place < tf.gather(first + lengths, row))
        return tf.RaggedTensor.from_row_lengths(tf.boolean_mask(pieces.flat_values, is_kept), lengths, validate=False)


def _rules(config: Mapping[str, Any]) -> PieceRules:
    """The rules as they were before they became JSON."""
    return PieceRules(**{**config, "special": tuple(config["special"])})


def _column(rows: Any, number: int) -> Any:
    """The number once for each of the rows, ragged int32 [N, 1]."""
    count = rows.nrows()
    return tf.RaggedTensor.from_uniform_row_length(tf.fill([count], number), 1, nrows=count, validate=False)


def _longest_first(first: Any, second: Any, *, room: int) -> tuple[Any, Any]:
    """How much is read of texts of these lengths, int64 [N] both: of two that have no room the longer one is cut first.

    Where both are cut, the longer one (the second, of equal ones) has the odd piece.
    """
    shorter, longer = tf.minimum(first, second), tf.maximum(first, second)
    half = tf.constant(room // 2, tf.int64)
    shorter = tf.where(first + second > room, tf.minimum(shorter, half), shorter)
    longer = tf.minimum(longer, room - shorter)
    is_first_longer = first > second
    return tf.where(is_first_longer, longer, shorter), tf.where(is_first_longer, shorter, longer)


def _table(entries: Mapping[str, Any], *, default: Any) -> Any:
    values = list(entries.values())
    kind = tf.string if isinstance(default, str) else tf.int32
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(entries), tf.string), tf.constant(values, kind))
    return tf.lookup.StaticHashTable(initializer, default_value=default)
