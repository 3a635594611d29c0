"""`aimodels runs path`: where a run is."""

from typing import Annotated, Any

from typer import Argument

from aimodels.cli.console import Console
from aimodels.runs.listing import find_run


def command(
    console: Console,
    run: Annotated[
        str, Argument(metavar="RUN", help="A path, a name, its beginning, latest, best or best:METRIC.")
    ] = "latest",
) -> dict[str, Any]:
    """Print the folder of a run, for use in scripts.

    Examples:
      cd $(aimodels runs path latest)
      cp $(aimodels runs path best)/checkpoints/best.keras model.keras
    """
    path = find_run(run, runs_dir=console.runs_dir).path
    console.out(str(path))
    console.essential(str(path))
    return {"path": path}
