"""What the commands that train have in common: their arguments and options, and the config that these make."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

from aimodels.config.examples import find
from aimodels.config.loading import Loaded, load

ConfigName = Annotated[
    str,
    Argument(metavar="CONFIG", show_default=False, help="A YAML file, or the name of a shipped config."),
]
Set = Annotated[list[str] | None, Option("-s", "--set", metavar="KEY=VALUE", help="The same, for scripts.")]
Unset = Annotated[list[str] | None, Option("--unset", metavar="KEY", help="Back to its default.")]
Epochs = Annotated[int | None, Option("--epochs", help="train.epochs")]
BatchSize = Annotated[int | None, Option("--batch-size", help="train.batch_size")]
LearningRate = Annotated[float | None, Option("--lr", help="train.optimizer.learning_rate")]
Seed = Annotated[int | None, Option("--seed", help="seed")]
Device = Annotated[str | None, Option("--device", help="train.device: cpu, gpu, gpu:0,1")]
Strategy = Annotated[
    Literal["auto", "single", "mirrored", "multi_worker"] | None,
    Option("--strategy", help="train.strategy: which devices share the work."),
]
Name = Annotated[str | None, Option("--name", help="name: what the runs are called.")]
MaxTime = Annotated[str | None, Option("--max-time", help="train.max_time: 90s, 30m, 2h")]
Resume = Annotated[
    str | None,
    Option(
        "--resume",
        metavar="[RUN|auto]",
        help="Go on with a run in its own folder: this one; the latest that can; auto: that, or a new one.",
    ),
]
RunDir = Annotated[Path | None, Option("--run-dir", help="Exactly this folder, new or empty.")]
Tags = Annotated[list[str] | None, Option("--tag", help="A word to find the run by; may repeat.")]
Notes = Annotated[str, Option("--notes", help="A sentence to keep with the run.")]
DryRun = Annotated[bool, Option("--dry-run", help="Build everything, take one batch, train nothing.")]
NoPlots = Annotated[bool, Option("--no-plots", help="Draw no pictures.")]
EventsFile = Annotated[Path | None, Option("--events", help="Also write events as JSON Lines; - for stdout.")]


# The parameters of commands that train, whose options stand for a key of the config.
KEYS = {
    "epochs": "train.epochs",
    "batch_size": "train.batch_size",
    "lr": "train.optimizer.learning_rate",
    "seed": "seed",
    "device": "train.device",
    "strategy": "train.strategy",
    "name": "name",
    "limit": "data.limit",
    "max_time": "train.max_time",
    "folds": "train.folds",
}


def loaded_config(
    config: str, *, changes: Sequence[str], unset: Sequence[str], options: Mapping[str, float | str | None]
) -> Loaded:
    """The config with its changes, which are `KEY=VALUE`, then without the keys of `unset`, then with the options that
    were given, by key. The later counts.

    Raises:
        ConfigError: the file or a change is wrong; holds every mistake.
        MissingError: there is no such config.
        MachineError: the file may not be read.
    """
    return load(find(config), overrides=overrides_of(changes=changes, unset=unset, options=options))


def by_key(**given: Any) -> dict[str, Any]:
    """What was given for parameters of `KEYS`, by the key of the config that each stands for."""
    return {KEYS[name]: value for name, value in given.items()}


def overrides_of(
    *, changes: Sequence[str], unset: Sequence[str], options: Mapping[str, float | str | None]
) -> list[str]:
    """All of these as `KEY=VALUE`, in the order in which they count."""
    removed = [f"{key}=null" for key in unset]
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    return [*changes, *removed, *given]
