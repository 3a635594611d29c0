"""A convolutional network: blocks of convolutions with pooling, then dense layers.

`form: plain` is the classic stack (LeCun et al., 1998; Simonyan and Zisserman, 2015); `form: residual` adds a shortcut
around each block (He et al., 2016). A block is `convolutions` times Conv2D, batch normalisation if asked for and the
activation, then pooling and dropout.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from aimodels.config.schema import ArchitectureOptions
from aimodels.config.section import Fraction, Listed
from aimodels.preprocessing.images import Options as ImageOptions

if TYPE_CHECKING:
    import keras

ACCEPTS = ("images",)
SMALLEST_INPUT = (8, 8, 1)
# Keras keeps 0.99 of the old mean per step: with 30 steps an epoch, validation would lag ten epochs behind.
NORM_MOMENTUM = 0.9
# On a CPU XLA's convolutions are slower than oneDNN's.
XLA_FASTER_ON: dict[str, tuple[str, ...]] = {}

Units = Annotated[int, Field(ge=1, le=1_000_000)]
Initializer = Literal["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal", "orthogonal"]


class Options(ArchitectureOptions):
    """Blocks and head of the network."""

    name: Literal["cnn"] = "cnn"
    filters: Listed[Units] = Field(
        (32, 64, 64),
        min_length=1,
        max_length=100,
        description="Filters of each block, from the input on.",
        examples=[[32, 64, 64]],
    )
    kernel: int = Field(3, ge=1, le=1000, description="Height and width of the convolutions, in pixels.")
    convolutions: int = Field(1, ge=1, le=100, description="Convolutions per block.")
    padding: Literal["valid", "same"] = Field("same", description="valid: no border is added; same: the size is kept.")
    pool: Listed[Units] = Field(
        (2,),
        description="Pooling size after each block; 1 for none; the last number holds for all further blocks.",
        examples=[[2, 2, 1]],
    )
    pooling: Literal["max", "average"] = Field("max", description="What pooling keeps of each window.")
    batch_norm: bool = Field(False, description="Normalise after each convolution, before its activation.")
    activation: Literal["relu", "gelu", "elu", "silu", "leaky_relu"] = Field(
        "relu", description="Activation everywhere."
    )
    form: Literal["plain", "residual"] = Field("plain", description="residual: a shortcut around each block.")
    block_dropout: Fraction = Field(0.0, description="Share of feature maps switched off at random after each block.")
    head: Literal["flatten", "average"] = Field(
        "flatten", description="What the dense layers see: every position, or the mean of each feature map."
    )
    dense: Listed[Units] = Field(
        (64,), max_length=100, description="Units of each dense layer before the logits; empty for none."
    )
    dropout: Fraction = Field(0.0, description="Share of units switched off at random before each dense layer.")
    l2: float = Field(0.0, ge=0, description="Penalty on the squared size of the weights.")
    initializer: Initializer = Field(
        "glorot_uniform", description="How the weights start (Glorot and Bengio, 2010; He et al., 2015)."
    )
    images: ImageOptions = Field(ImageOptions(), description="How images become tensors.")

    @model_validator(mode="after")
    def _pool_fits(self) -> "Options":
        if not 1 <= len(self.pool) <= len(self.filters):
            raise ValueError(f"`pool` must have 1 to {len(self.filters)} numbers, one per block, got {len(self.pool)}")
        return self


def build(options: Options, *, tensors: "keras.KerasTensor", num_outputs: int) -> "keras.Model":
    """From tensors [batch, height, width, channels] to logits [batch, num_outputs].

    Raises:
        FailedError: the image is too small for this many blocks.
    """
    import keras
    from keras import layers

    inputs = keras.Input(tensors.shape[1:], dtype=tensors.dtype, name="tensors")
    flow = inputs
    pools = options.pool + options.pool[-1:] * (len(options.filters) - len(options.pool))
    for number, (filters, pool) in enumerate(zip(options.filters, pools, strict=True), start=1):
        _check_size(flow, options=options, block=number, pool=pool)
        flow = _block(flow, options=options, filters=filters, pool=pool, name=f"block_{number}")
    flow = (layers.Flatten if options.head == "flatten" else layers.GlobalAveragePooling2D)(name="head")(flow)
    for number, units in enumerate(options.dense, start=1):
        if options.dropout:
            flow = layers.Dropout(options.dropout, name=f"dropout_{number}")(flow)
        flow = layers.Dense(units, name=f"dense_{number}", **_weights(options))(flow)
        flow = layers.Activation(options.activation, name=f"dense_{number}_activation")(flow)
    if options.dropout:
        flow = layers.Dropout(options.dropout, name="dropout")(flow)
    # float32 whatever the training precision: half-precision logits lose digits in the loss and in the answers.
    logits = layers.Dense(num_outputs, dtype="float32", name="logits")(flow)
    return keras.Model(inputs, logits, name="cnn")


def _block(flow: Any, *, options: Options, filters: int, pool: int, name: str) -> Any:
    from keras import layers

    shortcut = flow
    for number in range(1, options.convolutions + 1):
        is_last = number == options.convolutions
        flow = _convolution(flow, options=options, filters=filters, name=f"{name}_conv_{number}")
        if not is_last:
            flow = layers.Activation(options.activation, name=f"{name}_activation_{number}")(flow)
    if options.form == "residual":
        if shortcut.shape[-1] != filters:
            shortcut = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_shortcut", **_weights(options))(shortcut)
        flow = layers.Add(name=f"{name}_add")([flow, shortcut])
    pooled = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[options.pooling]
    activation = layers.Activation(options.activation, name=f"{name}_activation")
    # Max pooling and a rising activation can change places without changing a number; on a quarter of the
    # positions the activation costs a quarter. gelu and silu fall before they rise, so they keep their place.
    if pool > 1 and options.pooling == "max" and options.activation in ("relu", "elu", "leaky_relu"):
        flow = activation(pooled(pool, name=f"{name}_pool")(flow))
    else:
        flow = activation(flow)
        flow = pooled(pool, name=f"{name}_pool")(flow) if pool > 1 else flow
    if options.block_dropout:
        flow = layers.SpatialDropout2D(options.block_dropout, name=f"{name}_dropout")(flow)
    return flow


def _convolution(flow: Any, *, options: Options, filters: int, name: str) -> Any:
    from keras import layers

    # A shortcut can only be added to a block that keeps its size.
    padding = "same" if options.form == "residual" else options.padding
    convolution = layers.Conv2D(
        filters, options.kernel, padding=padding, use_bias=not options.batch_norm, name=name, **_weights(options)
    )
    flow = convolution(flow)
    return layers.BatchNormalization(momentum=NORM_MOMENTUM, name=f"{name}_norm")(flow) if options.batch_norm else flow


def _weights(options: Options) -> dict[str, Any]:
    import keras

    regularizer = keras.regularizers.L2(options.l2) if options.l2 else None
    return {"kernel_initializer": options.initializer, "kernel_regularizer": regularizer}


def _check_size(flow: Any, *, options: Options, block: int, pool: int) -> None:
    from aimodels.errors import FailedError

    lost = 0 if options.padding == "same" or options.form == "residual" else (options.kernel - 1) * options.convolutions
    height, width = flow.shape[1] - lost, flow.shape[2] - lost
    if min(height, width) < max(pool, 1):
        raise FailedError(
            f"block {block} of the cnn gets feature maps of {flow.shape[1]} x {flow.shape[2]}: nothing would be left",
            code="AM304",
            help="use fewer blocks (`model.filters`), less pooling (`model.pool`), `padding: same`, or larger images",
        )
