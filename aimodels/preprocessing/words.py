"""Texts on their way into a model: split into words, and words to numbers by a vocabulary of the training texts."""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.config.words import WordsOptions as Options
from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.data.untuned import untuned
from aimodels.data.word_counts import counted, most_frequent
from aimodels.errors import DataError
from aimodels.events import phase, warn

__all__ = [
    "Encoded",
    "Options",
    "counting_layer",
    "different_words",
    "by_chunk",
    "encode",
    "fit",
    "fitted_layer",
    "readable",
    "tell_room",
    "vocabulary",
    "words_layer",
    "words_read",
]

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from aimodels.layers.wordpieces import Wordpieces
    from aimodels.layers.words import Rules, Words

# Large enough that starting TensorFlow's operations costs nothing, small enough to be nothing in memory.
CHARACTERS_PER_CHUNK = 1_000_000
CHARACTERS_PER_TEXT = 50  # what a text costs besides its characters
MOST_THREADS = 8
LONGEST_WORD = 100  # in characters; what is longer is no word but an address, a dump or a line of dashes


@dataclass(frozen=True)
class Encoded:
    """Texts as numbers, one after the other: text i is `ids[starts[i] : starts[i + 1]]`, without padding.

    `ids` is int32 [total] after the cut, `starts` int64 [N + 1], and `num_tokens` int64 [N] how many words and n-grams,
    or pieces with the special ones, each text had before the cut. A text without any word is one unknown word here,
    and has 0 words; in pieces it is [CLS] and [SEP].
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    num_tokens: npt.NDArray[np.int64]


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
    tell_room(len(layer.vocabulary), asked=options.vocabulary)
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


def words_layer(fitted: "keras.Model") -> "Words | Wordpieces":
    """The layer that reads the texts, of what `fit` gave (here or in `wordpieces`) or of a whole network."""
    from aimodels.layers.wordpieces import Wordpieces
    from aimodels.layers.words import Words

    return next(layer for layer in fitted.layers if isinstance(layer, Words | Wordpieces))


def vocabulary(fitted: "keras.Model") -> tuple[str, ...]:
    """The word (or piece) of each number; of words, 0 is padding (empty) and 1 is every unknown word ("[UNK]")."""
    return words_layer(fitted).vocabulary


def readable(fitted: "keras.Model", ids: npt.NDArray[np.int32]) -> npt.NDArray[np.object_]:
    """The word or piece of each of some ids, of the same shape."""
    known = np.array(vocabulary(fitted), dtype=object)
    found: npt.NDArray[np.object_] = known[ids % len(known)]  # the second text of a pair has other ids for the same
    return found


def encode(fitted: "keras.Model", texts: Texts) -> Encoded:
    """The numbers that the model gives for these texts or pairs, without padding and in bounded memory."""
    layer = words_layer(fitted)

    def numbers(texts: Any) -> tuple["tf.Tensor", ...]:
        words = layer.words_of(texts)
        read = layer.ids_of(words)
        return read.flat_values, read.row_lengths(), layer.num_tokens_of(words)

    chunks = list(by_chunk(texts, numbers, is_pair=layer.is_pair))
    ids, lengths, num_tokens = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
    return Encoded(ids=ids, starts=starts, num_tokens=num_tokens)


def words_read(fitted: "keras.Model", strings: Sequence[str]) -> list[list[str]]:
    """What the network reads of each text: its words after the cut, those it does not know as "[UNK]"."""
    encoded = encode(fitted, Texts(tuple(strings)))
    texts = np.split(readable(fitted, encoded.ids), encoded.starts[1:-1]) if strings else []
    return [text.tolist() for text in texts]


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
    return counted((found, times) for found, times in by_chunk(train.examples, partial(different_words, layer)))


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


def tell_room(found: int, *, asked: int) -> None:
    """Warn if a vocabulary has fewer entries than were asked for."""
    if found < asked:
        warn(
            "AM330",
            f"the training texts fill {found:,} of the {asked:,} places of the vocabulary",
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


def by_chunk(
    texts: Texts, function: Callable[[Any], tuple["tf.Tensor", ...]], *, is_pair: bool = False
) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """What a function of a string tensor [n] (of pairs, of two of them) gives for some texts at a time, in order."""
    import tensorflow as tf

    sides = (texts.strings, texts.seconds) if is_pair else (texts.strings,)

    def called(*parts: Any) -> tuple["tf.Tensor", ...]:
        return function(parts if is_pair else parts[0])

    chunks = list(_chunks(texts))
    if len(chunks) == 1:  # a graph would take longer to make than it saves
        whole = (tf.constant(as_utf_8(strings), dtype=tf.string) for strings in sides)
        yield tuple(part.numpy() for part in called(*whole))
        return
    pieces = tf.data.Dataset.from_generator(
        lambda: (tuple(as_utf_8(strings[chunk]) for strings in sides) for chunk in chunks),
        output_signature=(tf.TensorSpec([None], tf.string),) * len(sides),
    )
    # AUTOTUNE would begin with one thread, and be done before it dares to take another.
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    yield from untuned(pieces.map(called, num_parallel_calls=threads)).as_numpy_iterator()


def _chunks(texts: Texts) -> Iterator[slice]:
    """Stretches of texts of about CHARACTERS_PER_CHUNK; one, even if there is no text."""
    start = size = 0
    for stop, (text, second) in enumerate(zip_longest(texts.strings, texts.seconds, fillvalue="")):
        if size >= CHARACTERS_PER_CHUNK:
            yield slice(start, stop)
            start, size = stop, 0
        size += len(text) + len(second) + CHARACTERS_PER_TEXT
    yield slice(start, len(texts))


def as_utf_8(strings: Sequence[str]) -> npt.NDArray[np.object_]:
    """The texts as TensorFlow takes them, bytes [n]; half of a surrogate pair, which JSON allows, is not UTF-8 then."""
    encoded = np.empty(len(strings), dtype=np.object_)
    encoded[:] = [text.encode("utf-8", errors="surrogatepass") for text in strings]
    return encoded
