"""Cells of a table as a network reads them: strings without the white space around them, in TensorFlow operations."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

# Also what only Unicode calls so, such as the no-break space, and the byte order mark.
WHITE_SPACE = r"[\s\v\x{85}\p{Z}\x{FEFF}]+"


def stripped(cells: Any) -> Any:
    """The strings without the white space at their ends; bytes that are not UTF-8 stay as they are."""
    return tf.strings.regex_replace(cells, f"^{WHITE_SPACE}|{WHITE_SPACE}$", "")


def cleaned(cells: Any, *, missing: Sequence[str]) -> Any:
    """The strings without the white space at their ends, empty where one of the words for a missing value is left."""
    cells = stripped(cells)
    return tf.where(_is_one_of(cells, missing), "", cells) if missing else cells


def texts_of(cells: Any, *, missing: Sequence[str]) -> Any:
    """The strings as they are, but empty where they are one of the words for a missing value."""
    return tf.where(_is_one_of(stripped(cells), missing), "", cells) if missing else cells


def _is_one_of(cells: Any, words: Sequence[str]) -> Any:
    return tf.reduce_any(tf.equal(cells[..., tf.newaxis], tf.constant(words, dtype=tf.string)), axis=-1)
