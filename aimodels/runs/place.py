"""Where a new run goes, and what people want to find it by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPlace:
    """A numbered folder in `runs_dir`, or `exactly` one folder; tags and notes are kept in `run.json`."""

    runs_dir: Path
    exactly: Path | None = None
    tags: Sequence[str] = ()
    notes: str = ""
