"""The layers of an encoder of BERT's shape, and its weights by the names of `aimodels.encoders.encoder`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from aimodels.encoders.encoder import EncoderShape
from aimodels.layers.encoder_block import EncoderBlock
from aimodels.layers.encoder_embeddings import EncoderEmbeddings
from aimodels.layers.low_rank import changing
from aimodels.layers.self_attention import JOINT

Array = npt.NDArray[np.float32]
# Each weight of some layers, and the names of what stands in it, side by side.
Places = list[tuple[Any, tuple[str, ...]]]


@dataclass(frozen=True)
class EncoderLayers:
    """The embeddings and the blocks of an encoder, from the first on."""

    shape: EncoderShape
    embeddings: EncoderEmbeddings
    blocks: tuple[EncoderBlock, ...]

    def __call__(self, ids: Any) -> Any:
        """From ids [N, T], of which 0 is padding, to states [N, T, size]."""
        flow = self.embeddings(ids)
        for block in self.blocks:
            flow = block(flow)
        return flow


@dataclass(frozen=True)
class Training:
    """How much of an encoder trains: not its first layers (the embeddings are one, each block is one), or nothing but
    changes of low rank (`rank`, `alpha` and `on`, see `EncoderBlock`)."""

    num_frozen: int = 0
    low_rank: Mapping[str, Any] | None = None


WHOLE = Training()


def encoder_layers(
    shape: EncoderShape, *, prefix: str = "", dropout: float | None = None, training: Training = WHOLE,
    first_only: bool = False,
) -> EncoderLayers:  # fmt: skip
    """The layers of an encoder, with random weights. `dropout` takes the place of both of the encoder's own; with
    `first_only` the last block gives the state at the first piece alone."""
    if dropout is not None:
        shape = replace(shape, dropout=dropout, attention_dropout=dropout)
    embeddings = EncoderEmbeddings(
        pieces=shape.pieces,
        positions=shape.positions,
        segments=shape.segments,
        embedding=shape.embedding,
        size=shape.size,
        epsilon=shape.epsilon,
        dropout=shape.dropout,
        frozen=training.num_frozen > 0 or training.low_rank is not None,
        name=f"{prefix}encoder_embeddings",
    )
    blocks = tuple(
        EncoderBlock(
            heads=shape.heads,
            feed_forward=shape.feed_forward,
            norm="post",
            activation=shape.activation,
            dropout=shape.dropout,
            attention_dropout=shape.attention_dropout,
            epsilon=shape.epsilon,
            low_rank=training.low_rank,
            frozen=number < training.num_frozen,
            first_only=first_only and number == shape.blocks,
            name=f"{prefix}encoder_block_{number}",
        )
        for number in range(1, shape.blocks + 1)
    )
    return EncoderLayers(shape, embeddings, blocks)


def load_weights(layers: EncoderLayers, weights: Mapping[str, Array]) -> None:
    """Put weights, by their names, into layers that are built; those of pooler and heads are left out.

    Raises:
        ValueError: a weight of the encoder is not among them or has another shape; nothing was changed then.
    """
    wanted = layers.shape.weights
    missing = [name for name in wanted if name not in weights]
    if missing:
        raise ValueError(f"{len(missing)} weights would keep their random values: {', '.join(missing[:5])}")
    for name, shape in wanted.items():
        if weights[name].shape != shape:
            raise ValueError(f"{name} must have the shape {shape}, got {weights[name].shape}")
    places = _places(layers)
    _expect_all(layers, places)
    for weight, names in places:
        parts = [np.asarray(weights[name], dtype=np.float32) for name in names]
        weight.assign(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1))


def weights_of(layers: EncoderLayers) -> dict[str, Array]:
    """The weights of an encoder by name, in the order of `EncoderShape.weights`; changes of low rank are merged."""
    found: dict[str, Array] = {}
    changed = _merged(layers)
    for weight, names in _places(layers):
        values = changed[id(weight)] if id(weight) in changed else keras.ops.convert_to_numpy(weight)
        found |= dict(zip(names, np.split(values, len(names), axis=-1), strict=True))
    return {name: found[name] for name in layers.shape.weights}


def _places(layers: EncoderLayers) -> Places:
    """Each weight of the layers, and the names of what stands in it, side by side."""
    first = layers.embeddings
    places: Places = [(first.word, ("embeddings/word",)), (first.position, ("embeddings/position",))]
    if first.segment is not None:
        places.append((first.segment, ("embeddings/segment",)))
    places += _of_norm(first.norm, "embeddings/norm")
    if first.projection is not None:
        places += _of_dense(first.projection, "embeddings/projection")
    for number, block in enumerate(layers.blocks, start=1):
        places += _of_block(block, f"block_{number}")
    return places


def _of_block(block: EncoderBlock, name: str) -> Places:
    attention = block.attention
    return [
        (attention.kernel, tuple(f"{name}/{part}/kernel" for part in JOINT)),
        (attention.bias, tuple(f"{name}/{part}/bias" for part in JOINT)),
        (attention.output_kernel, (f"{name}/attention_output/kernel",)),
        (attention.output_bias, (f"{name}/attention_output/bias",)),
        *_of_norm(block.norms[0], f"{name}/attention_norm"),
        *_of_dense(block.inner, f"{name}/inner"),
        *_of_dense(block.outer, f"{name}/outer"),
        *_of_norm(block.norms[1], f"{name}/outer_norm"),
    ]


def _of_norm(norm: keras.layers.Layer, name: str) -> Places:
    return [(norm.gamma, (f"{name}/gamma",)), (norm.beta, (f"{name}/beta",))]


def _of_dense(dense: keras.layers.Layer, name: str) -> Places:
    return [(dense.kernel, (f"{name}/kernel",)), (dense.bias, (f"{name}/bias",))]


def _expect_all(layers: EncoderLayers, places: Places) -> None:
    """Hold that every weight of the layers has its place, but for the changes of low rank, which begin as nothing.

    Raises:
        ValueError: one would keep its random values.
    """
    placed = {id(weight) for weight, _ in places}
    placed |= {number for block in layers.blocks for number in changing(block)}
    every = (weight for layer in (layers.embeddings, *layers.blocks) for weight in layer.weights)
    left = [weight.path for weight in every if id(weight) not in placed]
    if left:
        raise ValueError(f"{len(left)} weights would keep their random values: {', '.join(left[:5])}")


def _merged(layers: EncoderLayers) -> dict[int, Array]:
    """What the kernels that have a change of low rank are with it, by the identity of the kernel."""
    found: dict[int, Array] = {}
    for block in layers.blocks:
        attention = block.attention
        kernel, _, output_kernel, _ = attention.merged_weights()
        found |= {id(attention.kernel): kernel, id(attention.output_kernel): output_kernel}
        for dense in (block.inner, block.outer):
            if hasattr(dense, "merged_weights"):
                found[id(dense.kernel)] = dense.merged_weights()[0]
    return found
