"""Ending when SIGTERM asks for it, in time: as after Ctrl-C, and within ten seconds whatever the process is busy with.

Python runs a signal handler between two of its own instructions, so not before a step of TensorFlow, or the making of
its graph, is over. A thread learns of the signal at once, and ends the process where that takes too long.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from aimodels.errors import UserError
from aimodels.runs.folder import RunFolder, now

# Schedulers and container platforms send SIGKILL 10 s after SIGTERM or later.
SECONDS_TO_LEAVE = 8.0
Handler = Callable[[int, FrameType | None], None]


class Terminated(KeyboardInterrupt):
    """SIGTERM came: what goes on ends as after Ctrl-C, with another exit code."""


def signal_of(stop: KeyboardInterrupt) -> signal.Signals:
    """The signal that an interruption is from."""
    return signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT


@contextmanager
def ending_on_sigterm(run: RunFolder | None = None) -> Iterator[None]:
    """SIGTERM raises `Terminated` while the block runs; in the main thread only.

    `run` is the run that is marked as interrupted where the block does not end in time.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        with leaving_in_time(_terminate, run=run):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


@contextmanager
def leaving_in_time(handler: Handler, *, run: RunFolder | None) -> Iterator[Callable[[], None]]:
    """End the process some seconds after a SIGTERM that `handler` got in the block, if the block has not ended by then.

    What is given is called where nothing is waited for any more that could take long. In the main thread only.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    is_left = threading.Event()

    def watch() -> None:
        while numbers := os.read(reader, 64):
            # Within the block others may handle signals themselves.
            if signal.SIGTERM in numbers and signal.getsignal(signal.SIGTERM) == handler:
                if not is_left.wait(SECONDS_TO_LEAVE):
                    _leave_now(run)
                return

    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    thread = threading.Thread(target=watch, name="leaving in time", daemon=True)
    thread.start()
    try:
        yield is_left.set
    finally:
        is_left.set()
        signal.set_wakeup_fd(before)
        os.close(writer)
        thread.join()
        os.close(reader)


def _leave_now(run: RunFolder | None) -> None:
    """End the process, without what is still being done."""
    reason = f"interrupted by SIGTERM; what was being done did not end within {SECONDS_TO_LEAVE:g} s"
    said = reason
    try:
        if run is not None and run.run_file.exists():
            said = f"{reason}: the last state that was kept is gone on with, by --resume"
            with suppress(UserError):
                run.update(status="interrupted", ended=now(), reason=reason, signal_number=int(signal.SIGTERM))
        sys.stderr.write(f"{said}\n")
        sys.stderr.flush()
    finally:  # whatever cannot be written
        os._exit(128 + signal.SIGTERM)
