"""`aimodels runs rm`: runs that are no longer wanted."""

from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.runs.listing import find_run
from aimodels.runs.removing import refuse_running, remove


def command(
    console: Console,
    runs: Annotated[list[str], Argument(metavar="RUN...", help="The runs to remove, each by its name or path.")],
    yes: Annotated[bool, Option("-y", "--yes", help="Do not ask.")] = False,
) -> dict[str, Any]:
    """Remove runs with everything in them.

    Examples:
      aimodels runs rm mnist-cnn-001
      aimodels runs rm mnist-cnn-001 mnist-cnn-002 -y
    """
    found = {run.path: run for run in (find_run(text, runs_dir=console.runs_dir) for text in runs)}
    # All are looked at before the first is gone.
    for run in found.values():
        refuse_running(run)
    names = ", ".join(run.name for run in found.values())
    if not yes and not console.confirm(f"Remove {names} with everything in it?", instead="-y"):
        console.out("nothing was removed")
        return {"removed": []}
    for run in found.values():
        remove(run)
        console.out(f"removed {run.path}")
    return {"removed": [str(path) for path in found]}
