"""`aimodels export`: write a run as a model that others can load."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.exporting import export_formats, show
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import find_run

GROUP = "use"


def command(
    console: Console,
    run: Annotated[str, Argument(metavar="RUN", help="A run: a path, a name, latest, best.")],
    format: Annotated[
        list[str] | None,
        Option("-f", "--format", help="saved_model or keras; may repeat. Default: as the config says."),
    ] = None,
    output: Annotated[Path | None, Option("-o", "--output", help="A folder other than the run's export/.")] = None,
    version: Annotated[int | None, Option("--version", min=1, help="Its number; default: the next free one.")] = None,
    checkpoint: Annotated[str, Option("--checkpoint", help="best, last, or the path of a .keras file.")] = "best",
    verify: Annotated[int, Option("--verify", min=0, help="How many real examples to compare on; 0 for none.")] = 32,
) -> dict[str, Any]:
    """Write a run as a model that takes raw images, texts or rows, and prove that it answers like the run.

    Examples:
      aimodels export latest
      aimodels export best --format keras -o exported/
      aimodels export latest --verify 1000
    """
    folder = RunFolder.open(find_run(run, runs_dir=console.runs_dir).path)
    formats = tuple(format or folder.config.export.formats)
    exported = export_formats(
        folder, formats, folder=output, version=version, checkpoint=checkpoint, num_verified=verify
    )
    for name, result in exported.items():
        show(console, name, result)
    return {"exports": [{"format": name, **result.as_document()} for name, result in exported.items()]}
