"""The stream of events as JSON Lines: `events.jsonl` of a run, or wherever `--events` points."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from aimodels.events import Event, Step
from aimodels.runs.atomic import append, finite

STEP_EVERY_SECONDS = 1.0


class EventLog:
    """A listener that adds each event to a file or a stream as one JSON line, in one write; steps once a second."""

    def __init__(self, target: Path | TextIO, *, now: Callable[[], float] = time.monotonic) -> None:
        self._target = target
        self._now = now
        self._stepped_at = float("-inf")

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if isinstance(event, Step):
            if self._now() - self._stepped_at < STEP_EVERY_SECONDS:
                return
            self._stepped_at = self._now()
        if isinstance(self._target, Path):
            append(self._target, line(event))
        else:
            self._target.write(line(event))
            self._target.flush()


def line(event: Event) -> str:
    """An event as one line of strict JSON: the time, the kind in snake case, then the event's own fields.

    >>> from aimodels.events import EpochStarted
    >>> line(EpochStarted(3)).partition("Z")[2]
    '", "type": "epoch_started", "epoch": 3}\\n'
    """
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    document = {"t": moment, "type": kind} | finite(asdict(event))
    return json.dumps(document, allow_nan=False, ensure_ascii=False) + "\n"
