"""What can be said of an encoder before anything is built: what it is, its sizes, what it takes, what will train."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from aimodels.config.wordpieces import EncoderReading
from aimodels.data.plurals import counted
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.families import FAMILIES
from aimodels.encoders.folder_files import WEIGHTS
from aimodels.encoders.memory import bytes_needed


class LowRank(Protocol):
    """The changes of low rank that are asked for."""

    @property
    def rank(self) -> int:
        """Rank of each change."""

    @property
    def on(self) -> Sequence[str]:
        """Parts of a block that are changed."""


@runtime_checkable
class FineTuning(Protocol):
    """What the options of an architecture say of what becomes of its encoder."""

    @property
    def pooling(self) -> str:
        """What becomes of the states of a text."""

    @property
    def freeze(self) -> str | int:
        """`none`, `all`, `embeddings`, or how many blocks."""

    @property
    def unfreeze_every(self) -> int | None:
        """Epochs after which one block more trains."""

    @property
    def learning_rate_decay(self) -> float:
        """Share of the learning rate that the block below has."""

    @property
    def lora(self) -> LowRank | None:
        """Changes of low rank, which train in the place of the weights."""


@dataclass(frozen=True)
class EncoderFacts:
    """An encoder in figures.

    `size` is how many numbers a piece has, `cased` whether capital letters and accents count. Random weights have no
    `file_bytes`, and at most so many pieces as `vocabulary` says. `memory_bytes` is the least that the encoder takes.
    `trains` and `pooling` say what becomes of it in a training; they are empty where that is not known.
    """

    name: str
    source: str
    family: str
    blocks: int
    size: int
    positions: int
    vocabulary: int
    cased: bool
    file_bytes: int
    memory_bytes: int
    trains: str
    pooling: str
    max_length: int
    keep: str


def encoder_facts(
    encoder: Encoder, *, reading: EncoderReading, training: FineTuning | None, epochs: int
) -> EncoderFacts:
    """What there is to say of an encoder that reads texts in this way; `training` is None where no head trains."""
    shape = encoder.shape
    if encoder.folder is None:
        shape = replace(shape, pieces=reading.sizes.vocabulary)
    return EncoderFacts(
        name=encoder.name,
        source=encoder.source,
        family=FAMILIES[encoder.family].label,
        blocks=shape.blocks,
        size=shape.size,
        positions=shape.positions,
        vocabulary=shape.pieces,
        cased=not encoder.rules.lower,
        file_bytes=_file_bytes(encoder.folder),
        memory_bytes=bytes_needed(shape, trains=training is None or trains_weights(training)),
        trains="" if training is None else _what_trains(training, blocks=shape.blocks, epochs=epochs),
        pooling="" if training is None else training.pooling,
        max_length=reading.wordpieces.max_length,
        keep=reading.wordpieces.keep,
    )


def trains_weights(training: FineTuning) -> bool:
    """Whether weights of the encoder train, and not only what is put on or beside them."""
    return training.freeze != "all" and training.lora is None


def _file_bytes(folder: Path | None) -> int:
    if folder is None:
        return 0
    files = [folder / WEIGHTS] if (folder / WEIGHTS).is_file() else folder.glob("*.safetensors")
    return sum(path.stat().st_size for path in files)


def _what_trains(options: FineTuning, *, blocks: int, epochs: int) -> str:
    if options.lora is not None:
        return f"changes of rank {options.lora.rank} to {', '.join(options.lora.on)} of each block, and the head"
    told = _of_the_encoder(options.freeze, blocks=blocks)
    if not told:
        return "the head alone"
    told = f"{told} and the head"
    if options.unfreeze_every is not None:
        left = _num_training(options.freeze, blocks=blocks)
        told += f"; {_unfreezing(options.unfreeze_every, blocks=left, epochs=epochs)}"
    if options.learning_rate_decay != 1:
        told += f"; each block at {options.learning_rate_decay:g} times the learning rate of the one above it"
    return told


def _unfreezing(every: int, *, blocks: int, epochs: int) -> str:
    """When the blocks begin to train, and how many do before training ends (AM574 warns of the others)."""
    told = "the head alone at first, one block more every " + ("epoch" if every == 1 else f"{every} epochs")
    joined = min(blocks, (epochs - 1) // every)
    if joined == blocks:
        return told
    return f"{told}, so that in {counted(epochs, 'epoch')} {joined or 'none'} of {blocks} begin{'s' * (joined == 1)} to"


def _of_the_encoder(freeze: str | int, *, blocks: int) -> str:
    if freeze == "none":
        return "the whole encoder"
    if freeze == "embeddings":
        return f"all {blocks} blocks"
    left = _num_training(freeze, blocks=blocks)
    return f"the last {left} of {blocks} blocks" if left else ""


def _num_training(freeze: str | int, *, blocks: int) -> int:
    """How many blocks may train."""
    return {"none": blocks, "embeddings": blocks, "all": 0}[freeze] if isinstance(freeze, str) else blocks - freeze
