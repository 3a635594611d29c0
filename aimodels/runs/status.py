"""What became of a run, by what its `run.json` says and by whether the process that trains it is still there."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

LOST_AFTER_SECONDS = 120


def status(facts: Mapping[str, Any]) -> str:
    """The status of a run, where `lost` is one that says it is running and is not.

    Its process is gone from this machine, or has given no sign of life for two minutes.
    """
    said = str(facts.get("status", "unreadable"))
    if said == "running" and (_process_is_gone(facts) or _silent_seconds(facts) > LOST_AFTER_SECONDS):
        return "lost"
    return said


def is_unfinished(facts: Mapping[str, Any]) -> bool:
    """Whether training ended before its own end and can go on: it was stopped, was killed or failed."""
    found = status(facts)
    is_cut_short = found == "stopped_early" and not facts.get("is_complete", True)
    return found in ("interrupted", "failed", "lost") or is_cut_short


def is_alive(facts: Mapping[str, Any]) -> bool:
    """Whether the process that says it trains this run exists on this machine."""
    here = facts.get("host") == socket.gethostname()
    return facts.get("status") == "running" and here and not _process_is_gone(facts)


def _process_is_gone(facts: Mapping[str, Any]) -> bool:
    pid = facts.get("pid")
    if facts.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it exists and is someone else's
        return False
    return False


def _silent_seconds(facts: Mapping[str, Any]) -> float:
    try:
        heartbeat = datetime.fromisoformat(str(facts.get("heartbeat")))
    except ValueError:
        return float("inf")
    return (datetime.now(UTC) - heartbeat).total_seconds()


def unfinished(facts: Mapping[str, Any]) -> str:
    """Why a run that has not ended well cannot be used, as the end of a sentence that begins with its name."""
    found = status(facts)
    process = f"process {facts.get('pid')} on {facts.get('host')}"
    if found == "running":
        return f"it is being trained by {process}, last heard of at {facts.get('heartbeat')}"
    if found == "lost":
        return f"its training was killed or hangs ({process}, last heard of at {facts.get('heartbeat')})"
    error = facts.get("error") or {}
    return f"its training failed with {error['code']}: {error['message']}" if error else f"its status is {found}"
