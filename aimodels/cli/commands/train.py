"""`aimodels train`: one YAML file to a trained run."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.cross_validating import asks_for_folds, one_fold, train_folds
from aimodels.cli.summary import run_document, summary
from aimodels.cli.training import finish_training, raise_if_interrupted, streamed, train_run, try_out
from aimodels.config.examples import find
from aimodels.config.loading import load
from aimodels.runs.place import RunPlace

GROUP = "start"


def command(
    console: Console,
    config: Annotated[str, Argument(metavar="CONFIG", help="A YAML file, or the name of a shipped config.")],
    changes: Annotated[
        list[str] | None, Argument(metavar="[KEY=VALUE]...", help="Changes of the config: train.epochs=3")
    ] = None,
    set_: Annotated[list[str] | None, Option("-s", "--set", metavar="KEY=VALUE", help="The same, for scripts.")] = None,
    unset: Annotated[list[str] | None, Option("--unset", metavar="KEY", help="Back to its default.")] = None,
    epochs: Annotated[int | None, Option("--epochs", help="train.epochs")] = None,
    batch_size: Annotated[int | None, Option("--batch-size", help="train.batch_size")] = None,
    lr: Annotated[float | None, Option("--lr", help="train.optimizer.learning_rate")] = None,
    seed: Annotated[int | None, Option("--seed", help="seed")] = None,
    device: Annotated[str | None, Option("--device", help="train.device: cpu, gpu, gpu:0,1")] = None,
    name: Annotated[str | None, Option("--name", help="name: what the runs are called.")] = None,
    limit: Annotated[int | None, Option("--limit", help="data.limit: examples per split, for a smoke run.")] = None,
    folds: Annotated[
        int | None, Option("--folds", help="train.folds: cross-validation, as many runs, each tested on another part.")
    ] = None,
    jobs: Annotated[
        int | None, Option("--jobs", min=1, help="Folds trained at a time; default: as cores allow, one on a GPU.")
    ] = None,
    max_time: Annotated[str | None, Option("--max-time", help="train.max_time: 90s, 30m, 2h")] = None,
    run_dir: Annotated[Path | None, Option("--run-dir", help="Exactly this folder, new or empty.")] = None,
    tag: Annotated[list[str] | None, Option("--tag", help="A word to find the run by; may repeat.")] = None,
    notes: Annotated[str, Option("--notes", help="A sentence to keep with the run.")] = "",
    dry_run: Annotated[bool, Option("--dry-run", help="Build everything, take one batch, train nothing.")] = False,
    no_plots: Annotated[bool, Option("--no-plots", help="Draw no pictures.")] = False,
    events: Annotated[Path | None, Option("--events", help="Also write events as JSON Lines; - for stdout.")] = None,
) -> dict[str, Any] | None:
    """Train the model that a config describes.

    Examples:
      aimodels train quickstart
      aimodels train my.yaml train.epochs=3 -s model.dropout=0.5
      aimodels train my.yaml --folds 5
      RUN=$(aimodels train my.yaml -q)
    """
    flags = {"train.epochs": epochs, "train.batch_size": batch_size, "train.optimizer.learning_rate": lr, "seed": seed}
    more = {"train.device": device, "name": name, "data.limit": limit, "train.max_time": max_time, "train.folds": folds}
    given = [f"{key}={value}" for key, value in {**flags, **more}.items() if value is not None]
    removed = [f"{key}=null" for key in unset or ()]
    loaded = load(find(config), overrides=[*(changes or ()), *(set_ or ()), *removed, *given])
    in_folds = asks_for_folds(loaded, jobs=jobs)
    if dry_run:
        return try_out(console, one_fold(loaded) if in_folds else loaded)
    place = RunPlace(console.runs_dir, exactly=run_dir, tags=tag or (), notes=notes)
    with streamed(console, events):
        if in_folds:
            return train_folds(console, loaded, place, jobs=jobs, plots=not no_plots)
        run = train_run(loaded, place)
        console.answer(run_document(run))
        finish_training(run, plots=not no_plots)
    console.out(summary(run, width=console.width))
    console.essential(str(run.path))
    raise_if_interrupted(run)
    return run_document(run)
