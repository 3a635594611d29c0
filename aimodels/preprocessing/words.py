"""Texts on their way into a model: split into words, and words to numbers by a vocabulary of the training texts."""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.config.words import WordsOptions as Options
from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.data.word_counts import counted, most_frequent
from aimodels.errors import DataError
from aimodels.events import phase, warn

__all__ = [
    "Encoded",
    "Options",
    "counting_layer",
    "different_words",
    "encode",
    "fit",
    "fitted_layer",
    "vocabulary",
    "words_layer",
    "words_read",
]

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from aimodels.layers.words import Rules, Words

# Large enough that starting TensorFlow's operations costs nothing, small enough to be nothing in memory.
CHARACTERS_PER_CHUNK = 1_000_000
CHARACTERS_PER_TEXT = 50  # what a text costs besides its characters
MOST_THREADS = 8
LONGEST_WORD = 100  # in characters; what is longer is no word but an address, a dump or a line of dashes


@dataclass(frozen=True)
class Encoded:
    """Texts as numbers, one after the other: text i is `ids[starts[i] : starts[i + 1]]`, without padding.

    `ids` is int32 [total] after the cut, `starts` int64 [N + 1], and `num_words` int64 [N] how many words (and n-grams)
    each text had before the cut. A text without any word is one unknown word here, and has 0 words.
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    num_words: npt.NDArray[np.int64]


def fit(options: Options, *, input: TextInput, train: Split) -> "keras.Model":
    """A model from texts (string, [N], input `text`) to the numbers of their words (int32, [N, T], padded with 0).

    The vocabulary is that of the whole training texts, also of what will be cut off: by count, then by alphabet.

    Raises:
        DataError: the training texts hold no word, or a stop word is none.
    """
    import keras

    with phase("counting words"):
        counts = _counted(train, layer=counting_layer(options))
    layer = fitted_layer(options, counts=counts, name="words")
    _tell_room(layer, options=options)
    text = keras.Input((), dtype="string", name="text")
    return keras.Model(text, layer(text), name="preprocessing")


def counting_layer(options: Options) -> "Words":
    """A layer that reads words by these options, and knows none."""
    from aimodels.layers.words import Words

    return Words(_rules(options), stop_words=_stop_words(options))


def different_words(layer: "Words", texts: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
    """The different words (and n-grams) of some texts, string [n], and how often each occurs, int64 [n]."""
    import tensorflow as tf

    found, _, times = tf.unique_with_counts(layer.words_of(texts).flat_values, out_idx=tf.int64)
    return found, times


def fitted_layer(options: Options, *, counts: Counter[bytes], name: str) -> "Words":
    """The layer that knows the most frequent of the words that were counted.

    Raises:
        DataError: there is no word that could be known.
    """
    from aimodels.layers.words import Words

    words = _most_frequent(counts, options=options)
    return Words(_rules(options), words=words, stop_words=_stop_words(options), name=name)


def words_layer(fitted: "keras.Model") -> "Words":
    """The layer that reads the texts, of what `fit` gave or of a whole network."""
    from aimodels.layers.words import Words

    return next(layer for layer in fitted.layers if isinstance(layer, Words))


def vocabulary(fitted: "keras.Model") -> tuple[str, ...]:
    """The word of each number; 0 is padding (empty) and 1 is every unknown word ("[UNK]")."""
    return words_layer(fitted).vocabulary


def encode(fitted: "keras.Model", strings: Sequence[str]) -> Encoded:
    """The numbers that the model gives for these texts, without padding and in bounded memory."""
    layer = words_layer(fitted)

    def numbers(texts: "tf.Tensor") -> tuple["tf.Tensor", ...]:
        words = layer.words_of(texts)
        read = layer.ids_of(words)
        return read.flat_values, read.row_lengths(), words.row_lengths()

    chunks = list(_by_chunk(strings, numbers))
    ids, lengths, num_words = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
    return Encoded(ids=ids, starts=starts, num_words=num_words)


def words_read(fitted: "keras.Model", strings: Sequence[str]) -> list[list[str]]:
    """What the network reads of each text: its words after the cut, those it does not know as "[UNK]"."""
    known = vocabulary(fitted)
    encoded = encode(fitted, strings)
    texts = np.split(encoded.ids, encoded.starts[1:-1]) if strings else []
    return [[known[number] for number in text] for text in texts]


def _rules(options: Options) -> "Rules":
    from aimodels.layers.words import Rules

    return Rules(
        lower=options.lower,
        html_breaks=options.html_breaks,
        punctuation=options.punctuation,
        split=options.split,
        ngrams=options.ngrams,
        max_length=options.max_length,
        keep=options.keep,
    )


def _stop_words(options: Options) -> tuple[str, ...]:
    """The stop words as they stand in a text that is read by the same rules."""
    import tensorflow as tf

    from aimodels.layers.words import Words

    listed = _listed_stop_words(options)
    if not listed:
        return ()
    rules = dataclasses.replace(_rules(options), ngrams=1)
    read = Words(rules).words_of(tf.constant(listed, dtype=tf.string)).to_list()
    for word, parts in zip(listed, read, strict=True):
        if len(parts) != 1:
            raise DataError(
                f'the stop word "{word}" reads as {len(parts)} words, so it would never be found',
                code="AM332",
                help="list its parts, or change `punctuation` or `split` of the words",
            )
    return tuple(sorted({part.decode() for [part] in read}))


def _listed_stop_words(options: Options) -> tuple[str, ...]:
    if options.stop_words == "none":
        return ()
    if options.stop_words == "english":
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return tuple(sorted(ENGLISH_STOP_WORDS))
    return options.stop_words


def _counted(train: Split, *, layer: "Words") -> Counter[bytes]:
    """How often each word (and n-gram) stands in the training texts."""
    if not isinstance(train.examples, Texts):
        raise TypeError(f"words are counted in texts, not in {type(train.examples).__name__}")
    return counted(
        (found, times) for found, times in _by_chunk(train.examples.strings, partial(different_words, layer))
    )


def _most_frequent(counts: Counter[bytes], *, options: Options) -> tuple[str, ...]:
    """The words of the vocabulary, from number 2 on."""
    from aimodels.layers.words import RESERVED

    longest = LONGEST_WORD * options.ngrams
    eligible = Counter(
        {
            word: count
            for word, count in counts.items()
            if count >= options.min_count and len(word.decode()) <= longest and word.decode() not in RESERVED
        }
    )
    if not eligible:
        raise _no_words(counts, options=options)
    return most_frequent(eligible, most=options.vocabulary - len(RESERVED))


def _tell_room(layer: "Words", *, options: Options) -> None:
    if len(layer.vocabulary) < options.vocabulary:
        warn(
            "AM330",
            f"the training texts fill {len(layer.vocabulary):,} of the {options.vocabulary:,} places of the vocabulary",
            help="nothing is lost: the embedding is as large as the vocabulary that there is",
        )


def _no_words(counts: Counter[bytes], *, options: Options) -> DataError:
    if not counts:
        return DataError(
            "there is no word in any of the training texts",
            code="AM331",
            help="look at the texts: they are empty, or hold only what `punctuation: strip` or `stop_words` leaves out",
        )
    most = max(counts.values())
    return DataError(
        f"no word occurs {options.min_count} times in the training texts (`min_count`); the most frequent: {most}",
        code="AM331",
        help="lower `min_count` of the words",
    )


def _by_chunk(
    strings: Sequence[str], function: Callable[["tf.Tensor"], tuple["tf.Tensor", ...]]
) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """What a function of a string tensor [n] gives for some texts at a time, in their order."""
    import tensorflow as tf

    chunks = list(_chunks(strings))
    if len(chunks) == 1:  # a graph would take longer to make than it saves
        yield tuple(part.numpy() for part in function(tf.constant(as_utf_8(strings), dtype=tf.string)))
        return
    texts = tf.data.Dataset.from_generator(
        lambda: (as_utf_8(strings[chunk]) for chunk in chunks), output_signature=tf.TensorSpec([None], tf.string)
    )
    # AUTOTUNE would begin with one thread, and be done before it dares to take another.
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    yield from texts.map(function, num_parallel_calls=threads).as_numpy_iterator()


def _chunks(strings: Sequence[str]) -> Iterator[slice]:
    """Stretches of texts of about CHARACTERS_PER_CHUNK; one, even if there is no text."""
    start = size = 0
    for stop, text in enumerate(strings):
        if size >= CHARACTERS_PER_CHUNK:
            yield slice(start, stop)
            start, size = stop, 0
        size += len(text) + CHARACTERS_PER_TEXT
    yield slice(start, len(strings))


def as_utf_8(strings: Sequence[str]) -> npt.NDArray[np.object_]:
    """The texts as TensorFlow takes them, bytes [n]; half of a surrogate pair, which JSON allows, is not UTF-8 then."""
    encoded = np.empty(len(strings), dtype=np.object_)
    encoded[:] = [text.encode("utf-8", errors="surrogatepass") for text in strings]
    return encoded
