"""`aimodels launch`: several worker processes on this machine that train together."""

import os
import shlex
import signal
import sys
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli import finding, parsing
from aimodels.cli.console import Console
from aimodels.cli.resuming import asked_of, named_config
from aimodels.distribution.answering_devices import check_answering_launched
from aimodels.distribution.launching import Launch, LaunchEnd, WorkerEnd, launch
from aimodels.distribution.strategy import check_launched
from aimodels.errors import AnswerIsNo, Interrupted, MachineError, MissingError, UsageError, WorkerFailed

GROUP = "more"
# What several workers do together; the first two say what they train.
TRAINING = ("train", "pretrain")
TOGETHER = (*TRAINING, "eval", "predict")


def command(
    console: Console,
    words: Annotated[
        list[str], Argument(metavar="COMMAND", help="What each worker does, after two dashes: -- train CONFIG")
    ],
    workers: Annotated[int, Option("--workers", min=1, help="How many processes; the first is the chief.")],
) -> dict[str, Any] | None:
    """Start worker processes on this machine that train, evaluate or predict together.

    The first writes to this terminal; the lines of the others stand behind their numbers, on stderr. When one
    fails, all are stopped, and the worst exit code is passed on; Ctrl-C and SIGTERM reach all of them. A worker
    that a signal killed counts as 128 and the signal's number: 137 for SIGKILL, 143 for SIGTERM.

    Examples:
      aimodels launch --workers 2 -- train mnist_cnn
      aimodels launch --workers 4 -- train my.yaml train.batch_size=256 --max-time 2h
      aimodels launch --workers 2 -- eval latest
    """
    call = _call(words)
    if call is None:
        return None
    _check(call, num_workers=workers)
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
    _raise_if_failed(end, again=_again(call, words, num_workers=workers))
    return document


def _call(words: list[str]) -> parsing.Call | None:
    """What each worker is to do; None where that was to show a help page.

    Raises:
        UsageError: there is no such command, or none that workers do together, or its options are wrong.
    """
    if words[0] not in (*finding.commands(), *finding.groups(), *finding.ALIASES):
        raise finding.unknown(words[:1])
    name = finding.ALIASES.get(words[0], words[0])
    if name not in TOGETHER:
        raise UsageError(
            f"`aimodels {name}` is done by one process: workers train, evaluate and predict together",
            code="AM423",
            help=f"aimodels {shlex.join(words)}; or write one of {', '.join(TOGETHER)} after the two dashes: "
            "-- train CONFIG",
        )
    return parsing.parse([name, *words[1:]])


def _check(call: parsing.Call, *, num_workers: int) -> None:
    """Refuse here, once, what every worker would refuse.

    Raises:
        UserError: the config cannot be read, something in it is wrong, or workers would not train it together.
    """
    if call.words[0] not in TRAINING:
        check_answering_launched(call.arguments["strategy"], num_workers=num_workers)
        return
    loaded = named_config(asked_of(call.arguments))
    if loaded is not None:
        check_launched(loaded.config.train, num_workers=num_workers)


def _raise_if_failed(end: LaunchEnd, *, again: str) -> None:
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
            help=_what_next(worst, again=again),
        )


def _how(worker: WorkerEnd) -> str:
    """How a worker failed, as the end of a sentence."""
    number = worker.exit_code - 128
    if number in (signal.SIGTERM, signal.SIGINT):
        return f"was stopped by {signal.Signals(number).name}"
    if number in list(signal.Signals):
        return f"was killed by {signal.Signals(number).name}"
    return f"ended with exit code {worker.exit_code}"


def _what_next(worker: WorkerEnd, *, again: str) -> str:
    if worker.exit_code in (UsageError.exit_code, MissingError.exit_code):
        return "what it said stands above; mend that before you start them again"
    said = "what it said stands above"
    if worker.exit_code == AnswerIsNo.exit_code:
        return said
    if not again:
        return f"{said}; mend that, and start them again"
    return f"{said}; mend that, then {again}" if worker.exit_code == MachineError.exit_code else f"{said}; {again}"


def _again(call: parsing.Call, words: list[str], *, num_workers: int) -> str:
    """What to do after a worker was lost."""
    if call.words[0] not in TRAINING:
        return ""
    resume = [] if call.arguments["resume"] is not None else ["--resume", "auto"]
    # An option that stood alone has an empty value by now.
    again = [word.removesuffix("=") if word == "--resume=" else word for word in words] + resume
    return f"go on with what was kept: aimodels launch --workers {num_workers} -- {shlex.join(again)}"
