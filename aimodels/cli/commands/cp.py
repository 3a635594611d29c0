"""`aimodels cp`: a shipped config as a file of your own."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.config import examples
from aimodels.errors import UsageError
from aimodels.runs.atomic import write_bytes

GROUP = "start"


def command(
    console: Console,
    name: Annotated[str, Argument(metavar="NAME", help="The name of a shipped config, as `aimodels ls` shows it.")],
    destination: Annotated[Path, Argument(metavar="[DEST]", help="The new file, or the folder it goes to.")] = Path(),
    force: Annotated[bool, Option("--force", help="Replace a file that is there.")] = False,
) -> dict[str, Any]:
    """Copy a shipped config, to change it.

    Examples:
      aimodels cp quickstart
      aimodels cp mnist_cnn configs/mine.yaml
    """
    source = examples.find(name)
    target = destination / source.name if destination.is_dir() else destination
    if target.exists() and not force:
        raise UsageError(f"{target} exists", code="AM121", help="name another file, or replace it with --force")
    write_bytes(target, source.read_bytes())
    console.out(f"wrote {target}")
    console.essential(str(target))
    return {"file": str(target)}
