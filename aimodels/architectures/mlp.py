"""A multi-layer perceptron: fully connected layers, one after the other.

Images are flattened first; the columns of a table are joined into one vector, a text as the mean of its words. Each
hidden layer is Dense, then batch normalisation if asked for, the activation, dropout.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from aimodels.config.embedding import Embedding
from aimodels.config.schema import ArchitectureOptions
from aimodels.config.section import Fraction, Listed
from aimodels.data.encodings import Encodings, TextEncoding
from aimodels.preprocessing.images import Options as ImageOptions

if TYPE_CHECKING:
    import keras

ACCEPTS = ("images", "columns")
SMALLEST_INPUT = (2, 2, 1)
# Keras keeps 0.99 of the old mean per step: with 30 steps an epoch, validation would lag ten epochs behind.
NORM_MOMENTUM = 0.9
# Small layers: the cost is in starting operations, and XLA fuses them. The still smaller steps of a table gain nothing.
XLA_FASTER_ON: dict[str, tuple[str, ...]] = {"images": ("cpu",)}

Initializer = Literal["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal", "orthogonal"]


class Options(ArchitectureOptions):
    """Layers of the perceptron."""

    name: Literal["mlp"] = "mlp"
    hidden: Listed[Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        (128,),
        max_length=100,
        description="Units of each hidden layer, from the input on; empty: a linear model.",
        examples=[[100, 100]],
    )
    activation: Literal["relu", "gelu", "tanh", "sigmoid", "elu", "selu", "silu", "leaky_relu"] = Field(
        "relu", description="Activation of the hidden layers."
    )
    dropout: Fraction = Field(0.0, description="Share of units switched off at random after every hidden layer.")
    l1: float = Field(0.0, ge=0, description="Penalty on the absolute size of the weights.")
    l2: float = Field(0.0, ge=0, description="Penalty on the squared size of the weights.")
    initializer: Initializer = Field(
        "glorot_uniform", description="How the weights start (Glorot and Bengio, 2010; He et al., 2015)."
    )
    batch_norm: bool = Field(False, description="Normalise each hidden layer over the batch, before its activation.")
    embedding: Embedding = Field(Embedding(), description="How the words of a table's text columns become vectors.")
    images: ImageOptions = Field(ImageOptions(), description="How images become tensors.")


def build(
    options: Options,
    *,
    tensors: Any,
    num_outputs: int,
    columns: Encodings | None = None,
) -> "keras.Model":
    """From a tensor of any shape [batch, ...], or those of a table's columns, to logits [batch, num_outputs].

    Raises:
        UserError: the file of word vectors is not there, or is not as it should be.
    """
    import keras
    from keras import layers

    from aimodels.layers.joined_columns import inputs_of, joined

    if columns is not None:
        inputs = inputs_of(tensors)
        flow = joined(inputs, columns=columns, read=lambda ids, text: _mean_word(ids, text, options=options))
    else:
        inputs = keras.Input(tensors.shape[1:], dtype=tensors.dtype, name="tensors")
        flow = layers.Flatten(name="flatten")(inputs) if len(tensors.shape) > 2 else inputs
    for number, units in enumerate(options.hidden, start=1):
        flow = _hidden(flow, units, options=options, number=number)
    # float32 whatever the training precision: half-precision logits lose digits in the loss and in the answers.
    logits = layers.Dense(num_outputs, dtype="float32", name="logits")(flow)
    return keras.Model(inputs, logits, name="mlp")


def _hidden(flow: Any, units: int, *, options: Options, number: int) -> Any:
    """One hidden layer with what belongs to it."""
    import keras
    from keras import layers

    flow = layers.Dense(
        units,
        use_bias=not options.batch_norm,
        kernel_initializer=options.initializer,
        kernel_regularizer=keras.regularizers.L1L2(options.l1, options.l2) if options.l1 or options.l2 else None,
        name=f"hidden_{number}",
    )(flow)
    if options.batch_norm:
        flow = layers.BatchNormalization(momentum=NORM_MOMENTUM, name=f"norm_{number}")(flow)
    flow = layers.Activation(options.activation, name=f"activation_{number}")(flow)
    return layers.Dropout(options.dropout, name=f"dropout_{number}")(flow) if options.dropout else flow


def _mean_word(ids: Any, text: TextEncoding, *, options: Options) -> Any:
    """The mean of the vectors of a text's words."""
    from aimodels.layers.embedding import embedded
    from aimodels.layers.mean_pooling import MeanPooling

    words = embedded(ids, options.embedding, vocabulary=text.vocabulary, name=f"{text.prefix}embedding")
    pooling = MeanPooling(name=f"{text.prefix}pooling")
    pooling.supports_jit = False  # XLA would compile every length of batch anew
    return pooling(words)
