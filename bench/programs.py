"""Programs started from outside, as their users start them: timed, with what they printed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

AIMODELS = (sys.executable, "-m", "aimodels")
# They change how Python itself starts: an installed program has its bytecode cached.
NOT_PASSED_ON = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME")


@dataclass(frozen=True)
class Ended:
    """A program that ended well. `started_at` is seconds since 1970, to compare with times in its files."""

    started_at: float
    seconds: float
    stdout: str


def run(*command: object, folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end in a folder; a failure is shown and ends the benchmark."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    words = [str(word) for word in command]
    started_at, clock = time.time(), time.perf_counter()
    ended = subprocess.run(
        words, cwd=folder, env=inherited | dict(environment or {}), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - clock
    if ended.returncode != 0:
        sys.exit(f"{' '.join(words)} ended with exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return Ended(started_at, seconds, ended.stdout)


def aimodels(*arguments: object, folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run the command line of this package in a folder."""
    return run(*AIMODELS, *arguments, folder=folder, environment=environment)


def tell(**measurement: object) -> None:
    """Print one measurement as a JSON line, at once."""
    print(json.dumps(measurement, ensure_ascii=False), flush=True)
