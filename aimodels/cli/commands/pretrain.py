"""`aimodels pretrain`: texts without targets to an encoder that knows them."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.pretraining import draw_pretraining, pretrain_run, pretraining_summary, try_pretraining
from aimodels.cli.summary import run_document
from aimodels.cli.training import raise_if_interrupted, streamed
from aimodels.config.examples import find
from aimodels.config.loading import load
from aimodels.runs.place import RunPlace

GROUP = "more"


def command(
    console: Console,
    config: Annotated[str, Argument(metavar="CONFIG", help="A YAML file, or the name of a shipped config.")],
    changes: Annotated[
        list[str] | None, Argument(metavar="[KEY=VALUE]...", help="Changes of the config: pretrain.whole_words=true")
    ] = None,
    set_: Annotated[list[str] | None, Option("-s", "--set", metavar="KEY=VALUE", help="The same, for scripts.")] = None,
    unset: Annotated[list[str] | None, Option("--unset", metavar="KEY", help="Back to its default.")] = None,
    epochs: Annotated[int | None, Option("--epochs", help="train.epochs")] = None,
    batch_size: Annotated[int | None, Option("--batch-size", help="train.batch_size")] = None,
    lr: Annotated[float | None, Option("--lr", help="train.optimizer.learning_rate")] = None,
    seed: Annotated[int | None, Option("--seed", help="seed")] = None,
    device: Annotated[str | None, Option("--device", help="train.device: cpu, gpu, gpu:0,1")] = None,
    name: Annotated[str | None, Option("--name", help="name: what the runs are called.")] = None,
    limit: Annotated[int | None, Option("--limit", help="data.limit: texts per split, for a smoke run.")] = None,
    max_time: Annotated[str | None, Option("--max-time", help="train.max_time: 90s, 30m, 2h")] = None,
    run_dir: Annotated[Path | None, Option("--run-dir", help="Exactly this folder, new or empty.")] = None,
    tag: Annotated[list[str] | None, Option("--tag", help="A word to find the run by; may repeat.")] = None,
    notes: Annotated[str, Option("--notes", help="A sentence to keep with the run.")] = "",
    dry_run: Annotated[bool, Option("--dry-run", help="Build everything, take one batch, train nothing.")] = False,
    no_plots: Annotated[bool, Option("--no-plots", help="Draw no pictures.")] = False,
    events: Annotated[Path | None, Option("--events", help="Also write events as JSON Lines; - for stdout.")] = None,
) -> dict[str, Any]:
    """Go on pre-training an encoder on texts of your own, without targets.

    The encoder of `model` guesses hidden pieces of the texts of `data`; the best one is written into the run, as a
    folder that `model.encoder` takes.

    Examples:
      aimodels pretrain imdb_pretrain --max-time 20m
      aimodels pretrain my.yaml pretrain.whole_words=true
      aimodels train my.yaml model.encoder=runs/my-001/encoder
    """
    flags = {"train.epochs": epochs, "train.batch_size": batch_size, "train.optimizer.learning_rate": lr, "seed": seed}
    more = {"train.device": device, "name": name, "data.limit": limit, "train.max_time": max_time}
    given = [f"{key}={value}" for key, value in {**flags, **more}.items() if value is not None]
    removed = [f"{key}=null" for key in unset or ()]
    loaded = load(find(config), overrides=[*(changes or ()), *(set_ or ()), *removed, *given])
    if dry_run:
        found = try_pretraining(console, loaded)
        console.out("ready; nothing was trained and no run was made")
        return found
    place = RunPlace(console.runs_dir, exactly=run_dir, tags=tag or (), notes=notes)
    with streamed(console, events):
        run = pretrain_run(loaded, place)
        console.answer(run_document(run))
        if not no_plots:
            draw_pretraining(run)
    console.out(pretraining_summary(run))
    console.essential(str(run.path))
    raise_if_interrupted(run)
    return run_document(run)
