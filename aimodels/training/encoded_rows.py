"""Rows that were brought to numbers, in a file per tensor, where they are too many for memory."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.preprocessing.words import Encoded

Positions = npt.NDArray[np.int64]
Chunk = Mapping[str, npt.NDArray[Any] | Encoded]
# Rows that lie closer together than this are read in one go, with those between them.
LARGEST_GAP = 64


@dataclass(frozen=True)
class Wanted:
    """Rows to be read, in this order; put together by place once, for all the tensors that they are read from."""

    positions: Positions

    @cached_property
    def stretches(self) -> list[tuple[Positions, int, int]]:
        """Places in `positions` whose rows lie close together, their first row, and the one behind their last."""
        if not len(self.positions):
            return []
        order = np.argsort(self.positions)
        ordered = self.positions[order]
        cuts = np.flatnonzero(np.diff(ordered) > LARGEST_GAP) + 1
        limits = [0, *cuts.tolist(), len(order)]
        return [
            (order[first:last], int(ordered[first]), int(ordered[last - 1]) + 1)
            for first, last in zip(limits, limits[1:], strict=False)
        ]


@dataclass(frozen=True)
class StoredTensor:
    """One row after the other in a file, each of the same shape and type."""

    path: Path
    row_shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.row_shape, dtype=np.int64)) * self.dtype.itemsize

    def read(self, wanted: "Wanted") -> npt.NDArray[Any]:
        """The rows at these positions, in this order."""
        positions = wanted.positions
        found = np.empty((len(positions), *self.row_shape), self.dtype)
        with self.path.open("rb", buffering=0) as file:
            for places, start, end in wanted.stretches:
                read = _numbers(file, self.dtype, first=start * self.row_bytes, last=end * self.row_bytes)
                found[places] = read.reshape(-1, *self.row_shape)[positions[places] - start]
        return found


@dataclass(frozen=True)
class StoredTexts:
    """The ids of texts one after the other in a file; text i is those from `starts[i]` to `starts[i + 1]`."""

    path: Path
    starts: npt.NDArray[np.int64]

    def read(self, wanted: "Wanted") -> Encoded:
        """The texts at these positions, in this order; their words before the cut are not known any more."""
        positions = wanted.positions
        parts: list[npt.NDArray[np.int32]] = [np.empty(0, np.int32)] * len(positions)
        with self.path.open("rb", buffering=0) as file:
            for places, start, end in wanted.stretches:
                first, last = int(self.starts[start]), int(self.starts[end])
                read = _numbers(file, np.dtype(np.int32), first=4 * first, last=4 * last)
                for place in places:
                    position = positions[place]
                    parts[place] = read[self.starts[position] - first : self.starts[position + 1] - first]
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        return Encoded(np.concatenate([np.empty(0, np.int32), *parts]), starts, lengths)


Stored = StoredTensor | StoredTexts


def store(chunks: Iterable[Chunk], folder: Path) -> dict[str, Stored]:
    """Write chunks of rows into files of this folder, in their order."""
    files: dict[str, Any] = {}
    shapes: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    lengths: dict[str, list[npt.NDArray[np.int64]]] = {}
    paths = {}
    try:
        for chunk in chunks:
            for name, values in chunk.items():
                if name not in files:
                    paths[name] = folder / f"{name}.bin"
                    files[name] = paths[name].open("wb")
                if isinstance(values, Encoded):
                    lengths.setdefault(name, []).append(np.diff(values.starts))
                    values.ids.tofile(files[name])
                else:
                    shapes[name] = (values.shape[1:], values.dtype)
                    np.ascontiguousarray(values).tofile(files[name])
    finally:
        for file in files.values():
            file.close()
    stored: dict[str, Stored] = {name: StoredTensor(paths[name], *shape) for name, shape in shapes.items()}
    for name, parts in lengths.items():
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(parts))])
        stored[name] = StoredTexts(paths[name], starts)
    return stored


def _numbers(file: Any, dtype: np.dtype[Any], *, first: int, last: int) -> npt.NDArray[Any]:
    """What stands between two bytes of a file. Read and not mapped: mapped pages count as memory of the process."""
    parts, at = [], first
    while at < last:
        part = os.pread(file.fileno(), last - at, at)
        if not part:
            raise EOFError(f"{file.name} ends at byte {at}, expected {last}")
        parts.append(part)
        at += len(part)
    return np.frombuffer(b"".join(parts), dtype=dtype)
