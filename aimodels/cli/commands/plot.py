"""`aimodels plot`: draw figures of a run, or of several laid over each other."""

from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

from aimodels.cli import plotting
from aimodels.cli.console import Console
from aimodels.drawing import DrawRequest, draw_figures
from aimodels.figure_style import DPI, CurveOptions
from aimodels.runs.listing import find_run

GROUP = "look"


def command(
    console: Console,
    runs: Annotated[list[str] | None, Argument(metavar="RUN...", help="One run, or several to overlay.")] = None,
    kind: Annotated[list[str] | None, Option("--kind", metavar="A,B", help="Which figures; all if not given.")] = None,
    list_: Annotated[bool, Option("--list", help="List the figures there are.")] = False,
    x: Annotated[Literal["epoch", "step", "time"], Option("--x", help="history: the x axis.")] = "epoch",
    metric: Annotated[list[str] | None, Option("--metric", help="history: only this; may be repeated.")] = None,
    smooth: Annotated[float, Option("--smooth", min=0, max=0.99, help="history: 0 for none, 0.99 for most.")] = 0.0,
    log_y: Annotated[bool, Option("--log-y", help="history: logarithmic values.")] = False,
    format: Annotated[Literal["png", "svg", "pdf"], Option("--format", help="Kind of file.")] = "png",
    folder: Annotated[Path | None, Option("-o", "--output", help="Folder; otherwise inside the run.")] = None,
    dpi: Annotated[int, Option("--dpi", min=10, max=1200, help="Pixels per inch of PNG files.")] = DPI,
    split: Annotated[str | None, Option("--split", help="The evaluation to draw, such as test or validation.")] = None,
    open_: Annotated[bool, Option("--open", help="Show the pictures.")] = False,
) -> dict[str, Any]:
    """Draw figures of a run, or of several overlaid, from the numbers it left.

    Examples:
      aimodels plot latest
      aimodels plot mnist-cnn-001 mnist-cnn-002 --kind history,roc -o pictures
      aimodels plot best --kind history --metric loss --log-y --format svg
    """
    if list_ or not runs:
        return plotting.figures(console, asked=list_)
    found = [find_run(run, runs_dir=console.runs_dir) for run in runs]
    curves = CurveOptions(x=x, metrics=plotting.words(metric), smooth=smooth, log_y=log_y)
    folder = folder or plotting.shared_folder(found, runs_dir=console.runs_dir)
    kinds = plotting.words(kind)
    request = DrawRequest(kinds=kinds, split=split, curves=curves, format=format, dpi=dpi, folder=folder)
    drawn = draw_figures(found, request)
    return plotting.tell(console, drawn, show=open_)
