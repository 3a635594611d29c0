"""`aimodels pretrain`: texts without targets to an encoder that knows them."""

from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli import training_options as options
from aimodels.cli.console import Console
from aimodels.cli.pretraining import draw_pretraining, pretrain_run, pretraining_summary, try_pretraining
from aimodels.cli.resuming import Asked, chosen
from aimodels.cli.summary import run_document
from aimodels.cli.training import completing, raise_if_interrupted, streamed, worker_done
from aimodels.runs.folder import PRETRAINING
from aimodels.runs.place import RunPlace

GROUP = "more"


def command(
    console: Console,
    config: options.ConfigName = "",
    changes: Annotated[
        list[str] | None, Argument(metavar="[KEY=VALUE]...", help="Changes of the config: pretrain.whole_words=true")
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
    limit: Annotated[int | None, Option("--limit", help="data.limit: texts per split, for a smoke run.")] = None,
    max_time: options.MaxTime = None,
    resume: options.Resume = None,
    run_dir: options.RunDir = None,
    tag: options.Tags = None,
    notes: options.Notes = "",
    dry_run: options.DryRun = False,
    no_plots: options.NoPlots = False,
    events: options.EventsFile = None,
) -> dict[str, Any]:
    """Go on pre-training an encoder on texts of your own, without targets.

    The encoder of `model` guesses hidden pieces of the texts of `data`; the best one is written into the run, as a
    folder that `model.encoder` takes.

    Examples:
      aimodels pretrain imdb_pretrain --max-time 20m
      aimodels pretrain my.yaml pretrain.whole_words=true
      aimodels pretrain --resume
      aimodels train my.yaml model.encoder=runs/my-001/encoder
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
        max_time=max_time,
    )
    words = [*(changes or ()), *(set_ or ())]
    asked = Asked(config, words, unset or (), settings, resume=resume, run_dir=run_dir, kind=PRETRAINING)
    what = chosen(console, asked)
    loaded = what.loaded
    if dry_run:
        found = try_pretraining(console, loaded)
        console.out("ready; nothing was trained and no run was made")
        return found
    place = RunPlace(console.runs_dir, exactly=run_dir, tags=tag or (), notes=notes, resumed=what.resumed)
    with streamed(console, events):
        run = pretrain_run(loaded, place)
        if run.worker:
            return worker_done(console, run)
        console.answer(run_document(run))
        if not no_plots:
            with completing(run):
                draw_pretraining(run)
    console.out(pretraining_summary(run))
    console.essential(str(run.path))
    raise_if_interrupted(run)
    return run_document(run)
