"""Progress for logs: one line per epoch, one per 30 s of silence; nothing that moves a cursor."""

import math
import threading
import time
from collections.abc import Callable
from typing import Self

from aimodels.cli import fold_lines
from aimodels.cli.choice_lines import choice_lines, wrapped
from aimodels.cli.console import Console
from aimodels.cli.formatting import amount, clock, metric, seconds
from aimodels.cli.views import WarningsView
from aimodels.events import (
    Downloaded,
    EpochEnded,
    Event,
    FoldProgressed,
    Inferred,
    PhaseEnded,
    PhaseStarted,
    Resumed,
    RunEnded,
    RunStarted,
    SignalReceived,
    Step,
    StoppedEarly,
)

SECONDS_BETWEEN_TENTHS = 1.0
SILENCE_SECONDS = 30.0
SHORT_PHASE_SECONDS = 1.0
SHORT_NAMES = {"learning_rate": "lr"}


class PlainView:
    """Writes events as lines on stderr."""

    def __init__(self, console: Console, *, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._warnings = WarningsView(console)
        self._said_at = now()
        self._run: RunStarted | None = None
        self._last: EpochEnded | None = None
        self._epoch_began: tuple[int, float] = (0, now())
        self._phases: list[str] = []
        self._tenths: dict[str, int] = {}
        self._over = threading.Event()
        self._pulse = threading.Thread(target=self._watch, name="plain-view", daemon=True)

    def __enter__(self) -> Self:
        self._pulse.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pulse.join()

    def __call__(self, event: Event) -> None:
        """Show one event, or leave it out."""
        self._warnings(event)
        match event:
            case RunStarted():
                self._run = event
            case PhaseStarted():
                self._phases.append(event.name)
            case PhaseEnded():
                self._phases = [name for name in self._phases if name != event.name]
            case Downloaded():
                self._download(event)
            case Step():
                self._step(event)
            case FoldProgressed() if self._silent():
                self._say(fold_lines.progressed(event))
            case EpochEnded():
                self._last = event
        for line in lines(event, last=self._last):
            self._say(line)

    def _say(self, line: str) -> None:
        self._said_at = self._now()
        self._console.complain(line)

    def _silent(self) -> bool:
        return self._now() - self._said_at >= SILENCE_SECONDS

    def _step(self, event: Step) -> None:
        if event.epoch != self._epoch_began[0]:
            self._epoch_began = (event.epoch, self._now())
        if not self._silent():
            return
        elapsed = self._now() - self._epoch_began[1]
        left = elapsed / event.step * (event.steps - event.step) if event.step else 0.0
        epochs = f"/{self._run.epochs}" if self._run else ""
        share = f"{event.step / max(1, event.steps):.0%}"
        self._say("  ".join([f"epoch {event.epoch}{epochs}", share, *_values(event.metrics), f"eta {clock(left)}"]))

    def _download(self, event: Downloaded) -> None:
        if not event.total:
            if self._silent():
                self._say(f"{event.name} {amount(event.done, event.unit)}")
            return
        tenths = event.done * 10 // event.total
        # What is done in a moment needs no line.
        is_slow = self._now() - self._said_at >= SECONDS_BETWEEN_TENTHS
        if is_slow and tenths > self._tenths.get(event.name, 0):
            self._tenths[event.name] = tenths
            self._say(f"{event.name} {tenths * 10}% of {amount(event.total, event.unit)}")

    def _watch(self) -> None:
        """Say what is going on when nothing else has for a while: a phase sends no event between its ends."""
        while not self._over.wait(1.0):
            if self._silent() and self._phases:
                self._say(f"{self._phases[-1]} ...")


def lines(event: Event, *, last: EpochEnded | None) -> list[str]:
    """What a log says about an event; nothing for most."""
    match event:
        case Inferred():
            return list(event.lines)
        case RunStarted():
            return started_lines(event)
        case Resumed():
            return [resumed_line(event), *event.notes]
        case PhaseEnded() if event.seconds >= SHORT_PHASE_SECONDS:
            return [f"{event.name} {seconds(event.seconds)}"]
        case EpochEnded():
            return [epoch_line(event)]
        case StoppedEarly():
            return [event.told]
        case SignalReceived():
            return [f"{event.name}: saving and stopping; once more to stop now"]
        case RunEnded():
            return [ended_line(event, last=last)]
    return fold_lines.lines(event)


def started_lines(event: RunStarted) -> list[str]:
    """What is trained, on what, where."""
    validation = f", {event.num_validation} val" if event.num_validation else ", no validation"
    classes = f", {event.num_classes} classes" if event.num_classes else ""
    trained = f" ({event.num_trainable} of them trained)" if event.num_trainable is not None else ""
    precision = "" if event.precision == "float32" else f", {event.precision}"
    said = [
        f"run {event.path} (task {event.task}, seed {event.seed})",
        f"data {event.data}: {event.num_train} train{validation}{classes}; "
        f"model {event.model}: {event.num_parameters} parameters{trained}; device {event.device}{precision}",
    ]
    for line in event.reading.splitlines():
        said += wrapped(f"texts {line}", indent=6)
    return [*said, *choice_lines(event.choices, begin="chosen ")]


def resumed_line(event: Resumed) -> str:
    """Where a run goes on."""
    of = f" at step {event.step} of {event.steps}" if event.step else ""
    return f"{event.run} goes on in epoch {event.epoch + 1}{of}, after {seconds(event.seconds_before)} of training"


def epoch_line(event: EpochEnded) -> str:
    """One epoch on one line; epoch 0 is what was measured before the first."""
    known = {name: value for name, value in event.metrics.items() if event.epoch or not math.isnan(value)}
    cells = [f"epoch {event.epoch}/{event.epochs}", *_values(known), seconds(event.seconds)]
    return "  ".join([*cells, "best"] if event.is_best else cells)


def ended_line(event: RunEnded, *, last: EpochEnded | None) -> str:
    """How the run ended, and its best epoch."""
    verb = "done" if event.status == "finished" else event.status.replace("_", " ")
    line = f"{verb} {event.run} in {seconds(event.seconds)}"
    if last is None or last.best is None:
        return line
    return f"{line}: {last.monitor} {metric(last.best)} (epoch {last.best_epoch})"


def _values(metrics: dict[str, float]) -> list[str]:
    return [f"{SHORT_NAMES.get(name, name)} {metric(value, name=name)}" for name, value in metrics.items()]
