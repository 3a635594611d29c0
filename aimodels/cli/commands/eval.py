"""`aimodels eval`: measure a run on a split of its own data, or on other data."""

from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

from aimodels.cli import answering_options, measuring
from aimodels.cli.console import Console
from aimodels.config.losses import quantile_of
from aimodels.evaluation import thresholds
from aimodels.evaluation.evaluate import Evaluation, EvaluationRequest, evaluate, evaluate_together
from aimodels.evaluation.scoring import metric_names
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import find_run

GROUP = "look"


def command(
    console: Console,
    run: Annotated[str, Argument(metavar="RUN", help="A run: its path, name, the beginning of it, latest, or best.")],
    split: Annotated[Literal["test", "validation", "train"], Option("--split", help="What to measure on.")] = "test",
    data: Annotated[Path | None, Option("--data", help="Other data of the same kind and classes.")] = None,
    checkpoint: Annotated[str, Option("--checkpoint", help="best, last, or the path of a .keras file.")] = "best",
    batch_size: Annotated[int, Option("--batch-size", min=1, help="Examples per step.")] = 256,
    at_least: Annotated[
        list[str] | None, Option("--min", metavar="METRIC=X", help="Exit code 4 below this; may be repeated.")
    ] = None,
    at_most: Annotated[
        list[str] | None, Option("--max", metavar="METRIC=X", help="Exit code 4 above this; may be repeated.")
    ] = None,
    top_losses: Annotated[int | None, Option("--top-losses", min=0, help="Hardest examples to keep.")] = None,
    strategy: answering_options.Strategy = "auto",
    device: answering_options.Device = "auto",
    no_plots: Annotated[bool, Option("--no-plots", help="Draw no pictures.")] = False,
) -> dict[str, Any]:
    """Score a run: accuracy, per-class scores, calibration, confusions; errors of numbers; what columns count.

    Examples:
      aimodels eval latest
      aimodels eval mnist-cnn-002 --min accuracy=0.97 --max log_loss=0.1
      aimodels eval best --data photos/new --no-plots
      aimodels eval latest --min r2=0.9 --max mae=300
      aimodels launch --workers 2 -- eval latest
    """
    found = RunFolder.open(find_run(run, runs_dir=console.runs_dir).path)
    quantile = quantile_of(found.config.train.loss)
    known = metric_names(found.config.evaluate, found.signature["task"], quantile=quantile)
    bars = thresholds.parse(at_least or (), bound="min", known=known)
    bars += thresholds.parse(at_most or (), bound="max", known=known)
    request = EvaluationRequest(
        split, data, checkpoint, batch_size=batch_size, top_losses=top_losses, strategy=strategy
    )
    asked = answering_options.answerers(strategy=strategy, device=device)
    answering_options.start(console, asked, logging_in=found)
    evaluation = evaluate_together(found, request, cluster=asked.cluster) if asked.cluster else evaluate(found, request)
    if not isinstance(evaluation, Evaluation):
        return answering_options.part_done(console, evaluation, run=found)
    drawn = [] if no_plots else measuring.draw(evaluation)
    return measuring.tell(console, evaluation, drawn=drawn, bars=bars)
