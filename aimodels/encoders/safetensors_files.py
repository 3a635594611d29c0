"""The tensors in the safetensors files of a folder: one file, or several with an index."""

import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimodels.encoders.folder_files import WEIGHTS, WEIGHTS_INDEX, read_json
from aimodels.errors import DataError, EncoderError, MissingError

READ = ("F64", "F32", "F16", "BF16")
LENGTH_BYTES = 8  # a safetensors file begins with the length of its header, little-endian
AGAIN = "the file may be cut off; download or copy it again"


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file, not read yet."""

    path: Path
    name: str
    kind: str
    shape: tuple[int, ...]


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Every tensor of the folder's weights, by name; only headers are read.

    Raises:
        EncoderError: a file is cut off or broken, or the index says something else than the files.
        MissingError: the index names a file that is not there.
    """
    index = folder / WEIGHTS_INDEX
    if (folder / WEIGHTS).is_file():
        return _of_file(folder / WEIGHTS)
    places = read_json(index, code="AM349").get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise EncoderError(f"{index} must say in `weight_map` which file each tensor is in", code="AM349", help=AGAIN)
    found: dict[str, StoredTensor] = {}
    for file in sorted(set(places.values())):
        path = folder / Path(file).name
        if not path.is_file():
            message = f"{index} names {file}, which is not there"
            raise MissingError(message, code="AM340", help="download or copy every file that the index names")
        found |= _of_file(path)
    lost = [name for name, file in places.items() if name not in found or found[name].path.name != Path(file).name]
    if lost:
        message = f"{index} says that {places[lost[0]]} holds the tensor {lost[0]}, and it does not"
        raise EncoderError(message, code="AM349", help="download or copy the index and all its files again")
    return found


def _of_file(path: Path) -> dict[str, StoredTensor]:
    with _opened(path) as file:
        found = {}
        for name in file.keys():  # the file is no mapping
            part = file.get_slice(name)
            found[name] = StoredTensor(path=path, name=name, kind=str(part.get_dtype()), shape=tuple(part.get_shape()))
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise EncoderError(f"{path} is not a whole safetensors file: {error}", code="AM349", help=AGAIN) from error


def read_tensors(tensors: Mapping[str, StoredTensor]) -> dict[str, NDArray[np.float32]]:
    """The values of these tensors as float32, by the same names.

    Raises:
        DataError: a tensor holds NaN or infinity.
        EncoderError: the file cannot be read.
    """
    found: dict[str, NDArray[np.float32]] = {}
    for path in sorted({tensor.path for tensor in tensors.values()}):
        halves = _Halves(path)
        with _opened(path) as file:
            for name, tensor in tensors.items():
                if tensor.path == path:
                    is_half = tensor.kind == "BF16"
                    values = halves.read(tensor) if is_half else _floats(file, tensor)
                    found[name] = _finite(values, tensor)
    return found


def expect_floats(tensors: Iterable[StoredTensor]) -> None:
    """Make sure that these tensors hold floats; their values are not read.

    Raises:
        EncoderError: one of them does not.
    """
    for tensor in tensors:
        if tensor.kind not in READ:
            message = f"{tensor.path}: the tensor {tensor.name} holds {tensor.kind}; expected {', '.join(READ)}"
            help = "an encoder with whole numbers in it was made smaller; take the full one"
            raise EncoderError(message, code="AM349", help=help)


def _floats(file: Any, tensor: StoredTensor) -> NDArray[np.float32]:
    values: NDArray[Any] = file.get_tensor(tensor.name)
    with np.errstate(over="ignore"):  # what a float32 cannot hold becomes infinite, which is refused
        return values.astype(np.float32, copy=False)


def _finite(values: NDArray[np.float32], tensor: StoredTensor) -> NDArray[np.float32]:
    # The sum is not finite as soon as one of them is not, and needs no memory of the size of the tensor.
    with np.errstate(invalid="ignore"):
        is_finite = np.isfinite(values.sum(dtype=np.float64))
    if not is_finite:
        message = f"{tensor.path}: the tensor {tensor.name} holds values that are not finite"
        raise DataError(message, code="AM349", help="the encoder was not trained or copied well; take another copy")
    return values


class _Halves:
    """Tensors of bfloat16, a kind that NumPy does not have: the upper half of the bytes of a float32."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._header: dict[str, Any] | None = None
        self._start = 0

    def read(self, tensor: StoredTensor) -> NDArray[np.float32]:
        """The values of one tensor."""
        with self.path.open("rb") as file:
            if self._header is None:
                length = int.from_bytes(file.read(LENGTH_BYTES), "little")
                self._header = json.loads(file.read(length))
                self._start = LENGTH_BYTES + length
            begin, end = self._header[tensor.name]["data_offsets"]
            file.seek(self._start + begin)
            upper = np.frombuffer(file.read(end - begin), dtype="<u2")
        return (upper.astype(np.uint32) << np.uint32(16)).view(np.float32).reshape(tensor.shape)


def save_tensors(tensors: Mapping[str, NDArray[Any]], path: Path, *, metadata: Mapping[str, str]) -> None:
    """Write a file that whoever may read its neighbours can read; safetensors makes files for their owner alone.

    Raises:
        OSError: the disk is full or the file cannot be written.
        safetensors.SafetensorError: the same, where safetensors found it out.
    """
    from safetensors.numpy import save_file

    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    save_file(dict(tensors), path, metadata=dict(metadata))
    path.chmod(mode)
