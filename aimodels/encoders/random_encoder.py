"""An encoder that begins with random weights: its sizes are the config's, its pieces are chosen from the texts."""

from collections.abc import Sequence

from aimodels.config.wordpieces import RANDOM, EncoderSizes
from aimodels.encoders.encoder import Encoder, EncoderShape, PieceRules

SEGMENTS = 2


def random_encoder(sizes: EncoderSizes, vocabulary: Sequence[str]) -> Encoder:
    """An encoder of BERT's shape without weights, for these pieces; their number counts, not `sizes.vocabulary`."""
    shape = EncoderShape(
        pieces=len(vocabulary),
        positions=sizes.positions,
        segments=SEGMENTS,
        embedding=sizes.size,
        size=sizes.size,
        blocks=sizes.blocks,
        heads=sizes.heads,
        feed_forward=sizes.feed_forward,
        dropout=sizes.dropout,
        attention_dropout=sizes.dropout,
    )
    rules = PieceRules(lower=sizes.lower, strip_accents=sizes.lower)
    return Encoder(name=RANDOM, family="bert", folder=None, shape=shape, vocabulary=tuple(vocabulary), rules=rules)
