"""What the data is, in one line of text: equal data has equal fingerprints; one changed pixel or letter changes it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FileFacts:
    """What a fingerprint knows of a file: its name relative to the data, its size in bytes, its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a fingerprint knows of a text: its split, its class or number, its characters; of a pair also the second
    one's."""

    split: str
    target: str
    text: str
    second: str | None = None


def of_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """The fingerprint of named arrays: SHA-256 over the names, types, shapes and contents, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        # A view as bytes hashes in place; tobytes() would copy the whole array.
        digest.update(array.reshape(-1).view(np.uint8).data)
    return f"sha256:{digest.hexdigest()}"


def of_files(files: Iterable[FileFacts]) -> str:
    """The fingerprint of files: SHA-256 over their names, sizes and contents, whatever their order."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        digest.update(f"{file.name}\0{file.size}\0{file.sha256}\0".encode())
    return f"sha256:{digest.hexdigest()}"


def of_texts(texts: Iterable[TextFacts]) -> str:
    """The fingerprint of labelled texts: SHA-256 over their splits, targets and contents, in their order."""
    digest = hashlib.sha256()
    for text in texts:
        content = text.text.encode()
        digest.update(f"{text.split}\0{len(text.target)}\0{text.target}\0{len(content)}\0".encode())
        digest.update(content)
        if text.second is not None:
            second = text.second.encode()
            digest.update(f"\0{len(second)}\0".encode())
            digest.update(second)
    return f"sha256:{digest.hexdigest()}"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's contents, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
