"""The encoder of a Transformer, trained from scratch: blocks of self-attention and a small network at each word.

The vectors of the words get their positions and go through the blocks, `pooling` makes one vector of each text out of
what comes out, and dense layers make the logits. Padding is never looked at. In a table each text column is read so, by
layers of its own, and goes into the dense layers side by side with the other columns. Sources: Vaswani et al., 2017,
"Attention Is All You Need"; Xiong et al., 2020, "On Layer Normalization in the Transformer Architecture" (`norm: pre`);
Devlin et al., 2019, "BERT" (`pooling: cls`).
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from aimodels.config.embedding import Embedding
from aimodels.config.schema import ArchitectureOptions
from aimodels.config.section import Fraction, Listed
from aimodels.config.words import WordsOptions
from aimodels.data.encodings import Encodings, TextEncoding, text_alone

if TYPE_CHECKING:
    import keras

ACCEPTS = ("words", "columns")
SMALLEST_INPUT = ()
# Every length of batch would be compiled anew, which takes longer than it saves.
XLA_FASTER_ON: dict[str, tuple[str, ...]] = {}

Units = Annotated[int, Field(ge=1, le=1_000_000)]


class Options(ArchitectureOptions):
    """Blocks and head of the network."""

    name: Literal["transformer"] = "transformer"
    embedding: Embedding = Field(Embedding(), description="How words become vectors; their size is that of the blocks.")
    positions: Literal["sinusoidal", "learned", "none"] = Field(
        "learned",
        description="How a word knows where it stands: by sines and cosines, by a learned vector per position, or not.",
    )
    blocks: int = Field(1, ge=1, le=100, description="Encoder blocks.")
    heads: int = Field(4, ge=1, le=1000, description="Heads of the attention; they share the size of the embedding.")
    feed_forward: int = Field(128, ge=1, le=1_000_000, description="Units inside the small network at each word.")
    norm: Literal["pre", "post"] = Field(
        "pre", description="Normalise before each part of a block (trains without a warm-up), or after its shortcut."
    )
    activation: Literal["gelu", "relu", "silu"] = Field("gelu", description="Activation of the small networks.")
    pooling: Literal["mean", "max", "attention", "cls"] = Field(
        "mean",
        description="What becomes of the vectors at all words: their mean, the largest of each number, a mean with "
        "learned weights, which tell how much each word counts, or the vector at a learned position before the first.",
    )
    dense: Listed[Units] = Field(
        (), max_length=100, description="Units of each dense layer before the logits; empty for none."
    )
    dropout: Fraction = Field(
        0.1,
        description="Share of numbers switched off at random: in the sum of word and position, in what each part of a "
        "block gives, and before each dense layer.",
    )
    words: WordsOptions = Field(WordsOptions(), description="How texts become words, and words become numbers.")

    @model_validator(mode="after")
    def _heads_share_the_size(self) -> "Options":
        if self.embedding.size % self.heads:
            raise ValueError(
                f"`embedding.size` must be a multiple of `heads`, got {self.embedding.size} and {self.heads}"
            )
        return self


def build(
    options: Options,
    *,
    tensors: Any,
    num_outputs: int,
    vocabulary: tuple[str, ...] = (),
    columns: Encodings | None = None,
) -> "keras.Model":
    """From ids of words, int32 [batch, T] padded on the right with 0, or the tensors of a table's columns, to logits
    [batch, num_outputs].

    Raises:
        UserError: the file of word vectors is not there, or is not as it should be; the table has no text column.
    """
    import keras

    from aimodels.layers.dense_head import logits
    from aimodels.layers.joined_columns import texts_read

    inputs, flow = texts_read(
        tensors,
        columns=columns,
        alone=text_alone(vocabulary, max_length=options.words.max_length),
        read=lambda ids, text: _read(ids, text, options=options),
        architecture="transformer",
    )
    flow = logits(flow, dense=options.dense, dropout=options.dropout, num_outputs=num_outputs)
    return keras.Model(inputs, flow, name="transformer")


def _read(ids: Any, text: TextEncoding, *, options: Options) -> Any:
    """One vector per text."""
    from aimodels.layers.embedding import embedded
    from aimodels.layers.encoder_block import EPSILON, EncoderBlock
    from aimodels.layers.layer_normalization import LayerNormalization
    from aimodels.layers.pooling import pooling

    flow = embedded(ids, options.embedding, vocabulary=text.vocabulary, name=f"{text.prefix}embedding")
    flow = _placed(flow, text, options=options)
    for number in range(1, options.blocks + 1):
        flow = EncoderBlock(
            heads=options.heads,
            feed_forward=options.feed_forward,
            norm=options.norm,
            activation=options.activation,
            dropout=options.dropout,
            # Nothing reads what the last block would give at the words.
            first_only=options.pooling == "cls" and number == options.blocks,
            name=f"{text.prefix}block_{number}",
        )(flow)
    if options.norm == "pre":
        flow = LayerNormalization(epsilon=EPSILON, name=f"{text.prefix}norm")(flow)
    return pooling(options.pooling, prefix=text.prefix)(flow)


def _placed(flow: Any, text: TextEncoding, *, options: Options) -> Any:
    """The vectors with their positions, and the class token before them where there is one."""
    from aimodels.layers.class_token import ClassToken
    from aimodels.layers.dropout import Dropout
    from aimodels.layers.positions import LearnedPositions, SinusoidalPositions

    length, name = text.max_length, f"{text.prefix}positions"
    if options.pooling == "cls":
        flow, length = ClassToken(name=f"{text.prefix}class_token")(flow), length + 1
    if options.positions == "learned":
        flow = LearnedPositions(length, name=name)(flow)
    elif options.positions == "sinusoidal":
        flow = SinusoidalPositions(name=name)(flow)
    return Dropout(options.dropout, name=f"{name}_dropout")(flow) if options.dropout else flow
