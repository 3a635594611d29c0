"""The weights of an encoder's files by our own names; every tensor is used or known, every weight is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aimodels.encoders.encoder import Encoder, EncoderShape, Family, Shapes, Weights
from aimodels.encoders.families import FAMILIES, FamilyFiles, Part
from aimodels.encoders.memory import expect_fits
from aimodels.encoders.safetensors_files import StoredTensor, expect_floats, read_tensors, stored_tensors
from aimodels.errors import EncoderError
from aimodels.events import warn

WORD = "embeddings/word"
# A tensor whose name begins like this is of the encoder itself; all others are of heads.
OF_THE_ENCODER = ("embeddings", "encoder.", "transformer.")
SHOWN = 3
AGAIN = "the config and the weights must be of the same encoder; download or copy both again"


@dataclass(frozen=True)
class Wanted:
    """A weight that is looked for: under which names, whether turned around, and its shape here."""

    ours: str
    theirs: tuple[str, ...]
    is_turned: bool = False


@dataclass(frozen=True)
class Matched:
    """Which stored tensor is which weight.

    `turned` are the weights that are stored the other way round, `unused` the tensors of heads that nothing here uses,
    `tied` is the table of the head that guesses words, if it is stored once more.
    """

    found: dict[str, StoredTensor]
    turned: frozenset[str]
    unused: tuple[str, ...]
    tied: StoredTensor | None


def read_weights(encoder: Encoder) -> Weights:
    """Every weight of the encoder as float32; also pooler and the heads of pre-training that are there whole.

    Raises:
        EncoderError: see `match_tensors`; or a file cannot be read.
        DataError: a tensor holds NaN or infinity.
        MachineError: they do not fit into memory.
    """
    if encoder.folder is None:
        return {}
    expect_fits(encoder.shape, name=encoder.name, trains=False)
    matched = match_tensors(encoder.folder, family=encoder.family, shape=encoder.shape)
    values = read_tensors(matched.found)
    weights = {ours: np.ascontiguousarray(one.T) if ours in matched.turned else one for ours, one in values.items()}
    unused = list(matched.unused)
    if matched.tied is not None and "mlm/bias" in weights:
        table = read_tensors({WORD: matched.tied})[WORD]
        if not np.array_equal(table, weights[WORD]):
            # The head guesses words with a table of its own, which there is no place for.
            weights = {ours: one for ours, one in weights.items() if not ours.startswith("mlm/")}
            unused.append(matched.tied.name)
    if unused:
        _warn_of_unused(encoder, unused)
    return weights


def match_tensors(folder: Path, *, family: Family, shape: EncoderShape) -> Matched:
    """Find each weight among the tensors of the folder; only the headers of files are read.

    Raises:
        EncoderError: a weight is missing, of another shape or no float, or a tensor of the encoder is not known.
    """
    files = FAMILIES[family]
    stored = _without_prefix(stored_tensors(folder), prefix=files.prefix, folder=folder)
    needed, heads = shape.weights, head_shapes(shape)
    shapes = needed | heads
    wanted = [weight for weight in wanted_tensors(files, blocks=shape.blocks) if weight.ours in shapes]
    turned = frozenset(weight.ours for weight in wanted if weight.is_turned)
    found = {weight.ours: stored[name] for weight in wanted for name in weight.theirs if name in stored}
    _expect_all(found, needed=needed, wanted=wanted, folder=folder)
    _expect_shapes(found, shapes=shapes, turned=turned)
    whole = {ours: tensor for ours, tensor in found.items() if ours in needed or _is_whole(ours, found, heads)}
    expect_floats(whole.values())
    used = {tensor.name for tensor in whole.values()}
    known = {name for name in stored if files.ignored.fullmatch(name) or name == files.tied}
    left = {name: tensor for name, tensor in stored.items() if tensor.name not in used and name not in known}
    _refuse_unknown([tensor for name, tensor in left.items() if name.startswith(OF_THE_ENCODER)], shape=shape)
    return Matched(
        found=whole,
        turned=turned,
        unused=tuple(sorted(tensor.name for tensor in left.values())),
        tied=stored.get(files.tied),
    )


def _without_prefix(stored: Mapping[str, StoredTensor], *, prefix: str, folder: Path) -> dict[str, StoredTensor]:
    found: dict[str, StoredTensor] = {}
    for name, tensor in stored.items():
        short = name.removeprefix(prefix)
        if short in found:
            message = f"the weights in {folder} hold {short} twice, with `{prefix}` before it and without"
            raise EncoderError(message, code="AM350", help=AGAIN)
        found[short] = tensor
    return found


def wanted_tensors(files: FamilyFiles, *, blocks: int) -> Iterator[Wanted]:
    """Every weight that a file of the family may hold, under its name there without the prefix."""
    for part in (*files.outside, *files.heads):
        yield from _tensors_of(part, theirs=part.theirs, ours=part.ours)
    for number in range(blocks):
        for part in files.block:
            yield from _tensors_of(part, theirs=part.theirs.format(number), ours=f"block_{number + 1}/{part.ours}")


def _tensors_of(part: Part, *, theirs: str, ours: str) -> Iterator[Wanted]:
    if part.kind == "table":
        yield Wanted(ours, (theirs,))
    elif part.kind == "norm":
        # Files that were once made from TensorFlow's checkpoints have the older names.
        yield Wanted(f"{ours}/gamma", (f"{theirs}.weight", f"{theirs}.gamma"))
        yield Wanted(f"{ours}/beta", (f"{theirs}.bias", f"{theirs}.beta"))
    else:
        yield Wanted(f"{ours}/kernel", (f"{theirs}.weight",), is_turned=True)
        yield Wanted(f"{ours}/bias", (f"{theirs}.bias",))


def head_shapes(shape: EncoderShape) -> Shapes:
    """The shapes of the weights beyond the encoder that are understood: pooler and heads of pre-training."""
    size, embedding = shape.size, shape.embedding
    return {
        "pooler/kernel": (size, size),
        "pooler/bias": (size,),
        "mlm/dense/kernel": (size, embedding),
        "mlm/dense/bias": (embedding,),
        "mlm/norm/gamma": (embedding,),
        "mlm/norm/beta": (embedding,),
        "mlm/bias": (shape.pieces,),
        "nsp/kernel": (size, 2),
        "nsp/bias": (2,),
    }


def _is_whole(ours: str, found: Mapping[str, StoredTensor], heads: Mapping[str, tuple[int, ...]]) -> bool:
    head = ours.partition("/")[0]
    return all(name in found for name in heads if name.partition("/")[0] == head)


def _expect_all(
    found: Mapping[str, StoredTensor], *, needed: Mapping[str, tuple[int, ...]], wanted: list[Wanted], folder: Path
) -> None:
    theirs = {weight.ours: weight.theirs[0] for weight in wanted}
    missing = [theirs[ours] for ours in needed if ours not in found]
    if missing:
        listed = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN:,} more" if len(missing) > SHOWN else "")
        message = (
            f"the weights in {folder} lack {len(missing):,} of the {len(needed):,} tensors that the config asks for"
        )
        raise EncoderError(message, code="AM350", help=AGAIN, notes=(f"missing: {listed}",))


def _expect_shapes(
    found: Mapping[str, StoredTensor], *, shapes: Mapping[str, tuple[int, ...]], turned: frozenset[str]
) -> None:
    for ours, tensor in found.items():
        expected = shapes[ours][::-1] if ours in turned else shapes[ours]
        if tensor.shape == expected:
            continue
        if ours == WORD and tensor.shape[1:] == expected[1:]:
            raise other_number(tensor.shape[0], pieces=expected[0], where=str(tensor.path))
        message = (
            f"{tensor.path}: the tensor {tensor.name} is {list(tensor.shape)}; the config asks for {list(expected)}"
        )
        raise EncoderError(message, code="AM350", help=AGAIN)


SAME_ENCODER = (
    "the vocabulary and the weights must be of the same encoder; if the table was made longer on purpose, "
    "aimodels explain AM348 says how to name its last rows"
)


def other_number(rows: int, *, pieces: int, where: str) -> EncoderError:
    """The error for a table of embeddings whose rows are not as many as the pieces of the vocabulary."""
    message = f"{where}: {rows:,} pieces have an embedding, and the vocabulary has {pieces:,}"
    return EncoderError(message, code="AM348", help=SAME_ENCODER)


def _refuse_unknown(tensors: list[StoredTensor], *, shape: EncoderShape) -> None:
    if tensors:
        message = (
            f"{tensors[0].path}: {len(tensors):,} tensors of the encoder would not be used, first {tensors[0].name}"
        )
        help = f"{AGAIN}; the config asks for {shape.blocks:,} blocks"
        raise EncoderError(message, code="AM350", help=help)


def _warn_of_unused(encoder: Encoder, names: list[str]) -> None:
    listed = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    warn(
        "AM351",
        f"of the encoder {encoder.name} these tensors are not used: {listed}",
        help="they are of a head for another task; the head of this run begins anew",
    )
