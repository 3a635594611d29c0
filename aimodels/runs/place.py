"""Where a new run goes, and what people want to find it by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aimodels.runs.folder import RunFolder


@dataclass(frozen=True)
class RunPlace:
    """A numbered folder in `runs_dir`, or `exactly` one folder; tags and notes are kept in `run.json`.

    `resumed` is a run that goes on in its own folder, where it is no new one.
    """

    runs_dir: Path
    exactly: Path | None = None
    tags: Sequence[str] = ()
    notes: str = ""
    resumed: RunFolder | None = None
