"""`aimodels train`: one YAML file to a trained run."""

from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli import training_options as options
from aimodels.cli.console import Console
from aimodels.cli.cross_validating import asks_for_folds, one_fold, train_folds
from aimodels.cli.resuming import Asked, chosen
from aimodels.cli.summary import run_document, summary
from aimodels.cli.training import (
    completing,
    finish_training,
    raise_if_interrupted,
    streamed,
    train_run,
    try_out,
    worker_done,
)
from aimodels.runs.place import RunPlace

GROUP = "start"


def command(
    console: Console,
    config: options.ConfigName = "",
    changes: Annotated[
        list[str] | None, Argument(metavar="[KEY=VALUE]...", help="Changes of the config: train.epochs=3")
    ] = None,
    set_: options.Set = None,
    unset: options.Unset = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    lr: options.LearningRate = None,
    seed: options.Seed = None,
    device: options.Device = None,
    strategy: options.Strategy = None,
    name: options.Name = None,
    limit: Annotated[int | None, Option("--limit", help="data.limit: examples per split, for a smoke run.")] = None,
    folds: Annotated[
        int | None, Option("--folds", help="train.folds: cross-validation, as many runs, each tested on another part.")
    ] = None,
    jobs: Annotated[
        int | None, Option("--jobs", min=1, help="Folds trained at a time; default: as cores allow, one on a GPU.")
    ] = None,
    max_time: options.MaxTime = None,
    resume: options.Resume = None,
    run_dir: options.RunDir = None,
    tag: options.Tags = None,
    notes: options.Notes = "",
    dry_run: options.DryRun = False,
    no_plots: options.NoPlots = False,
    events: options.EventsFile = None,
) -> dict[str, Any] | None:
    """Train the model that a config describes.

    Examples:
      aimodels train quickstart
      aimodels train my.yaml train.epochs=3 -s model.dropout=0.5
      aimodels train my.yaml --folds 5
      RUN=$(aimodels train my.yaml -q)
      aimodels train --resume
      aimodels train my.yaml --resume auto
    """
    settings = options.by_key(
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        device=device,
        strategy=strategy,
        name=name,
        limit=limit,
        folds=folds,
        max_time=max_time,
    )
    words = [*(changes or ()), *(set_ or ())]
    asked = Asked(config, words, unset or (), settings, resume=resume, run_dir=run_dir)
    what = chosen(console, asked)
    loaded = what.loaded
    in_folds = asks_for_folds(loaded, jobs=jobs)
    if dry_run:
        return try_out(console, one_fold(loaded) if in_folds else loaded)
    place = RunPlace(console.runs_dir, exactly=run_dir, tags=tag or (), notes=notes, resumed=what.resumed)
    with streamed(console, events):
        if in_folds:
            return train_folds(console, loaded, place, jobs=jobs, plots=not no_plots)
        run = train_run(loaded, place)
        if run.worker:
            return worker_done(console, run)
        console.answer(run_document(run))
        with completing(run):
            finish_training(run, plots=not no_plots)
    console.out(summary(run, width=console.width))
    console.essential(str(run.path))
    raise_if_interrupted(run)
    return run_document(run)
