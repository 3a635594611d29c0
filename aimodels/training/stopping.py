"""Reasons to leave the loop in the middle of an epoch: a signal, the time limit, a loss that is no longer a number."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import keras

from aimodels.events import SignalReceived, Step, emit
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.leaving import Terminated, leaving_in_time
from aimodels.training.stepping import Stepping

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
BETWEEN_STEP_EVENTS_SECONDS = 0.1
LEAVING = (signal.SIGINT, signal.SIGTERM)
BETWEEN_HEARTBEATS_SECONDS = 30.0


class StopTraining(Exception):
    """Leave `fit` at the end of a step. `signal_number` is 0 when no signal asked for it."""

    def __init__(self, reason: str, *, signal_number: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.signal_number = signal_number


@dataclass(frozen=True)
class LeftEpoch:
    """An epoch that was left: after how many of its steps, and how many seconds."""

    steps: int
    seconds: float


class LossNotFinite(Exception):
    """The loss is NaN or infinite."""

    def __init__(self, *, epoch: int, step: int, last_finite: float | None) -> None:
        super().__init__(f"epoch {epoch}, step {step}")
        self.epoch = epoch
        self.step = step
        self.last_finite = last_finite


class Signals:
    """What the first SIGINT or SIGTERM leaves behind; a second one leaves at once.

    `left` says that the loop is left: what is still to be written is, however long it takes.
    """

    def __init__(self) -> None:
        self.received = 0
        self.left: Callable[[], None] = lambda: None

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.received:
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        self.received = number
        emit(SignalReceived(signal.Signals(number).name))

    def as_stop(self) -> StopTraining:
        """What was received, as the reason to leave the loop."""
        return stopped_by(self.received)


def stopped_by(number: int) -> StopTraining:
    """Leaving the loop for a signal."""
    return StopTraining(f"interrupted by {signal.Signals(number).name}", signal_number=number)


@contextmanager
def watching_signals(run: RunFolder) -> Iterator[Signals]:
    """Note Ctrl-C and SIGTERM instead of dying of them, while the block runs; in the main thread only.

    A step that does not end in time is not waited for after SIGTERM.
    """
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    handler = signals.handle
    before = {number: signal.signal(number, handler) for number in LEAVING}
    try:
        with leaving_in_time(handler, run=run) as signals.left:
            yield signals
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def deadline(max_time: str | None, *, started_at: float) -> float:
    """When the time is over, on the clock of `time.perf_counter`."""
    return math.inf if max_time is None else started_at + seconds_of(max_time)


def seconds_of(duration: str) -> float:
    """`90s`, `30m` or `2h` in seconds.

    >>> seconds_of("1.5m")
    90.0
    """
    return float(duration[:-1]) * SECONDS[duration[-1]]


class StepWatcher(keras.callbacks.Callback):
    """Tells about steps (at most ten times a second) and leaves the loop when there is a reason to."""

    def __init__(self, run: RunFolder, *, signals: Signals, ends_at: float, steps: int) -> None:
        super().__init__()
        self._run = run
        self._signals = signals
        self._ends_at = ends_at
        self._steps = steps
        self._epoch = 0
        self._told_at = 0.0
        self._beat_at = time.perf_counter()
        self._last_finite: float | None = None
        self._is_finite = True
        self._steps_done = 0
        self._first_step, self._seconds_before = 0, 0.0
        self._began_at = time.perf_counter()

    def go_on(self, step: int, *, seconds: float) -> None:
        """The next epoch is one that goes on after so many of its steps, and of its seconds."""
        self._first_step, self._seconds_before = step, seconds

    @property
    def fraction(self) -> float:
        """Of the steps of this epoch, those that were done."""
        return self._steps_done / self._steps

    @property
    def left(self) -> LeftEpoch:
        """How far this epoch is; steps that the optimizer left out, where half precision overflowed, count as well."""
        return LeftEpoch(steps=self._steps_done, seconds=time.perf_counter() - self._began_at)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember which epoch this is; Keras counts from 0."""
        self._epoch = epoch + 1
        self._steps_done = self._first_step
        self._is_finite = True
        self._began_at = time.perf_counter() - self._seconds_before

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """What was asked for between two epochs is done before another step."""
        self._leave_if_asked(time.perf_counter())

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After every call from Python, which is `steps_per_execution` steps."""
        step = min(self._first_step + batch + 1, self._steps)
        self._steps_done = step
        clock = time.perf_counter()
        self._leave_if_asked(clock)
        self._beat(clock)
        if clock - self._told_at >= BETWEEN_STEP_EVENTS_SECONDS:
            self._told_at = clock
            self._tell(step, logs=logs or {}, clock=clock)

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Validation can be left as well, and is a sign of life."""
        self.look()

    def look(self) -> None:
        """What is done between two parts of any other work: a sign of life, and leaving if there is a reason to."""
        clock = time.perf_counter()
        self._leave_if_asked(clock)
        self._beat(clock)

    def beat(self) -> None:
        """A sign of life, now and then. It is all that one of several workers does before its first step, in which they
        agree on leaving."""
        self._beat(time.perf_counter())

    def _leave_if_asked(self, clock: float) -> None:
        wishes = {
            "sigint": self._signals.received == signal.SIGINT,
            "sigterm": self._signals.received == signal.SIGTERM,
            "time_is_over": clock >= self._ends_at,
            "is_broken": not self._is_finite,
        }
        agreed = self.model.agreed(**wishes) if isinstance(self.model, Stepping) else wishes.values()
        *signals, is_over, is_broken = agreed
        for number, is_asked in zip(LEAVING, signals, strict=True):
            if is_asked:
                raise stopped_by(number)
        if is_broken:
            raise LossNotFinite(epoch=self._epoch, step=self._steps_done, last_finite=self._last_finite)
        if is_over:
            raise StopTraining("the time limit `train.max_time` is reached")

    def _tell(self, step: int, *, logs: dict[str, Any], clock: float) -> None:
        metrics = {name: float(value) for name, value in logs.items()}
        loss = metrics.get("loss", 0.0)
        self._is_finite = math.isfinite(loss)
        if not self._is_finite:
            self._leave_if_asked(clock)
            return
        self._last_finite = loss
        emit(Step(epoch=self._epoch, step=step, steps=self._steps, metrics=metrics))

    def _beat(self, clock: float) -> None:
        if clock - self._beat_at >= BETWEEN_HEARTBEATS_SECONDS:
            self._beat_at = clock
            self._run.update(heartbeat=now())
