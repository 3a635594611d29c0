"""Programs that take turns by the second, for machines whose own speed changes from one minute to the next.

Only one of them runs at a time; the others are stopped where they are (SIGSTOP, SIGCONT). What slows the machine slows
all of them alike, and the time that a program took is the sum of its own turns.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from programs import NOT_PASSED_ON


@dataclass(frozen=True)
class Turned:
    """A program that took turns and ended well: when it ran, in seconds since 1970, and what it printed."""

    turns: tuple[tuple[float, float], ...]
    stdout: str

    def seconds(self, start: float, end: float) -> float:
        """For how long it ran between two moments."""
        return sum(max(0.0, min(end, last) - max(start, first)) for first, last in self.turns)


@dataclass
class _Running:
    command: Sequence[str]
    process: subprocess.Popen[str]
    stdout: IO[str]
    stderr: IO[str]
    turns: list[tuple[float, float]] = field(default_factory=list)

    def turn(self, seconds: float) -> None:
        """Let it run for so long, or to its end."""
        start = time.time()
        os.killpg(self.process.pid, signal.SIGCONT)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGSTOP)
        self.turns.append((start, time.time()))

    def ended(self) -> Turned:
        """What it did; a failure is shown and ends the benchmark."""
        self.stdout.seek(0)
        printed = self.stdout.read()
        if self.process.returncode != 0:
            self.stderr.seek(0)
            sys.exit(f"{' '.join(self.command)} ended with {self.process.returncode}\n{printed}{self.stderr.read()}")
        return Turned(tuple(self.turns), printed)


def in_turns(
    commands: Mapping[str, Sequence[object]], *, folder: Path, seconds: Mapping[str, float]
) -> dict[str, Turned]:
    """Run programs to their ends in a folder, each for its `seconds` at a time, one after the other."""
    running = {name: _started(name, command, folder=folder) for name, command in commands.items()}
    try:
        while any(one.process.poll() is None for one in running.values()):
            for name, one in running.items():
                if one.process.poll() is None:
                    one.turn(seconds[name])
    finally:
        for one in running.values():
            if one.process.poll() is None:
                os.killpg(one.process.pid, signal.SIGKILL)
    return {name: one.ended() for name, one in running.items()}


def _started(name: str, command: Sequence[object], *, folder: Path) -> _Running:
    """A program in a process group of its own, stopped before its first line."""
    environment = {key: value for key, value in os.environ.items() if key not in NOT_PASSED_ON}
    words = [str(word) for word in command]
    printed, complained = ((folder / f"{name}.{stream}").open("w+") for stream in ("out", "err"))
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=printed, stderr=complained, text=True, start_new_session=True
    )
    os.killpg(process.pid, signal.SIGSTOP)
    return _Running(words, process, printed, complained)
