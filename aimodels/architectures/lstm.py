"""Recurrent layers that read a text word by word: LSTM, GRU or the simple layer, in one direction or both.

The vectors of the words go through the recurrent layers, `pooling` makes one vector of each text out of their states,
and dense layers make the logits. Padding is never read. In a table each text column is read so, by layers of its own,
and goes into the dense layers side by side with the other columns. Sources: Hochreiter and Schmidhuber, 1997 (LSTM);
Cho et al., 2014 (GRU); Elman, 1990 (the simple layer); Schuster and Paliwal, 1997 (both directions).
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from aimodels.config.embedding import Embedding
from aimodels.config.schema import ArchitectureOptions
from aimodels.config.section import Fraction, Listed
from aimodels.config.words import WordsOptions
from aimodels.data.encodings import Encodings, TextEncoding, text_alone

if TYPE_CHECKING:
    import keras

ACCEPTS = ("words", "columns")
SMALLEST_INPUT = ()
# Every length of batch would be compiled anew, and the loop over the words gains nothing.
XLA_FASTER_ON: dict[str, tuple[str, ...]] = {}

Units = Annotated[int, Field(ge=1, le=1_000_000)]


class Options(ArchitectureOptions):
    """Layers of the network."""

    name: Literal["lstm"] = "lstm"
    embedding: Embedding = Field(Embedding(), description="How words become vectors.")
    cell: Literal["lstm", "gru", "rnn"] = Field("lstm", description="Kind of the recurrent layers.")
    units: Listed[Units] = Field(
        (64,),
        min_length=1,
        max_length=100,
        description="Units of each recurrent layer, from the words on; in each direction, if there are two.",
        examples=[[64, 64]],
    )
    bidirectional: bool = Field(False, description="Read in both directions, with weights of their own.")
    pooling: Literal["last", "mean", "max", "attention"] = Field(
        "last",
        description="What becomes of the states at all words: the state where reading ends, their mean, the largest "
        "value of each unit, or a mean with learned weights, which tell how much each word counts.",
    )
    dense: Listed[Units] = Field(
        (64,), max_length=100, description="Units of each dense layer before the logits; empty for none."
    )
    dropout: Fraction = Field(
        0.0,
        description="Share of units switched off at random before each dense layer, and before each recurrent layer "
        "but the first; there the same ones for all words of a text (Gal and Ghahramani, 2016).",
    )
    recurrent_dropout: Fraction = Field(
        0.0,
        description="Share of units switched off at random on their way from word to word, the same ones for all words "
        "of a text. Slow on a GPU and with `cell: rnn`, where it needs the general loop of Keras.",
    )
    words: WordsOptions = Field(WordsOptions(), description="How texts become words, and words become numbers.")


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
        architecture="lstm",
    )
    flow = logits(flow, dense=options.dense, dropout=options.dropout, num_outputs=num_outputs)
    return keras.Model(inputs, flow, name="lstm")


def _read(ids: Any, text: TextEncoding, *, options: Options) -> Any:
    """One vector per text."""
    from aimodels.layers.embedding import embedded

    flow = embedded(ids, options.embedding, vocabulary=text.vocabulary, name=f"{text.prefix}embedding")
    for number, units in enumerate(options.units, start=1):
        flow = _recurrent(units, options=options, number=number, prefix=text.prefix)(flow)
    return _pooling(options, prefix=text.prefix)(flow)


def _recurrent(units: int, *, options: Options, number: int, prefix: str) -> Any:
    """One layer from sequences to sequences."""
    from keras import layers

    from aimodels.layers.gru import GRU
    from aimodels.layers.lstm import LSTM

    kind = {"lstm": LSTM, "gru": GRU, "rnn": layers.SimpleRNN}[options.cell]
    layer = kind(
        units,
        return_sequences=True,
        dropout=options.dropout if number > 1 else 0.0,
        recurrent_dropout=options.recurrent_dropout,
        name=f"{prefix}{options.cell}_{number}",
    )
    return layers.Bidirectional(layer, name=layer.name) if options.bidirectional else layer


def _pooling(options: Options, *, prefix: str) -> Any:
    """The layer that makes one vector of each text."""
    from aimodels.layers.last_pooling import LastPooling
    from aimodels.layers.pooling import pooling

    if options.pooling == "last":
        return LastPooling(bidirectional=options.bidirectional, name=f"{prefix}pooling")
    return pooling(options.pooling, prefix=prefix)
