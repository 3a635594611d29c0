"""What libraries warn about through Python's `warnings`, told like our own warnings."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aimodels.events import warn


@contextmanager
def told_as_events() -> Iterator[None]:
    """Emit each warning of a library as an event: shown once, silent under -q, listed under --json."""
    with warnings.catch_warnings():
        as_before = warnings.showwarning

        def tell(message: Warning | str, category: type[Warning], filename: str, *more: Any, **named: Any) -> None:
            # Listeners belong to the thread that runs the command; others would be heard by nobody.
            if threading.current_thread() is threading.main_thread():
                warn("AM706", f"{library(filename)} says: {_first_line(message)}")
            else:
                as_before(message, category, filename, *more, **named)

        warnings.showwarning = tell
        yield


def library(filename: str) -> str:
    """The package that a file belongs to.

    >>> library("/env/lib/python3.11/site-packages/keras/src/trainers/trainer.py")
    'keras'
    """
    parts = Path(filename).parts
    folders = [index for index, part in enumerate(parts) if part in ("site-packages", "dist-packages")]
    return parts[folders[-1] + 1] if folders and folders[-1] + 1 < len(parts) else Path(filename).stem


def _first_line(message: Any) -> str:
    return str(message).strip().partition("\n")[0]
