"""`aimodels runs best`: which run is the best one."""

from typing import Annotated, Any

from typer import Option

from aimodels.cli.console import Console
from aimodels.cli.formatting import metric as shown
from aimodels.cli.summary import run_document
from aimodels.runs.listing import find_run, record, value_of


def command(
    console: Console,
    metric: Annotated[
        str | None,
        Option("--metric", help="Judge by this metric; otherwise by what the latest finished run monitored."),
    ] = None,
) -> dict[str, Any]:
    """Show the best finished run.

    Examples:
      aimodels runs best
      aimodels runs best --metric val_loss -q
    """
    run = find_run(f"best:{metric}" if metric else "best", runs_dir=console.runs_dir)
    found = record(run)
    name = metric or found.monitor or ""
    console.out(f"{found.name}  {name} {shown(value_of(found, name))}  {run.path}")
    console.essential(str(run.path))
    return run_document(run)
