"""`aimodels doctor`: whether this machine, or one run, is in order."""

from collections.abc import Iterable
from typing import Annotated, Any

from typer import Argument

from aimodels.cli.console import Console
from aimodels.cli.machine_checks import check_machine
from aimodels.errors import AnswerIsNo
from aimodels.runs.checking import Check, check_run
from aimodels.runs.listing import find_run

GROUP = "more"
MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def command(
    console: Console,
    run: Annotated[
        str | None, Argument(metavar="RUN", help="Check the files of this run instead of the machine.")
    ] = None,
) -> dict[str, Any]:
    """Check this machine, or the files of a run.

    Examples:
      aimodels doctor
      aimodels doctor latest
    """
    found: Iterable[Check] = check_run(find_run(run, runs_dir=console.runs_dir)) if run else check_machine(console)
    checks = []
    for check in found:
        checks.append(check)
        advice = f"\n{'':24}{check.help}" if check.help else ""
        console.out(f"{MARKS[check.state]} {check.name:<20}  {check.message}{advice}")
    document = {"checks": checks}
    console.answer(document)
    wrong = [check.name for check in checks if check.state == "error"]
    console.essential("not ok" if wrong else "ok")
    if wrong:
        subject = f"run {run}" if run else "machine"
        raise AnswerIsNo(
            f"this {subject} is not in order: {', '.join(wrong)}", code="AM701", help="see the lines marked ✗"
        )
    return document
