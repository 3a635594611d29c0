"""A pretrained encoder of BERT's shape, trained on: its pooled states go through dense layers to the logits.

The encoder comes from a folder or the hub, with its own tokenizer (`wordpieces`), or begins at random. In a table it
reads each text column, and what comes out goes into the dense layers side by side with the other columns.
Sources: Devlin et al., 2019, "BERT"; Wang et al., 2020, "MiniLM"; Sanh et al., 2019, "DistilBERT"; Clark et al., 2020,
"ELECTRA"; Hu et al., 2021, "LoRA: Low-Rank Adaptation of Large Language Models"; Howard and Ruder, 2018, "Universal
Language Model Fine-tuning for Text Classification" (a learning rate per block, gradual unfreezing).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from aimodels.config.schema import ArchitectureOptions
from aimodels.config.section import Fraction, Listed, Section
from aimodels.config.wordpieces import RANDOM, EncoderReading, EncoderSizes, WordpiecesOptions
from aimodels.data.encodings import Encodings, TextEncoding, text_alone
from aimodels.errors import ConfigError, Problem

if TYPE_CHECKING:
    import keras

    from aimodels.encoders.encoder import Encoder
    from aimodels.layers.bert_encoder import EncoderLayers

ACCEPTS = ("wordpieces", "columns")
SMALLEST_INPUT = ()
# What must be said besides the name, and the smallest that can be.
SMALLEST_OPTIONS: dict[str, Any] = {
    "encoder": RANDOM,
    "sizes": {"positions": 16, "blocks": 1, "size": 8, "heads": 2, "feed_forward": 16},
    "wordpieces": {"max_length": 16},
}
# Every length of batch would be compiled anew, which takes longer than it saves.
XLA_FASTER_ON: dict[str, tuple[str, ...]] = {}

Units = Annotated[int, Field(ge=1, le=1_000_000)]
Part = Literal["query", "key", "value", "output", "inner", "outer"]


class LowRankOptions(Section):
    """Changes of low rank, which train in the place of the encoder's own weights (LoRA)."""

    rank: int = Field(8, ge=1, le=10_000, description="Rank of each change: how thin its two matrices are.")
    alpha: float = Field(16.0, gt=0, description="Changes are multiplied by alpha / rank.")
    on: Listed[Part] = Field(
        ("query", "value"),
        min_length=1,
        description="Parts of each block that are changed: query, key, value and output of the attention, inner and "
        "outer of the small network.",
    )


class Options(ArchitectureOptions):
    """The encoder, how much of it trains, and the head on it."""

    name: Literal["bert"] = "bert"
    encoder: str = Field(
        min_length=1,
        description="The pretrained encoder: a folder in the layout of Hugging Face, a name on its hub, such as "
        "`google-bert/bert-base-uncased`, or `random` for random weights and the sizes in `sizes`.",
        examples=["google-bert/bert-base-uncased"],
    )
    sizes: EncoderSizes = Field(EncoderSizes(), description="Sizes of a random encoder; any other brings its own.")
    wordpieces: WordpiecesOptions = Field(WordpiecesOptions(), description="How much of a text is read.")
    pooling: Literal["mean", "max", "attention", "cls"] = Field(
        "mean",
        description="What becomes of the states at all pieces: their mean, the largest of each number, a mean with "
        "learned weights, or the state at [CLS], which stands before the first.",
    )
    dense: Listed[Units] = Field(
        (), max_length=100, description="Units of each dense layer before the logits; empty for none."
    )
    dropout: Fraction = Field(0.1, description="Share of numbers switched off at random before each dense layer.")
    encoder_dropout: Literal["auto"] | Fraction = Field(
        "auto",
        description="Share of numbers switched off at random inside the encoder; auto: as its files say. Nothing is "
        "switched off in what is frozen.",
    )
    freeze: Literal["none", "all", "embeddings"] | Annotated[int, Field(ge=1)] = Field(
        "none",
        description="What keeps its pretrained weights: nothing, the whole encoder, its embeddings, or its embeddings "
        "and so many blocks, from the first on.",
    )
    unfreeze_every: int | None = Field(
        None,
        ge=1,
        description="Train the head alone for so many epochs, then after as many each time one block more, from the "
        "last one down; null: all from the start. What `freeze` names is never reached.",
    )
    learning_rate_decay: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the learning rate of a block that the block below it has. The last block has that of "
        "the head; the embeddings are below the first.",
    )
    lora: LowRankOptions | None = Field(
        None, description="Train changes of low rank of the blocks, and nothing else of the encoder; null: no."
    )
    cache_features: bool = Field(
        True, description="Where nothing of the encoder trains, read each text once, before the first epoch."
    )

    @model_validator(mode="after")
    def _one_way_to_train(self) -> "Options":
        others = {"`freeze`": self.freeze != "none", "`unfreeze_every`": self.unfreeze_every is not None}
        if self.lora is not None and any(others.values()):
            unfit = " and ".join(key for key, is_set in others.items() if is_set)
            raise ValueError(f"with `lora` nothing else of the encoder trains; leave out {unfit}")
        if self.freeze == "all" and self.unfreeze_every is not None:
            raise ValueError("`freeze: all` leaves nothing for `unfreeze_every`; take one of the two")
        if self.freeze == "all" and self.learning_rate_decay != 1:
            raise ValueError("`freeze: all` leaves no block for `learning_rate_decay`; take one of the two")
        if self.encoder != RANDOM and self.sizes != EncoderSizes():
            raise ValueError(f"`sizes` are those of `encoder: {RANDOM}`; any other encoder brings its own")
        return self


def check(options: Options) -> None:
    """Make sure, before anything is built, that the encoder is there and can do what the options ask for.

    Raises:
        UserError: it cannot be read, has fewer positions or blocks than are asked for, or needs more memory than there
            is.
    """
    from aimodels.preprocessing.wordpieces import expect_room

    expect_room(_encoder_reading(options), positions=_encoder(options).shape.positions)


def reading(options: Options, kind: str) -> Any:
    """What the preprocessing of this kind must know of the model."""
    reading = _encoder_reading(options)
    if kind == "columns":
        from aimodels.preprocessing.columns import Options as ColumnsOptions

        return ColumnsOptions(reading=reading)
    return reading


def source(options: Options) -> str:
    """Where the weights are from that training begins with."""
    from aimodels.encoders.finding import encoder_of

    return encoder_of(_encoder_reading(options)).source


def encoder_identity(options: Options) -> str:
    """A hash of what must stay as it is where a training goes on: the encoder's sizes and how it reads texts."""
    from aimodels.encoders.finding import encoder_of

    return encoder_of(_encoder_reading(options)).identity


def _encoder_reading(options: Options) -> EncoderReading:
    return EncoderReading(encoder=options.encoder, sizes=options.sizes, wordpieces=options.wordpieces)


def build(
    options: Options,
    *,
    tensors: Any,
    num_outputs: int,
    vocabulary: tuple[str, ...] = (),
    columns: Encodings | None = None,
) -> "keras.Model":
    """From ids of pieces, int32 [batch, T] padded on the right with 0, or the tensors of a table's columns, to logits
    [batch, num_outputs]. An id that is the length of the vocabulary or more is of the second text of a pair.

    Raises:
        UserError: the encoder's files are not as they should be, or not large enough for the options; the table has no
            text column.
    """
    import keras

    from aimodels.layers.dense_head import logits
    from aimodels.layers.joined_columns import texts_read

    inputs, flow = texts_read(
        tensors,
        columns=columns,
        alone=text_alone(vocabulary, max_length=options.wordpieces.max_length),
        read=_Reading(options),
        architecture="bert",
    )
    flow = logits(flow, dense=options.dense, dropout=options.dropout, num_outputs=num_outputs)
    return keras.Model(inputs, flow, name="bert")


def frozen_features(core: "keras.Model", options: Options) -> str | None:
    """The name of the layer whose output never changes while the network trains, so that it need be computed once;
    None where there is no such layer, or it is not to be used."""
    return "pooling" if _is_frozen(core) and not features_in_each_step(core, options) else None


def features_in_each_step(core: "keras.Model", options: Options) -> str:
    """Why a frozen encoder reads the texts in each step all the same; empty where it need not, or is not frozen."""
    if not _is_frozen(core):
        return ""
    if not options.cache_features:
        return "cache_features is false"
    if options.pooling == "attention":
        return "pooling: attention trains"
    return "" if any(layer.name == "pooling" for layer in core.layers) else "they are columns of a table"


def _is_frozen(core: "keras.Model") -> bool:
    """Whether no layer of the encoder ever trains, as with `freeze: all` and with as many blocks as there are."""
    from aimodels.layers.freezing import Freezable

    return all(layer.frozen for layer in core.layers if isinstance(layer, Freezable))


@dataclass
class _Reading:
    """One vector per text: the same encoder reads every text column of a table, and what pools is each one's own."""

    options: Options
    layers: "EncoderLayers | None" = None

    def __call__(self, ids: Any, text: TextEncoding) -> Any:
        """From ids [N, T] to [N, size]."""
        from aimodels.layers.pooling import pooling

        states = self._begun(ids, text) if self.layers is None else self.layers(ids)
        return pooling(self.options.pooling, prefix=text.prefix)(states)

    def _begun(self, ids: Any, text: TextEncoding) -> Any:
        """The states that the encoder gives for the first text; it has its weights from then on."""
        from aimodels.layers.bert_encoder import Training, encoder_layers, load_weights

        options, encoder = self.options, _encoder(self.options, vocabulary=text.vocabulary)
        self.layers = encoder_layers(
            encoder.shape,
            dropout=None if options.encoder_dropout == "auto" else options.encoder_dropout,
            training=Training(
                num_frozen=_num_frozen(options, num_blocks=encoder.shape.blocks),
                low_rank=options.lora.model_dump(mode="json") if options.lora else None,
            ),
            # Nothing reads what the last block would give at the other pieces.
            first_only=options.pooling == "cls",
        )
        states = self.layers(ids)
        if encoder.folder is not None:
            load_weights(self.layers, encoder.weights())
        _tell_training(self.layers, options)
        return states


def _encoder(options: Options, *, vocabulary: tuple[str, ...] = ()) -> "Encoder":
    """The encoder, which fits the options and this machine. The pieces are those of a random one.

    Raises:
        UserError: it cannot be read, needs more memory than there is, or has fewer blocks than are to be frozen.
    """
    from aimodels.encoders.facts import trains_weights
    from aimodels.encoders.finding import encoder_of
    from aimodels.encoders.memory import expect_fits

    found = encoder_of(_encoder_reading(options), vocabulary=vocabulary)
    blocks = found.shape.blocks
    if isinstance(options.freeze, int) and options.freeze > blocks:
        message = f"`model.freeze` asks for {options.freeze} frozen blocks, and the encoder {found.name} has {blocks}"
        help = f"at most {blocks}; or `all`: the whole encoder"
        raise ConfigError([Problem(code="AM365", message=message, path="model.freeze", help=help)], source="model")
    trains = trains_weights(options)
    expect_fits(found.shape, name=found.name, trains=trains, advice="model.freeze=all needs half" if trains else "")
    return found


def _num_frozen(options: Options, *, num_blocks: int) -> int:
    """How many layers never train, from the first on; the embeddings are one."""
    if isinstance(options.freeze, int):
        return 1 + options.freeze
    return {"none": 0, "embeddings": 1, "all": 1 + num_blocks}[options.freeze]


def _tell_training(layers: "EncoderLayers", options: Options) -> None:
    """Tell each layer which share of the learning rate is its own, and from which epoch on (0: the first) it trains."""
    for below, layer in enumerate((*reversed(layers.blocks), layers.embeddings)):
        layer.learning_rate_share = options.learning_rate_decay**below
        layer.trains_from = (below + 1) * (options.unfreeze_every or 0)
