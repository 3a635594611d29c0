"""Every error that a user can mend, with its code, its exit code and what would work.

UserError                  one message on stderr, no traceback
├── UsageError        2    the command line is wrong
├── ConfigError       2    the YAML or an override is wrong; holds every problem found
├── MissingError      3    something that was named is not there
├── DataError         1    the data is there and broken
├── FailedError       1    it started and failed
├── AnswerIsNo        4    it worked, and the answer is below the bar
├── MachineError      5    this machine cannot do it
├── WorkerFailed      *    a process that was started failed; its exit code is passed on
└── Interrupted     130    stopped by a signal (143 for SIGTERM), state saved

Code ranges: AM1xx config, AM2xx data, AM3xx model, AM4xx training, AM5xx runs and checkpoints,
AM6xx export, AM7xx environment, AM9xx bugs. A code is never used again for something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

ARGUMENT = "override "  # how the source of a place begins that is an argument of the command line


@dataclass(frozen=True)
class Place:
    """A stretch of text that a user wrote: a line of a file, or an argument of the command line.

    `line` and `column` count from 1, in characters; `end_column` is the first one after the stretch.
    `lines` is the whole source, so that the error can be shown in its surroundings.
    """

    source: str
    line: int
    column: int
    end_column: int
    lines: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_argument(self) -> bool:
        """Whether this is an override on the command line (`train.epochs=ten`) rather than a place in a file."""
        return len(self.lines) == 1 and self.source == f"{ARGUMENT}{self.lines[0]}"


@dataclass(frozen=True)
class Suggestion:
    """A word to put in the place of a wrong one."""

    replace: str
    confidence: str = "high"


@dataclass(frozen=True)
class Problem:
    """One mistake: the rule that was broken, where, and what would work."""

    code: str
    message: str
    path: str = ""
    place: Place | None = None
    label: str = ""
    help: str = ""
    notes: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    other_place: Place | None = None


class UserError(Exception):
    """Something the user can mend. Shown without a traceback."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "user"

    def __init__(self, message: str, *, code: str, help: str = "", notes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.help = help
        self.notes = tuple(notes)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong, one entry per mistake."""
        return (Problem(code=self.code, message=self.message, help=self.help, notes=self.notes),)


class UsageError(UserError):
    """The command line is wrong; nothing was started."""

    exit_code = 2
    kind = "usage"


class ConfigError(UserError):
    """The config or an override is wrong; nothing was started. Holds every problem, in the order of lines."""

    exit_code = 2
    kind = "config"

    def __init__(self, problems: Sequence[Problem], *, source: str) -> None:
        first = problems[0]
        super().__init__(first.message, code=first.code, help=first.help, notes=first.notes)
        self._problems = tuple(problems)
        self.source = source

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem found, in the order of lines."""
        return self._problems


class MissingError(UserError):
    """Something that was named (a file, a run, a checkpoint, an example config) is not there."""

    exit_code = 3
    kind = "missing"


class DataError(UserError):
    """The data is there, and something in it is broken."""

    exit_code = 1
    kind = "data"


class EncoderError(UserError):
    """The encoder that the config names is there, and is broken or of a kind that is not supported."""

    exit_code = 2
    kind = "encoder"


class FailedError(UserError):
    """The work started and failed for a reason that the user can mend."""

    exit_code = 1
    kind = "failed"


class AnswerIsNo(UserError):
    """Everything worked, and the answer is below the bar that was asked for."""

    exit_code = 4
    kind = "answer"


class MachineError(UserError):
    """This machine or its set-up cannot do what was asked: no such GPU, no write permission, disk full."""

    exit_code = 5
    kind = "environment"


class WorkerFailed(UserError):
    """A worker process that was started here failed. Its own exit code is passed on."""

    kind = "worker"

    def __init__(self, message: str, *, exit_code: int, help: str = "") -> None:
        super().__init__(message, code="AM422", help=help)
        self.exit_code = exit_code  # type: ignore[misc]  # known only at run time


class Interrupted(UserError):
    """A signal stopped the work; its state is saved. Exit code 130 for Ctrl-C, 143 for SIGTERM."""

    kind = "interrupted"

    def __init__(self, message: str, *, signal_number: int, help: str = "") -> None:
        super().__init__(message, code="AM490", help=help)
        self.exit_code = 128 + signal_number  # type: ignore[misc]  # known only at run time
