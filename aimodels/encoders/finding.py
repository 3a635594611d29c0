"""From the word after `model.encoder` to an encoder: a folder, or a name on the hub."""

import functools
import re
from pathlib import Path

from aimodels.encoders.encoder import Encoder
from aimodels.encoders.folder_files import expect_encoder_files
from aimodels.encoders.hub import MAIN, HubName, folder_from_hub
from aimodels.encoders.model_config import read_model_config
from aimodels.encoders.pieces import read_pieces
from aimodels.encoders.weights import match_tensors, other_number

HUB_NAME = re.compile(r"(?P<name>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w./-]+))?")


def find_encoder(name: str) -> Encoder:
    """The encoder of a folder, or of a name on the hub (`org/name`, `org/name@revision`); not `random`.

    Its config, its vocabulary and the headers of its weights are read and checked, once per process as long as no file
    changes; the weights themselves when they are asked for.

    Raises:
        MissingError: there is no such folder, or it lacks a file.
        DataError: a file is broken, or says something that is not supported.
        MachineError, FailedError: it cannot be downloaded.
    """
    folder = _folder_of(name)
    expect_encoder_files(folder, name=name)
    return _read(name, folder, _changed_at(folder))


def _folder_of(name: str) -> Path:
    """The folder that is named, in the cache for a name on the hub; a folder that is there comes first."""
    folder = Path(name).expanduser()
    match = HUB_NAME.fullmatch(name)
    if folder.exists() or match is None:
        return folder
    return folder_from_hub(HubName(match["name"], match["revision"] or MAIN))


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
