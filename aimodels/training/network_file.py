"""A `.keras` file as bytes in which the arrays have known places: others are put there without Keras, in a tenth of the
time, and in any thread."""

import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
WEIGHTS = "model.weights.h5"
METADATA = "metadata.json"


class NetworkFile:
    """A file that Keras saved, and the places of its weights. Equal ones cannot be told apart: `alike` are the numbers
    of those."""

    def __init__(self, others: dict[str, bytes], *, weights: bytearray, places: Sequence[slice], alike: Any) -> None:
        self._others, self._weights, self._places = others, weights, places
        self._alike: list[list[int]] = alike

    @classmethod
    def of(cls, path: Path, *, weights: Sequence[Array]) -> Self | None:
        """The file, with the places of its arrays; None where they are not these weights, each in one piece."""
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        content = bytearray(parts.pop(WEIGHTS))
        free = _places(content)
        numbers = defaultdict(list)
        for number, weight in enumerate(weights):
            numbers[_identity(weight)].append(number)
        if {key: len(found) for key, found in free.items()} != {key: len(found) for key, found in numbers.items()}:
            return None
        places = {number: place for key in numbers for number, place in zip(numbers[key], free[key], strict=True)}
        alike = [found for found in numbers.values() if len(found) > 1]
        return cls(parts, weights=content, places=[places[number] for number in sorted(places)], alike=alike)

    def takes(self, weights: Sequence[Array]) -> bool:
        """Whether those that were equal are so still: then it does not matter which of them is where."""
        return all(np.array_equal(weights[one], weights[alike[0]]) for alike in self._alike for one in alike[1:])

    def write(self, path: Path, *, weights: Sequence[Array]) -> None:
        """Write the file with other weights, as if it was saved now."""
        for place, weight in zip(self._places, weights, strict=True):
            self._weights[place] = weight.tobytes()
        metadata = json.loads(self._others[METADATA]) | {"date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (self._others | {METADATA: json.dumps(metadata).encode()}).items():
                archive.writestr(name, content)
            archive.writestr(WEIGHTS, self._weights)


def _places(content: bytearray) -> dict[str, list[slice]]:
    """Where arrays are in an HDF5 file, by their identities; without those whose bytes are not all in one place."""
    found = defaultdict(list)

    def see(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and (start := item.id.get_offset()) is not None:
            found[_identity(item[()])].append(slice(start, start + item.id.get_storage_size()))

    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(see)
    return found


def _identity(array: Array) -> str:
    array = np.asarray(array)
    return f"{array.dtype.str} {array.shape} {sha256(array.tobytes()).hexdigest()}"
