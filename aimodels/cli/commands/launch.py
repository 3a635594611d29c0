"""`aimodels launch`: several worker processes on this machine that train together."""

import os
import signal
import sys
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli import finding
from aimodels.cli.console import Console
from aimodels.distribution.launching import Launch, LaunchEnd, WorkerEnd, launch
from aimodels.errors import Interrupted, UsageError, WorkerFailed

GROUP = "more"


def command(
    console: Console,
    words: Annotated[
        list[str], Argument(metavar="COMMAND", help="What each worker does, after two dashes: -- train CONFIG")
    ],
    workers: Annotated[int, Option("--workers", min=1, help="How many processes; the first is the chief.")],
) -> dict[str, Any]:
    """Start worker processes on this machine that train together.

    The first writes to this terminal; the lines of the others stand behind their numbers, on stderr. When one
    fails, all are stopped, and the worst exit code is passed on; Ctrl-C and SIGTERM reach all of them.

    Examples:
      aimodels launch --workers 2 -- train mnist_cnn
      aimodels launch --workers 4 -- train my.yaml train.batch_size=256 --max-time 2h
    """
    _check_command(words)
    request = Launch(
        program=[sys.executable, "-m", "aimodels", *words],
        num_workers=workers,
        environment=os.environ | {"AIMODELS_RUNS_DIR": str(console.runs_dir)},
        say=console.complain,
        stdout=console.stdout if console.quiet and not console.json_mode else None,
    )
    end = launch(request)
    document = {"workers": [{"worker": one.index, "exit_code": one.exit_code} for one in end.workers]}
    console.answer(document)
    _raise_if_failed(end)
    return document


def _check_command(words: list[str]) -> None:
    if words[0] == "launch":
        message = "`aimodels launch` starts workers once: they cannot launch others"
        raise UsageError(
            message, code="AM423", help="write a command that trains after the two dashes: -- train CONFIG"
        )
    if words[0] not in (*finding.commands(), *finding.groups(), *finding.ALIASES):
        raise finding.unknown(words[:1])


def _raise_if_failed(end: LaunchEnd) -> None:
    worst = end.worst
    if end.signal_number and worst.exit_code == 128 + end.signal_number:
        name = signal.Signals(end.signal_number).name
        raise Interrupted(f"{name} stopped the workers", signal_number=end.signal_number)
    if worst.exit_code:
        stopped = [str(one.index) for one in end.workers if one.was_stopped]
        others = f"; stopped with it: worker {', '.join(stopped)}" if stopped else ""
        raise WorkerFailed(
            f"worker {worst.index} {_how(worst)}{others}",
            exit_code=worst.exit_code,
            help=_what_next(worst),
        )


def _how(worker: WorkerEnd) -> str:
    """How a worker failed, as the end of a sentence."""
    number = worker.exit_code - 128
    if number == signal.SIGTERM:
        return "was stopped by SIGTERM"
    if number in list(signal.Signals):
        return f"was killed by {signal.Signals(number).name}"
    return f"ended with exit code {worker.exit_code}"


def _what_next(worker: WorkerEnd) -> str:
    if worker.exit_code == UsageError.exit_code:
        return "what it said stands above; mend that before you start them again"
    return "what it said stands above; the same command goes on with what was kept if --resume auto follows train"
