"""The process that trains one fold: what it is told, what it says while it works, and how it ended.

It is told its request as one line of JSON on its stdin, and says its events as lines of JSON on its stdout, at last how
it ended. Its stdin stays open as long as whoever started it lives, so that it never goes on alone.
"""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aimodels import errors
from aimodels.errors import ConfigError, FailedError, Interrupted, Problem, UserError

# The command line's own steps of `aimodels train` and `aimodels eval`, started by name because it lies above.
PROGRAM = "aimodels.cli.one_fold"
ENDED = "fold_process_ended"
BUG = "bug"
KINDS = {
    kind.kind: kind
    for kind in (
        errors.UsageError,
        errors.MissingError,
        errors.DataError,
        errors.EncoderError,
        FailedError,
        errors.MachineError,
    )
}


@dataclass(frozen=True)
class FoldRequest:
    """What to train: the fold's own config as YAML, where its run goes, and what goes with it."""

    number: int
    config: str
    source: str
    name: str
    path: str
    tags: list[str] = field(default_factory=list)
    notes: str = ""
    plots: bool = True
    command: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Said:
    """Something that the process of a fold said; `ended` where it is the last thing."""

    number: int
    line: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Whether the process is over."""
        return self.line.get("type") == ENDED


class FoldProcess:
    """A process that trains one fold. Everything it says is handed to `hear`, from a thread of its own."""

    def __init__(
        self, request: FoldRequest, *, environ: Mapping[str, str], log: Path, hear: Callable[[Said], None]
    ) -> None:
        self.number = request.number
        self._log = log
        self._hear = hear
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=dict(environ),
                # A group of its own: Ctrl-C in the terminal reaches it through us, once.
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, name=f"fold {request.number}", daemon=True)
        self._tell(asdict(request))
        self._listener.start()

    def _tell(self, request: Mapping[str, Any]) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it died at once; its end says so
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()

    def _listen(self) -> None:
        last: dict[str, Any] = {}
        for text in self._process.stdout or ():
            with suppress(ValueError):  # whatever a library printed
                last = json.loads(text)
                if last.get("type") != ENDED:
                    self._hear(Said(self.number, last))
        self._process.wait()
        if last.get("type") != ENDED:
            last = {"type": ENDED, "error": self._died()}
        elif last["error"] and last["error"]["kind"] == BUG:
            last["error"]["message"] += f" (its traceback is in {self._log})"
        elif self._log.stat().st_size == 0:
            self._log.unlink()
        self._hear(Said(self.number, last))

    def _died(self) -> dict[str, Any]:
        """The error of a process that could not say how it ended."""
        code = self._process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        more = "was there enough memory for it? fewer at a time: --jobs 1; " if code == -signal.SIGKILL else ""
        help = f"{more}what it wrote last is in {self._log}"
        return {"kind": FailedError.kind, "code": "AM551", "message": f"its process {how}", "help": help, "notes": []}

    def send(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def end(self) -> None:
        """End it now, and wait until it is gone."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


class FoldBroke(Exception):
    """The process of a fold failed for a reason that is no user's mistake; its traceback is in its log."""


def as_line(error: BaseException) -> dict[str, Any]:
    """How a fold ended with an error, for the process that started it."""
    if isinstance(error, Interrupted):
        return {"kind": error.kind, "signal": error.exit_code - 128, "message": error.message}
    if isinstance(error, KeyboardInterrupt):
        return {"kind": Interrupted.kind, "signal": int(signal.SIGINT), "message": "interrupted"}
    if isinstance(error, UserError):
        known = {"code": error.code, "message": error.message, "help": error.help, "notes": list(error.notes)}
        return {"kind": error.kind, **known}
    return {"kind": BUG, "message": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"}


def as_error(line: Mapping[str, Any], *, number: int, of: int) -> Exception:
    """The error of a fold as it is raised where the cross-validation was started."""
    message = f"fold {number} of {of}: {line['message']}"
    if line["kind"] == ConfigError.kind:
        return ConfigError([Problem(code=line["code"], message=message, help=line["help"])], source=message)
    if line["kind"] in KINDS:
        return KINDS[line["kind"]](message, code=line["code"], help=line["help"], notes=line["notes"])
    return FoldBroke(message)
