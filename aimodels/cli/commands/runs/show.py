"""`aimodels runs show`: one run on a card."""

from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.fold_summary import fold_document, fold_summary, is_cross_validation
from aimodels.cli.formatting import size, sparkline
from aimodels.cli.summary import run_document, summary
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import find_run


def command(
    console: Console,
    run: Annotated[
        str, Argument(metavar="RUN", help="A path, a name, its beginning, latest, best or best:METRIC.")
    ] = "latest",
    config: Annotated[bool, Option("--config", help="Show the config with every key.")] = False,
    env: Annotated[bool, Option("--env", help="Show where the run was made.")] = False,
    files: Annotated[bool, Option("--files", help="Show every file with its size.")] = False,
) -> dict[str, Any]:
    """Show one run: how it went, its metrics, its files.

    Examples:
      aimodels runs show
      aimodels runs show best --config
      aimodels runs show penguins-001/folds/3
    """
    found = find_run(run, runs_dir=console.runs_dir)
    in_folds = is_cross_validation(found)
    document = fold_document(found) if in_folds else run_document(found)
    console.essential(str(found.path))
    if config:
        console.out(found.resolved_file.read_text(encoding="utf-8").rstrip())
    if env:
        console.out(found.environment_file.read_text(encoding="utf-8").rstrip())
    if files:
        console.out(_all_files(found))
    if not (config or env or files):
        console.out(
            fold_summary(found, width=console.width)
            if in_folds
            else "\n".join([summary(found, width=console.width), *_curves(found)])
        )
    return document


def _all_files(run: RunFolder) -> str:
    found = sorted(path for path in run.path.rglob("*") if path.is_file())
    return "\n".join(f"{size(path.stat().st_size):>10}  {path.relative_to(run.path)}" for path in found)


def _curves(run: RunFolder) -> list[str]:
    if not run.history_file.exists():
        return []
    history = {name: values for name, values in run.history().items() if name != "epoch" and len(values) > 1}
    width = max((len(name) for name in history), default=0) + 2
    lines = [f"  {name:<{width}}{sparkline(values, width=40)}" for name, values in history.items()]
    return ["", *lines] if lines else []
