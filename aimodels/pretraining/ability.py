"""Whether an encoder can go on with pre-training as it is asked for: from its files alone, without TensorFlow."""

from aimodels import discovery
from aimodels.config.schema import Config, Pretrain
from aimodels.config.wordpieces import EncoderReading
from aimodels.data.pretraining_suitability import READS, check_can_pretrain
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.finding import encoder_of
from aimodels.encoders.memory import expect_fits
from aimodels.errors import ConfigError, EncoderError, Problem
from aimodels.preprocessing.wordpieces import expect_room

LEAST_OF_PAIRS = 5  # [CLS], a piece, [SEP], a piece, [SEP]


def check_pretraining_without_data(config: Config) -> None:
    """Refuse what cannot be pre-trained on any data, before they are read and TensorFlow is loaded.

    Raises:
        ConfigError: the model has no encoder, or one that cannot be trained as it is asked for.
        UserError: the encoder is not there or broken, or does not fit into memory.
    """
    check_can_pretrain(config)
    architecture = discovery.plugin("architectures", config.model.name)
    reading: EncoderReading = architecture.reading(config.model, READS)
    encoder = encoder_of(reading)
    expect_room(reading, positions=encoder.shape.positions)
    expect_able(encoder, config.pretrain or Pretrain(), max_length=reading.wordpieces.max_length)
    # All of it trains, whatever the config says of a training.
    expect_fits(encoder.shape, name=encoder.name)


def expect_able(encoder: Encoder, options: Pretrain, *, max_length: int) -> None:
    """Refuse what this encoder cannot be trained for.

    Raises:
        EncoderError: it has no piece that hides another.
        ConfigError: it cannot tell two halves apart, or its files have no place for that head; or a window of
            `max_length` has no room for two halves.
    """
    # The pieces of a random encoder are chosen later, and the special ones are always among them.
    if encoder.folder is not None and encoder.rules.mask not in encoder.vocabulary:
        raise EncoderError(
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
