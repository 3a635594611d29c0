"""Around every command: read the line, listen, call, print the document, turn failures into exit codes."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aimodels.cli import failures, finding, help, parsing
from aimodels.cli.console import Console
from aimodels.cli.document import envelope
from aimodels.cli.library_warnings import told_as_events
from aimodels.cli.options import after_command, glance
from aimodels.cli.views import view_for
from aimodels.distribution.tensorflow_start import separate_stderr
from aimodels.errors import UserError
from aimodels.events import CrossValidationStarted, Event, RunStarted, Warned, listening
from aimodels.runs.atomic import cannot_write, refusal
from aimodels.runs.leaving import ending_on_sigterm, signal_of

BUG = 70
INTERRUPTED = 130
COMPLETION = (["--install-completion"], ["--show-completion"])


class Memory:
    """What the events said that the end of the command needs: the warnings, and which run it was."""

    def __init__(self) -> None:
        self.warnings: list[dict[str, Any]] = []
        self.run: Path | None = None

    def __call__(self, event: Event) -> None:
        """Remember what is needed of one event."""
        if isinstance(event, Warned) and asdict(event) not in self.warnings:
            self.warnings.append(asdict(event))
        if isinstance(event, RunStarted | CrossValidationStarted):
            self.run = Path(event.path)


def run(arguments: Sequence[str]) -> int:
    """Run one command line to its end. Returns the exit code."""
    if "_AIMODELS_COMPLETE" in os.environ or list(arguments[:1]) in COMPLETION:
        parsing.complete()
    shown_on = sys.stderr
    # From here on `sys.stderr` is not descriptor 2: what native code writes there is no message of ours.
    separate_stderr()
    exit_code = _guarded(arguments)
    sys.stderr = shown_on
    return exit_code


def _guarded(arguments: Sequence[str]) -> int:
    ordered = after_command(arguments, groups=finding.groups())
    console = Console(glance(ordered))
    try:
        return _run(ordered, console=console)
    except BrokenPipeError:
        # Whoever read our output has gone.
        _give_up_stdout()
        return 0
    except OSError as error:
        _give_up_stdout()
        told = cannot_write(Path("the output"), error)
        failures.expected(told, console=console)
        return told.exit_code


def _give_up_stdout() -> None:
    """Python would complain once more when it flushes stdout at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str], *, console: Console) -> int:
    page = _page(arguments)
    if page is not None:
        console.stdout.write(f"{page}\n")
        console.stdout.flush()
        return 0
    if arguments[0] in finding.ALIASES:
        right = finding.ALIASES[arguments[0]]
        console.note(f"note: `{arguments[0]}` is called `{right}` here")
        arguments = [right, *arguments[1:]]
    words = parsing.command_words(arguments)
    with console.keeping_stdout():
        try:
            call = parsing.parse(arguments)
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            return _failed(error, console=console, command=" ".join(words), memory=Memory())
    if call is None:
        return 0
    return execute(call, console=Console(call.shared))


def _page(arguments: Sequence[str]) -> str | None:
    """The page to show where no command is called: help of the root or of a group, or the versions."""
    first, second = [*arguments, "", ""][:2]
    if first in ("", "-h", "--help"):
        return help.root_page()
    if first in ("-V", "--version"):
        return versions()
    if first in finding.groups() and second in ("", "-h", "--help"):
        return help.group_page(first)
    return None


def versions() -> str:
    """One line with the versions in use, from the metadata of the packages."""
    from importlib.metadata import PackageNotFoundError, version

    from aimodels import __version__

    found = []
    for package in ("keras", "tensorflow"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    return f"aimodels {__version__} ({', '.join(found)})"


def execute(call: parsing.Call, *, console: Console) -> int:
    """Call one command. Returns the exit code."""
    memory = Memory()
    command = " ".join(call.words)
    with console.keeping_stdout():
        try:
            with ending_on_sigterm(), listening(memory), view_for(console) as view, listening(view), told_as_events():
                document = call.function(console, **call.arguments)
            if console.json_mode:
                whole = console.document | (document or {})
                console.print_document(envelope(command, ok=True, document=whole, warnings=memory.warnings))
            return 0
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:
            return _failed(error, console=console, command=command, memory=memory)


def _failed(error: BaseException, *, console: Console, command: str, memory: Memory) -> int:
    error = refusal(error) or error
    if isinstance(error, KeyboardInterrupt):
        exit_code, entries = 128 + signal_of(error), failures.interrupted(console, run=memory.run)
    elif isinstance(error, UserError):
        exit_code, entries = error.exit_code, failures.expected(error, console=console)
    else:
        exit_code, entries = BUG, failures.bug(error, console=console, run=memory.run)
    if console.json_mode:
        document = {"exit_code": exit_code, **console.document, "errors": entries}
        console.print_document(envelope(command, ok=False, document=document, warnings=memory.warnings))
    return exit_code
