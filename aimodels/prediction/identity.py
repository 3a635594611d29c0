"""What workers that answer together must have in common: the model, what is asked, and the examples."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aimodels.data.dataset import ImageFiles
from aimodels.data.fingerprint import sha256_of
from aimodels.prediction.image_inputs import Images
from aimodels.prediction.text_inputs import GivenText
from aimodels.runs.environment import package_versions
from aimodels.runs.folder import RunFolder
from aimodels.runs.loading import checkpoint_of


def facts_of(run: RunFolder, *, checkpoint: str, question: Mapping[str, Any], data: str) -> dict[str, Any]:
    """What all workers compare before they answer; `data` is the fingerprint of the examples.

    Raises:
        MissingError: there is no such checkpoint.
    """
    told = {
        "signature": run.signature,
        "threshold": run.threshold,
        "weights": sha256_of(checkpoint_of(run, checkpoint)),
    }
    return {
        "run": _hash_of([json.dumps(told, sort_keys=True)]),
        "question": dict(question),
        "data_fingerprint": data,
        "versions": package_versions(),
    }


def fingerprint_of_texts(given: Sequence[GivenText]) -> str:
    """A hash of all texts."""
    return _hash_of(json.dumps([text.name, text.text, text.second, text.problem]) for text in given)


def fingerprint_of_images(groups: Sequence[Images]) -> str:
    """A hash of the pixels of arrays, and of the names and sizes of files, which are read when they are answered."""
    digest = hashlib.sha256()
    for group in groups:
        if isinstance(group.examples, ImageFiles):
            digest.update(fingerprint_of_files(dict(zip(group.names, group.examples.paths, strict=True))).encode())
        else:
            digest.update(repr(group.examples.shape).encode())
            digest.update(group.examples.tobytes())
    return digest.hexdigest()


def fingerprint_of_files(files: Mapping[str, Path], *, written: Sequence[str] = ()) -> str:
    """A hash of the names and sizes of files, and of what was written out on the command line."""
    sizes = [[name, path.stat().st_size if path.exists() else -1] for name, path in files.items()]
    return _hash_of([json.dumps([sizes, list(written)])])


def _hash_of(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()
