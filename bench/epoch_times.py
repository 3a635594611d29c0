"""Seconds per epoch, from when each epoch ended: of a run of ours, or of a script that printed it."""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from aimodels.runs.folder import RunFolder


def epochs_ended(run: Path) -> list[float]:
    """When each epoch of a run ended, in seconds since 1970, as its own events say."""
    events = [json.loads(line) for line in RunFolder(run).events_file.read_text(encoding="utf-8").splitlines()]
    return [datetime.fromisoformat(event["t"]).timestamp() for event in events if event["type"] == "epoch_ended"]


def steps_ended(run: Path) -> list[list[float]]:
    """When each step of each epoch of a run ended, of those that its events tell: some a second."""
    events = [json.loads(line) for line in RunFolder(run).events_file.read_text(encoding="utf-8").splitlines()]
    found: list[list[float]] = []
    for event in events:
        if event["type"] == "epoch_started":
            found.append([])
        elif event["type"] == "step":
            found[-1].append(datetime.fromisoformat(event["t"]).timestamp())
    return found


def between(ended: list[float]) -> float:
    """Seconds per epoch, the median over the epochs after the first."""
    return median(end - start for start, end in pairwise(ended))
