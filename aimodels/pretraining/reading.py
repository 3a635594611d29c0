"""The encoder that is trained on, and texts as its windows."""

from dataclasses import dataclass

import keras
import numpy as np

from aimodels import discovery
from aimodels.config.schema import Config, Pretrain
from aimodels.config.wordpieces import RANDOM, EncoderReading
from aimodels.data.dataset import Split, TextInput
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.finding import find_encoder
from aimodels.encoders.random_encoder import random_encoder
from aimodels.errors import ConfigError, DataError, Problem
from aimodels.events import phase
from aimodels.preprocessing import wordpieces
from aimodels.pretraining.masking import Vocabulary
from aimodels.pretraining.texts import pieces_of
from aimodels.pretraining.windows import Windows, chopped

LEAST_OF_PAIRS = 5  # [CLS], a piece, [SEP], a piece, [SEP]


@dataclass(frozen=True)
class Reader:
    """An encoder and what cuts texts into its pieces."""

    encoder: Encoder
    fitted: keras.Model
    max_length: int

    def windows(self, split: Split, *, pairs: bool) -> Windows:
        """The texts of a split, chopped.

        Raises:
            DataError: no text has enough pieces for a window.
        """
        with phase(f"reading the pieces of {len(split):,} {split.name} texts"):
            pieces = pieces_of(self.fitted, split)
        found = chopped(pieces.ids, starts=pieces.starts, max_length=self.max_length, pairs=pairs)
        if not len(found):
            least = "two pieces of words, one for each half" if pairs else "a piece of a word"
            raise DataError(
                f"none of the {len(split):,} {split.name} texts holds {least}",
                code="AM566",
                help="look at the texts; give more of them, or longer ones",
            )
        return found


def reader(config: Config, *, train: Split) -> Reader:
    """The encoder that a config names; of a random one the pieces are chosen from the training texts.

    Raises:
        UserError: the encoder cannot be read, or has fewer positions than are asked for.
    """
    architecture = discovery.plugin("architectures", config.model.name)
    options: EncoderReading = architecture.reading(config.model, "wordpieces")
    fitted = wordpieces.fit(options, input=TextInput(), train=train)
    if options.encoder == RANDOM:
        encoder = random_encoder(options.sizes, wordpieces.vocabulary(fitted))
    else:
        encoder = find_encoder(options.encoder)
    return Reader(encoder, fitted, max_length=options.wordpieces.max_length)


def expect_able(encoder: Encoder, options: Pretrain, *, max_length: int) -> None:
    """Refuse what this encoder cannot be trained for.

    Raises:
        DataError: it has no piece that hides another.
        ConfigError: it cannot tell two halves apart, or its files have no place for that head; or a window of
            `max_length` has no room for two halves.
    """
    if encoder.rules.mask not in encoder.vocabulary:
        raise DataError(
            f"the vocabulary of the encoder {encoder.name} has no {encoder.rules.mask}, which would hide pieces",
            code="AM567",
            help="take an encoder that was pre-trained by guessing hidden pieces, as BERT was",
        )
    if not options.next_sentence:
        return
    if max_length < LEAST_OF_PAIRS:
        message = f"`model.wordpieces.max_length` is {max_length}, which leaves no room for two halves of a text"
        help = f"at least {LEAST_OF_PAIRS}; or leave pretrain.next_sentence out"
        problem = Problem(code="AM565", message=message, path="model.wordpieces.max_length", help=help)
        raise ConfigError([problem], source="model")
    if encoder.shape.segments < 2 or encoder.shape.embedding != encoder.shape.size:
        lacking = "no vectors for two segments" if encoder.shape.segments < 2 else "an embedding of a size of its own"
        message = f"`pretrain.next_sentence` is for encoders of BERT's own kind, and {encoder.name} has {lacking}"
        problem = Problem(code="AM565", message=message, path="pretrain.next_sentence", help="leave it out")
        raise ConfigError([problem], source="pretrain")


def vocabulary_of(encoder: Encoder) -> Vocabulary:
    """What masking must know of the pieces."""
    rules, numbers = encoder.rules, {piece: number for number, piece in enumerate(encoder.vocabulary)}
    special = {*rules.special, rules.unknown, rules.start, rules.end, rules.padding, rules.mask}
    return Vocabulary(
        start=numbers[rules.start],
        end=numbers[rules.end],
        mask=numbers[rules.mask],
        is_special=np.array([piece in special for piece in encoder.vocabulary]),
        begins_word=np.array([not piece.startswith(rules.prefix) for piece in encoder.vocabulary]),
    )
