"""Texts on their way into a pretrained encoder: cut into the pieces of words that it was trained with."""

from collections import Counter
from typing import TYPE_CHECKING

from aimodels.config.wordpieces import RANDOM
from aimodels.config.wordpieces import EncoderReading as Options
from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.data.word_counts import counted, most_frequent
from aimodels.encoders.encoder import Encoder, PieceRules
from aimodels.encoders.finding import find_encoder
from aimodels.encoders.random_encoder import random_encoder
from aimodels.errors import ConfigError, DataError, Problem
from aimodels.events import phase
from aimodels.preprocessing.words import by_chunk, tell_room, vocabulary

__all__ = ["Options", "chosen_pieces", "counting_layer", "fit", "fitted_layer", "is_random", "vocabulary"]

if TYPE_CHECKING:
    import keras

    from aimodels.layers.wordpieces import Wordpieces


def fit(options: Options, *, input: TextInput, train: Split) -> "keras.Model":
    """A model from texts to the numbers of their pieces (int32, [N, T], padded with 0).

    Its input is `text`, string [N]; of pairs a dict of two, `text` and `text_pair`. Only a random encoder's pieces are
    chosen from the training texts.

    Raises:
        ConfigError: more pieces are to be read than the encoder has positions.
        DataError: the pieces of a random encoder are to be chosen from texts without a word.
        UserError: the encoder's files are not as they should be.
    """
    import keras

    counts: Counter[bytes] = Counter()
    if is_random(options):
        expect_room(options, positions=options.sizes.positions)  # before the texts are read
        with phase("choosing the pieces"):
            counts = _counted(train, layer=counting_layer(options))
    layer = fitted_layer(options, counts=counts, name="wordpieces", is_pair=input.is_pair)
    text = keras.Input((), dtype="string", name="text")
    if not input.is_pair:
        return keras.Model(text, layer(text), name="preprocessing")
    pair = {"text": text, "text_pair": keras.Input((), dtype="string", name="text_pair")}
    return keras.Model(pair, layer(list(pair.values())), name="preprocessing")


def is_random(options: Options) -> bool:
    """Whether the pieces are chosen from the training texts, so that their words must be counted."""
    return options.encoder == RANDOM


def counting_layer(options: Options) -> "Wordpieces":
    """A layer that splits texts into words as a random encoder will, and has no pieces."""
    from aimodels.layers.wordpieces import Wordpieces

    rules = random_encoder(options.sizes, ()).rules
    return Wordpieces(rules, vocabulary=rules.special)


def fitted_layer(options: Options, *, counts: Counter[bytes], name: str, is_pair: bool = False) -> "Wordpieces":
    """The layer with the encoder's pieces; those of a random one are chosen by the words that were counted.

    Raises:
        ConfigError: more pieces are to be read than the encoder has positions.
        DataError: no word was counted.
        UserError: the encoder's files are not as they should be.
    """
    from aimodels.layers.wordpieces import Cut, Wordpieces

    encoder = _encoder(options, counts=counts)
    expect_room(options, positions=encoder.shape.positions)
    cut = Cut(max_length=options.wordpieces.max_length, keep=options.wordpieces.keep)
    return Wordpieces(encoder.rules, vocabulary=encoder.vocabulary, cut=cut, is_pair=is_pair, name=name)


def chosen_pieces(counts: Counter[bytes], *, most: int, rules: PieceRules) -> tuple[str, ...]:
    """At most so many pieces that make up words as far as they can, by how often the words occur: the special ones,
    the characters (in half of the places at most; those that stand inside a word also as such), the words.

    >>> chosen_pieces(Counter({b"to": 3, b"be": 2}), most=14, rules=PieceRules())[5:]
    ('o', 't', '##o', 'to', 'be')
    """
    words = Counter({word.decode(): count for word, count in counts.items()})
    characters, inside = _characters(words)
    room = max(1, (most - len(rules.special)) // 4)
    chosen = most_frequent(characters, most=room)
    continuing = [f"{rules.prefix}{one}" for one in chosen if inside[one.encode()]]
    pieces = [*rules.special, *chosen, *continuing][:most]
    whole = Counter({word.encode(): count for word, count in words.items() if len(word) > 1})
    return (*pieces, *most_frequent(whole, most=most - len(pieces)))


def _encoder(options: Options, *, counts: Counter[bytes]) -> Encoder:
    if not is_random(options):
        return find_encoder(options.encoder)
    rules = random_encoder(options.sizes, ()).rules
    known = Counter({word: count for word, count in counts.items() if _can_be_piece(word.decode(), rules=rules)})
    if not known:
        raise DataError(
            "there is no word in any of the training texts, so no pieces of words can be chosen",
            code="AM361",
            help="look at the texts, or take an encoder that has pieces of its own: model.encoder",
        )
    pieces = chosen_pieces(known, most=options.sizes.vocabulary, rules=rules)
    tell_room(len(pieces), asked=options.sizes.vocabulary)
    return random_encoder(options.sizes, pieces)


def _can_be_piece(word: str, *, rules: PieceRules) -> bool:
    """Whether a word is one that stood in a text: neither empty, nor endless, nor the mark of a special piece."""
    from aimodels.layers.bert_splitting import MARKER

    return 0 < len(word) <= rules.longest_word and not word.startswith(MARKER)


def _characters(words: Counter[str]) -> tuple[Counter[bytes], Counter[bytes]]:
    """How often each character occurs, and how often behind the first one of a word."""
    everywhere: Counter[bytes] = Counter()
    inside: Counter[bytes] = Counter()
    for word, count in words.items():
        for place, character in enumerate(word):
            everywhere[character.encode()] += count
            inside[character.encode()] += count if place else 0
    return everywhere, inside


def _counted(train: Split, *, layer: "Wordpieces") -> Counter[bytes]:
    """How often each word stands in the training texts, in the first and the second ones of pairs."""
    if not isinstance(train.examples, Texts):
        raise TypeError(f"words are counted in texts, not in {type(train.examples).__name__}")
    texts = Texts((*train.examples.strings, *train.examples.seconds))
    return counted((found, times) for found, times in by_chunk(texts, layer.different_words))


def expect_room(options: Options, *, positions: int) -> None:
    """Make sure that the encoder has a position for each piece that is read.

    Raises:
        ConfigError: it has not.
    """
    asked = options.wordpieces.max_length
    if asked > positions:
        name = "random encoder (model.sizes.positions)" if is_random(options) else f"encoder {options.encoder}"
        message = f"`model.wordpieces.max_length` asks for {asked:,} pieces, and the {name} has {positions:,} positions"
        problem = Problem(
            code="AM360", message=message, path="model.wordpieces.max_length", help=f"at most {positions:,}"
        )
        raise ConfigError([problem], source="model")
