"""Features on disk, for the next run that asks for the same ones: the same encoder, of the same texts.

A file is named by a hash of everything that its features depend on, so that it need never be thrown away for being old;
it may be deleted at any time.
"""

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

import aimodels
from aimodels.data.downloading import cache_folder
from aimodels.errors import MachineError
from aimodels.events import Inferred, emit, warn
from aimodels.runs.atomic import replacing

if TYPE_CHECKING:
    from aimodels.preprocessing.words import Encoded

Features = npt.NDArray[np.float32]
LAYERS = Path(aimodels.__file__).parent / "layers"
BROKEN = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


def folder() -> Path:
    """Where features are kept: beside Keras's folder of data sets."""
    return cache_folder().parent / "aimodels" / "features"


def key_of(encoder: keras.Model, encoded: "Encoded") -> str:
    """A hash of the encoder (its layers, their options and weights), of the ids of the texts, and of who computes: the
    code of the layers, TensorFlow, the kinds of devices."""
    told = hashlib.sha256()
    layers = [each for each in encoder.layers if not isinstance(each, keras.layers.InputLayer)]
    made_from = [[type(layer).__name__, layer.get_config()] for layer in layers]
    devices = sorted({device.device_type for device in tf.config.list_logical_devices()})
    told.update(json.dumps([keras.__version__, tf.__version__, devices, made_from], default=str).encode())
    for path in sorted(LAYERS.glob("*.py")):
        told.update(path.read_bytes())
    for weight in encoder.weights:
        told.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    for numbers in (encoded.ids, encoded.starts):
        told.update(np.ascontiguousarray(numbers).tobytes())
    return told.hexdigest()


def read(key: str, *, shape: tuple[int, int], what: str) -> Features | None:
    """The features that are kept under a key, float32 of this shape; None where there are none that can be used."""
    path = _path(key)
    if not path.is_file():
        return None
    try:
        # The archive holds a checksum, which is compared on the way.
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)["features"]
        if found.shape != shape or found.dtype != np.float32:
            raise ValueError(f"they are {found.dtype} {found.shape}")
    except BROKEN as error:
        reason = str(error).strip() or type(error).__name__
        warn(
            "AM376",
            f"{path} is broken, so {what} are computed anew: {reason}",
            help="nothing is lost, and the file is written again",
        )
        return None
    emit(Inferred((f"{what} are those of an earlier run: {path} ({_size(path)})",)))
    return np.asarray(found, dtype=np.float32)


def keep(features: Features, *, key: str, what: str) -> None:
    """Keep features for the next run; where that cannot be, say so and go on."""
    path = _path(key)
    try:
        with replacing(path) as partial:
            np.savez(partial, features=features)
    except MachineError as error:
        warn(
            "AM375",
            f"{what} are not kept for the next run: {error.message}",
            help="this run has them in memory; the next one computes them again",
        )
        return
    emit(Inferred((f"{what} are kept for the next run: {path} ({_size(path)})",)))


def _path(key: str) -> Path:
    return folder() / f"{key}.npz"


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:,.1f} MB"
