"""How a command that did not work is told: expected mistakes, bugs, and Ctrl-C."""

import os
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aimodels.cli import problems
from aimodels.cli.console import Console
from aimodels.cli.summary import how_to_go_on
from aimodels.errors import ConfigError, Problem, UserError
from aimodels.runs.atomic import write_text
from aimodels.runs.folder import CROSS_VALIDATION, RunFolder

REPORT = "please report it to the maintainers with that file and the command line"


def expected(error: UserError, *, console: Console) -> list[dict[str, Any]]:
    """Show a mistake that the user can mend. Returns its entries for the JSON document."""
    if console.debug:
        console.complain("".join(traceback.format_exception(error)).rstrip())
    source = error.source if isinstance(error, ConfigError) else ""
    console.complain(problems.render(error.problems, source=source))
    if console.environ.get("GITHUB_ACTIONS") == "true":
        for problem in error.problems:
            console.complain(annotation("error", problem))
    return [problems.as_json(problem) | {"kind": error.kind} for problem in error.problems]


def bug(error: BaseException, *, console: Console, run: Path | None) -> list[dict[str, Any]]:
    """Show a failure that is our fault: one line, where the traceback is, how to report it."""
    where = save_traceback(error, run=run)
    first_line = str(error).partition("\n")[0]
    message = f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__
    if console.debug:
        console.complain("".join(traceback.format_exception(error)).rstrip())
    lines = [f"error[AM900]: this is a bug in aimodels: {message}"]
    lines += [f"  = note: the traceback is in {where}"] if where else []
    lines += [f"  = help: {REPORT}"]
    console.complain("\n".join(lines))
    return [{"code": "AM900", "kind": "bug", "message": message, "file": str(where or ""), "help": REPORT}]


def interrupted(console: Console, *, run: Path | None) -> list[dict[str, Any]]:
    """Show that Ctrl-C or SIGTERM ended the command, and what goes on with the run that it was about."""
    help = _going_on(RunFolder(run)) if run is not None else ""
    console.note(f"interrupted; {help}" if help else "interrupted")
    return [{"code": "AM490", "kind": "interrupted", "message": "interrupted", "help": help}]


def _going_on(run: RunFolder) -> str:
    with suppress(UserError):
        facts = run.facts()
        if facts.get("status") == "interrupted" and facts.get("kind") != CROSS_VALIDATION:
            return how_to_go_on(run)
    return ""


def save_traceback(error: BaseException, *, run: Path | None) -> Path | None:
    """Keep a traceback in the run's logs, else in the temporary folder. None if neither can be written."""
    text = "".join(traceback.format_exception(error))
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    places = [Path(tempfile.gettempdir()) / f"aimodels-error-{stamp}-{os.getpid()}.txt"]
    if run is not None:
        places.insert(0, RunFolder(run).error_log)
    for place in places:
        with suppress(UserError):
            write_text(place, text)
            return place
    return None


def annotation(level: str, problem: Problem) -> str:
    """The line that makes GitHub show a problem beside the file it is in."""
    place = problem.place
    where = (
        f"file={_escaped(place.source, ',:')},line={place.line},col={place.column},"
        if place and not place.is_argument
        else ""
    )
    return f"::{level} {where}title={problem.code}::{_escaped(problem.message)}"


def _escaped(text: str, also: str = "") -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for letter in also:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
