"""A multi-layer perceptron: fully connected layers, one after the other.

Images are flattened first. Each hidden layer is Dense, then batch normalisation if asked for, the activation, dropout.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from aimodels.config.schema import ArchitectureOptions
from aimodels.config.section import Fraction, Listed
from aimodels.preprocessing.images import Options as ImageOptions

if TYPE_CHECKING:
    import keras

ACCEPTS = ("images",)
SMALLEST_INPUT = (2, 2, 1)
# Keras keeps 0.99 of the old mean per step: with 30 steps an epoch, validation would lag ten epochs behind.
NORM_MOMENTUM = 0.9
XLA_FASTER_ON = ("cpu",)  # small layers: the cost is in starting operations, and XLA fuses them

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
    images: ImageOptions = Field(ImageOptions(), description="How images become tensors.")


def build(options: Options, *, tensors: "keras.KerasTensor", num_outputs: int) -> "keras.Model":
    """From tensors of any shape [batch, ...] to logits [batch, num_outputs]."""
    import keras
    from keras import layers

    inputs = keras.Input(tensors.shape[1:], dtype=tensors.dtype, name="tensors")
    flow = layers.Flatten(name="flatten")(inputs) if len(tensors.shape) > 2 else inputs
    for number, units in enumerate(options.hidden, start=1):
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
        if options.dropout:
            flow = layers.Dropout(options.dropout, name=f"dropout_{number}")(flow)
    # float32 whatever the training precision: half-precision logits lose digits in the loss and in the answers.
    logits = layers.Dense(num_outputs, dtype="float32", name="logits")(flow)
    return keras.Model(inputs, logits, name="mlp")
