"""Texts to words as BERT's tokenizer parts them, before small letters and pieces, in TensorFlow operations only."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from aimodels.encoders.encoder import PieceRules
from aimodels.layers.bert_characters import (
    CHINESE,
    PUNCTUATION,
    REMOVED,
    SPACES,
    pattern_of,
    split_before_change,
)

# Stands before the number of a special piece that was found in a text; a text's own ones are another character, which
# is removed as well or else is in no word that has pieces.
MARKER, OTHER = "\x01", "\x02"


def special_words(rules: PieceRules, *, numbers: Mapping[str, int]) -> dict[str, int]:
    """The number of each special piece that the vocabulary has, by the word that `split` puts in its place."""
    return {f"{MARKER}{numbers[piece]}": numbers[piece] for piece in rules.special if piece in numbers}


def split(texts: Any, *, rules: PieceRules, numbers: Mapping[str, int]) -> Any:
    """The words of each text, UTF-8 string [N], as a ragged string [N, (words)]; each punctuation mark is a word.

    Capital letters and accents are left; bytes that are not UTF-8 read as U+FFFD. Special pieces, whose place is in
    `numbers`, are found as they stand in a text, before anything is removed from it.
    """
    special = {piece: numbers[piece] for piece in rules.special if piece in numbers}
    # Most texts need little, and what the others need is slow. They too hold no marker.
    is_plain = tf.strings.regex_full_match(texts, r"[\t\n\r -~]*")
    texts = _where(tf.logical_not(is_plain), texts, _valid)
    if special:
        among = "|".join(re.escape(piece) for piece in sorted(special, key=len, reverse=True))
        holds_special = tf.strings.regex_full_match(texts, f"(?s).*(?:{among}).*")
        texts = _where(holds_special, texts, lambda found: _marked(found, special=special, among=among))
    texts = _where(tf.logical_not(is_plain), texts, lambda others: _spaced(others, rules=rules))
    texts = tf.strings.regex_replace(texts, r"[!-/:-@\[-`{-~]", r" \0 ")
    return tf.strings.split(texts)


def _where(chosen: Any, texts: Any, change: Callable[[Any], Any]) -> Any:
    """The texts, those that were chosen changed."""
    places = tf.where(chosen)
    return tf.tensor_scatter_nd_update(texts, places, change(tf.gather_nd(texts, places)))


def _valid(texts: Any) -> Any:
    """UTF-8 without a marker."""
    return tf.strings.regex_replace(tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8"), MARKER, OTHER)


def _marked(texts: Any, *, special: Mapping[str, int], among: str) -> Any:
    """Special pieces as words of their own: the marker and the number. Of two that begin together the longer one."""
    texts = tf.strings.regex_replace(texts, f"(?:{among})", rf" {MARKER}\0 ")
    for piece, number in special.items():
        texts = tf.strings.regex_replace(texts, f"{MARKER}{re.escape(piece)} ", f"{MARKER}{number} ")
    return texts


def _spaced(texts: Any, *, rules: PieceRules) -> Any:
    """Texts without what is not read, and with a space wherever a word ends; ASCII punctuation is left."""
    if rules.clean:
        removed = " ".join(part for part in REMOVED.split() if part != f"{ord(MARKER):X}")
        texts = tf.strings.regex_replace(texts, f"[{pattern_of(removed)}]", "")
    texts = tf.strings.regex_replace(texts, f"[{pattern_of(SPACES)}]", " ")
    alone = f"{PUNCTUATION} {split_before_change(lower=rules.lower, strip_accents=rules.strip_accents)}"
    if rules.chinese_characters:
        alone = f"{alone} {CHINESE}"
    return tf.strings.regex_replace(texts, f"[{pattern_of(alone)}]", r" \0 ")
