"""What an encoder is, whatever family it is of: its sizes, its pieces of words, and its weights by our own names.

A weight has the shape that a Keras layer wants ([inputs, outputs] of a dense layer). E is the size of the embedding, H
that of the states, F the units inside a block's small network, V pieces, P positions, S kinds of segments:

    embeddings/word [V, E]   embeddings/position [P, E]   embeddings/segment [S, E]
    embeddings/norm/gamma, embeddings/norm/beta [E]
    embeddings/projection/kernel [E, H], embeddings/projection/bias [H]      where E is not H
    block_1/query/kernel [H, H], block_1/query/bias [H], the same of key, value and attention_output
    block_1/attention_norm/gamma, block_1/attention_norm/beta [H]
    block_1/inner/kernel [H, F], block_1/inner/bias [F], block_1/outer/kernel [F, H], block_1/outer/bias [H]
    block_1/outer_norm/gamma, block_1/outer_norm/beta [H]

Beyond the encoder, as far as a file has them: pooler/kernel, pooler/bias, and the heads of pre-training:
mlm/dense/kernel [H, E], mlm/dense/bias, mlm/norm/gamma, mlm/norm/beta [E], mlm/bias [V], nsp/kernel [H, 2], nsp/bias.
"""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Activation = Literal["gelu", "gelu_tanh", "relu", "silu"]
Family = Literal["bert", "distilbert", "electra"]
Shapes = dict[str, tuple[int, ...]]
Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class EncoderShape:
    """Sizes of an encoder. `segments` is 0 where it does not tell two texts apart (DistilBERT)."""

    pieces: int
    positions: int
    segments: int
    embedding: int
    size: int
    blocks: int
    heads: int
    feed_forward: int
    activation: Activation = "gelu"
    epsilon: float = 1e-12
    dropout: float = 0.1
    attention_dropout: float = 0.1

    @property
    def weights(self) -> Shapes:
        """The shape of each weight of the encoder, by name, in order; without pooler and heads."""
        found: Shapes = {
            "embeddings/word": (self.pieces, self.embedding),
            "embeddings/position": (self.positions, self.embedding),
        }
        if self.segments:
            found["embeddings/segment"] = (self.segments, self.embedding)
        found |= _norm("embeddings/norm", self.embedding)
        if self.embedding != self.size:
            found |= _dense("embeddings/projection", self.embedding, self.size)
        for number in range(1, self.blocks + 1):
            found |= {f"block_{number}/{name}": shape for name, shape in self._block().items()}
        return found

    def _block(self) -> Shapes:
        found: Shapes = {}
        for part in ("query", "key", "value", "attention_output"):
            found |= _dense(part, self.size, self.size)
        found |= _norm("attention_norm", self.size)
        found |= _dense("inner", self.size, self.feed_forward) | _dense("outer", self.feed_forward, self.size)
        return found | _norm("outer_norm", self.size)


@dataclass(frozen=True)
class PieceRules:
    """How a text becomes pieces of words, as the files of the encoder say.

    `special` are the pieces that are found as they stand in a text, whatever stands beside them, such as `[SEP]`.
    """

    lower: bool = True
    strip_accents: bool = True
    clean: bool = True
    chinese_characters: bool = True
    longest_word: int = 100
    prefix: str = "##"
    unknown: str = "[UNK]"
    start: str = "[CLS]"
    end: str = "[SEP]"
    padding: str = "[PAD]"
    mask: str = "[MASK]"
    special: tuple[str, ...] = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Encoder:
    """An encoder: where it is from, its sizes, the piece of each id and how a text becomes pieces.

    `name` is what the config says; `folder` is None where it begins with random weights.
    """

    name: str
    family: Family
    folder: Path | None
    shape: EncoderShape
    vocabulary: tuple[str, ...] = field(repr=False)
    rules: PieceRules

    @property
    def source(self) -> str:
        """Where its weights are from; the folder of one from the hub has the name of its commit."""
        return "random weights" if self.folder is None else str(self.folder)

    @property
    def identity(self) -> str:
        """A hash of its sizes, its pieces and its rules, but not of its weights: what a network on it is made for."""
        said = [asdict(self.shape), self.vocabulary, asdict(self.rules)]
        return sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def weights(self) -> Weights:
        """Every weight by its canonical name, read from the files now; nothing where it begins with random weights.

        Raises:
            EncoderError: a file is broken, a weight is missing or of another shape, or a tensor is not known.
            DataError: a weight is not finite.
        """
        from aimodels.encoders.weights import read_weights  # it needs this module's types

        return read_weights(self) if self.folder is not None else {}


def _norm(name: str, size: int) -> Shapes:
    return {f"{name}/gamma": (size,), f"{name}/beta": (size,)}


def _dense(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}
