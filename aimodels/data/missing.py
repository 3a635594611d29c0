"""The error for data that is not where the config says."""

import difflib
import os
from pathlib import Path

from aimodels.errors import MissingError

HELP = "correct the path in the `data` section; `aimodels ls datasets` lists the datasets that need none"


def missing(path: Path, *, what: str, help: str = HELP) -> MissingError:
    """The error for a path that does not exist: where it was looked for, and what is there instead.

    `what` says what was expected ("an .npz file or a folder of IDX files").
    """
    folder = path.parent
    try:
        present = sorted(entry for entry in os.listdir(folder) if not entry.startswith("."))
    except OSError:
        existing = next((parent for parent in folder.parents if parent.is_dir()), Path("/"))
        notes = [f"the folder {folder} is not there either; the last part of the path that exists is {existing}"]
    else:
        near = difflib.get_close_matches(path.name, present, n=3, cutoff=0.6)
        notes = [f"near names in {folder.resolve()}: {', '.join(near)}"] if near else []
    if not path.is_absolute():
        notes.append(f"a relative path starts at the current folder, {Path.cwd()}")
    return MissingError(
        f"no such file or folder: {path} (expected {what})",
        code="AM201",
        help=help,
        notes=notes,
    )
