"""From the word after `model.encoder` to an encoder: a folder, a name on the hub, or random weights."""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from aimodels.config.wordpieces import RANDOM, EncoderReading
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.folder_files import expect_encoder_files
from aimodels.encoders.hub import MAIN, HubName, folder_from_hub, is_cached
from aimodels.encoders.model_config import read_model_config
from aimodels.encoders.pieces import read_pieces
from aimodels.encoders.random_encoder import random_encoder
from aimodels.encoders.weights import match_tensors, other_number

HUB_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w./-]+))?")


def encoder_of(reading: EncoderReading, *, vocabulary: Sequence[str] = ()) -> Encoder:
    """The encoder that a config names; `vocabulary` are the pieces of a random one.

    Raises:
        UserError: see `find_encoder`.
    """
    is_random = reading.encoder == RANDOM
    return random_encoder(reading.sizes, vocabulary) if is_random else find_encoder(reading.encoder)


def is_at_hand(name: str) -> bool:
    """Whether an encoder can be looked at, or missed, without a network: all but what the hub alone may have."""
    wanted = None if name == RANDOM else _on_the_hub(name)
    return wanted is None or is_cached(wanted)


def find_encoder(name: str) -> Encoder:
    """The encoder of a folder, or of a name on the hub (`org/name`, `org/name@revision`); not `random`.

    Its config, its vocabulary and the headers of its weights are read and checked, once per process as long as no file
    changes; the weights themselves when they are asked for.

    Raises:
        MissingError: there is no such folder, or it lacks a file.
        EncoderError: a file is broken, or says something that is not supported.
        MachineError, FailedError: it cannot be downloaded.
    """
    folder = _folder_of(name)
    expect_encoder_files(folder, name=name)
    return _read(name, folder, _changed_at(folder))


def _folder_of(name: str) -> Path:
    """The folder that is named, in the cache for a name on the hub; a folder that is there comes first."""
    wanted = _on_the_hub(name)
    return Path(name).expanduser() if wanted is None else folder_from_hub(wanted)


def _on_the_hub(name: str) -> HubName | None:
    """The encoder of the hub that is meant, if it is not a folder."""
    match = HUB_NAME.fullmatch(name)
    if match is None or Path(name).expanduser().exists():
        return None
    return HubName(match["name"], match["revision"] or MAIN)


def _changed_at(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes whenever a file of the folder does: names, times and sizes."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)


@functools.lru_cache(maxsize=8)
def _read(name: str, folder: Path, changed_at: tuple[tuple[str, int, int], ...]) -> Encoder:
    config = read_model_config(folder, name=name)
    pieces = read_pieces(folder)
    if len(pieces.vocabulary) != config.shape.pieces:
        raise other_number(config.shape.pieces, pieces=len(pieces.vocabulary), where=str(folder))
    match_tensors(folder, family=config.family, shape=config.shape)
    return Encoder(
        name=name,
        family=config.family,
        folder=folder.absolute(),
        shape=config.shape,
        vocabulary=pieces.vocabulary,
        rules=pieces.rules,
    )
