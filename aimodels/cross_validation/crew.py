"""The processes of the folds: so many at a time, their words in one queue, signals passed on to all of them."""

import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Self

from aimodels.cross_validation.fold_process import FoldProcess, FoldRequest, Said, as_error
from aimodels.cross_validation.sharing import Sharing
from aimodels.events import FoldEnded, FoldProgressed, FoldStarted, SignalReceived, emit, warn
from aimodels.runs.folder import RunFolder, now

HEARTBEAT_SECONDS = 30.0
# By one more, folds that do not listen are ended.
SIGNALS_PASSED_ON = 2
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class FoldDone:
    """A fold that ended well, with the seconds that its process took."""

    number: int
    seconds: float


class Crew:
    """Trains folds, so many at a time; whatever still works when the block is left is ended."""

    def __init__(self, run: RunFolder, requests: Sequence[FoldRequest], *, sharing: Sharing) -> None:
        self._run = run
        self._of = len(requests)
        self._waiting = deque(requests)
        self._sharing = sharing
        self._working: dict[int, FoldProcess] = {}
        self._began_at: dict[int, float] = {}
        self._heard: queue.Queue[Said] = queue.Queue()
        self._beat_at = time.monotonic()
        self._epochs = 0
        self._num_signals = 0
        self.stopped_by = 0
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._working.values():
            process.end()

    def work(self, done: Callable[[FoldDone], FoldEnded]) -> None:
        """Train every fold; `done` is called for each that ended well and says what it came to.

        A fold that fails stops the others, as a signal does; those that ended well before are kept.

        Raises:
            Exception: the first fold that failed did so with this error.
        """
        with self._passing_signals_on():
            while self._working or (self._waiting and not self._is_stopping):
                while self._waiting and not self._is_stopping and len(self._working) < self._sharing.jobs:
                    self._start(self._waiting.popleft())
                for said in self._listen():
                    self._ended(said, done=done) if said.ended else self._tell(said)
        if self._error is not None:
            raise self._error

    @property
    def _is_stopping(self) -> bool:
        return bool(self.stopped_by or self._error)

    def _start(self, request: FoldRequest) -> None:
        number = request.number
        log = self._run.logs / f"fold-{number}.log"
        environ = self._sharing.environment(os.environ)
        self._began_at[number] = time.monotonic()
        self._working[number] = FoldProcess(request, environ=environ, log=log, hear=self._heard.put)
        emit(FoldStarted(number=number, of=self._of))

    def _listen(self) -> Iterator[Said]:
        """What was said within a while; and a sign of life, that others can see."""
        if time.monotonic() - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = time.monotonic()
            self._run.update(heartbeat=now())
        try:
            yield self._heard.get(timeout=HEARTBEAT_SECONDS)
        except queue.Empty:
            return

    def _tell(self, said: Said) -> None:
        """What others should know of what a fold says."""
        line = said.line
        match line.get("type"):
            case "run_started":
                self._epochs = line["epochs"]
            case "step" | "epoch_ended":
                metrics = line["metrics"]
                emit(FoldProgressed(said.number, self._of, epoch=line["epoch"], epochs=self._epochs, metrics=metrics))
            case "warned":
                warn(line["code"], line["message"], help=line["help"])

    def _ended(self, said: Said, *, done: Callable[[FoldDone], FoldEnded]) -> None:
        self._working.pop(said.number).end()
        seconds = time.monotonic() - self._began_at[said.number]
        error = said.line["error"]
        if error is None:
            emit(done(FoldDone(said.number, seconds)))
            return
        if self._is_stopping or error["kind"] == "interrupted":
            emit(FoldEnded(said.number, self._of, status="interrupted", seconds=seconds))
            # Somebody stopped the fold itself: the others are of no use without it.
            self._stop(error.get("signal", signal.SIGTERM))
            return
        emit(FoldEnded(said.number, self._of, status="failed", seconds=seconds))
        self._error = as_error(error, number=said.number, of=self._of)
        self._send_all(signal.SIGTERM)

    def _stop(self, number: int) -> None:
        if not self._is_stopping:
            self.stopped_by = number
            self._send_all(number)

    def _send_all(self, number: int) -> None:
        for process in list(self._working.values()):
            process.send(number)

    @contextmanager
    def _passing_signals_on(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM go to every fold, which saves and stops; by a second one it stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in STOPPING_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> Any:
        """The signal handler."""
        self._num_signals += 1
        if self._num_signals > SIGNALS_PASSED_ON:
            raise KeyboardInterrupt
        self.stopped_by = self.stopped_by or number
        self._send_all(number)
        if self._num_signals == 1:
            emit(SignalReceived(signal.Signals(number).name))
