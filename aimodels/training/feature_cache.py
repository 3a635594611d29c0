"""Features on disk, for whoever asks for the same ones next: the same encoder, of the same texts.

A file holds those of some hundred texts and is named by a hash of everything that they depend on, so that it need never
be thrown away for being old; it may be deleted at any time. It is whole or not there, whoever else writes it. Before
all files take more than MOST_BYTES, those that nobody has read for the longest time are deleted.
"""

import fcntl
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

import aimodels
from aimodels.data.downloading import cache_folder
from aimodels.errors import MachineError
from aimodels.events import warn
from aimodels.runs.atomic import replacing

Features = npt.NDArray[np.float32]
LAYERS = Path(aimodels.__file__).parent / "layers"
BROKEN = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)
MOST_BYTES = 4_000_000_000
SUFFIX = ".npz"
HEADER_BYTES = 1_000  # of a file, besides its numbers


def folder() -> Path:
    """Where features are kept: beside Keras's folder of data sets."""
    return cache_folder().parent / "aimodels" / "features"


def key_of(encoder: keras.Model) -> str:
    """A hash of the encoder (its layers, their options and weights), and of who computes: the code of the layers,
    TensorFlow, the kinds of devices."""
    told = hashlib.sha256()
    layers = [each for each in encoder.layers if not isinstance(each, keras.layers.InputLayer)]
    made_from = [[type(layer).__name__, layer.get_config()] for layer in layers]
    devices = sorted({device.device_type for device in tf.config.list_logical_devices()})
    told.update(json.dumps([keras.__version__, tf.__version__, devices, made_from], default=str).encode())
    for path in sorted(LAYERS.glob("*.py")):
        told.update(path.read_bytes())
    for weight in encoder.weights:
        told.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return told.hexdigest()


@dataclass
class FeatureCache:
    """What one run reads in the folder and keeps there: features of `size` numbers under the keys in `own`, which it
    never deletes. What goes wrong is told once."""

    own: frozenset[str]
    size: int
    broken: list[str] = field(default_factory=list)
    is_kept: bool = True

    def read(self, key: str, *, num_texts: int) -> Features | None:
        """The features under a key, float32 [num_texts, size]; None where there are none. A broken file is deleted."""
        path = _path(key)
        if not path.is_file():
            return None
        try:
            # The archive holds a checksum, which is compared on the way.
            with path.open("rb") as file:
                found = np.load(file, allow_pickle=False)["features"]
            if found.shape != (num_texts, self.size) or found.dtype != np.float32:
                raise ValueError(f"it holds {found.dtype} {found.shape}")
        except FileNotFoundError:  # deleted since, to make room
            return None
        except BROKEN as error:
            self.broken.append(f"{path}: {str(error).strip() or type(error).__name__}")
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # read now
        return np.asarray(found, dtype=np.float32)

    def keep(self, key: str, features: Features) -> None:
        """Keep features for whoever asks next; where that cannot be, say so once and go on."""
        if not self.is_kept:
            return
        path = _path(key)
        try:
            self._make_room(features.nbytes + HEADER_BYTES)
            with replacing(path) as partial:
                np.savez(partial, features=features)
        except MachineError as error:
            self.is_kept = False
            warn(
                "AM375",
                f"features are not kept for the next run: {error.message}",
                help="this run has them in memory; the next one computes them again",
            )

    def tell_broken(self) -> None:
        """Warn of the files that could not be read."""
        if self.broken:
            more = f" (and {len(self.broken) - 1} more)" if len(self.broken) > 1 else ""
            warn(
                "AM376",
                f"features are computed anew, because a file that kept them is broken{more}: {self.broken[0]}",
                help="nothing is lost, and the file is written again",
            )

    def _make_room(self, num_bytes: int) -> None:
        """Delete what nobody has read for the longest time, until so many bytes more are within the bound.

        Raises:
            MachineError: this run alone would take more.
        """
        files = []
        for path in folder().glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # another run makes room as well
                files.append((path.stat().st_mtime, path.stat().st_size, path))
        taken = num_bytes + sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if taken <= MOST_BYTES:
                return
            if path.stem not in self.own:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
                    taken -= size
        if taken > MOST_BYTES:
            raise MachineError(f"{folder()} is full: at most {MOST_BYTES / 1e9:g} GB are kept there", code="AM375")


@contextmanager
def claimed(key: str) -> Iterator[bool]:
    """Whether no other process computes these features now; if so, none does before the block ends."""
    path = folder() / f"{key}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError:  # whoever cannot write here cannot share what it computes
        yield True
        return
    with file:
        try:
            # The system opens it again where a process dies.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks: at worst, two processes compute the same
            pass
        try:
            yield True
        finally:
            with suppress(OSError):
                path.unlink()


def _path(key: str) -> Path:
    return folder() / f"{key}{SUFFIX}"
