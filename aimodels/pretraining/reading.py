"""The encoder that is trained on, and texts as its windows."""

from dataclasses import dataclass

import keras
import numpy as np

from aimodels import discovery
from aimodels.config.schema import Config
from aimodels.config.wordpieces import EncoderReading
from aimodels.data.dataset import Split, TextInput
from aimodels.data.plurals import counted
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.finding import encoder_of
from aimodels.errors import DataError
from aimodels.events import phase
from aimodels.preprocessing import wordpieces
from aimodels.pretraining.masking import Vocabulary
from aimodels.pretraining.texts import pieces_of
from aimodels.pretraining.windows import Windows, chopped


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
        with phase(f"reading the pieces of {counted(len(split), f'{split.name} text')}"):
            pieces = pieces_of(self.fitted, split)
        found = chopped(pieces.ids, starts=pieces.starts, max_length=self.max_length, pairs=pairs)
        if not len(found):
            least = "two pieces of words, one for each half" if pairs else "a piece of a word"
            raise DataError(
                f"none of the {counted(len(split), f'{split.name} text')} holds {least}",
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
    encoder = encoder_of(options, vocabulary=wordpieces.vocabulary(fitted))
    return Reader(encoder, fitted, max_length=options.wordpieces.max_length)


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
