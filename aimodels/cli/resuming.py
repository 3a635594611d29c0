"""What `--resume` asks for: which run goes on, and with which config. Without it, a new run of a config."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aimodels.cli.console import Console
from aimodels.cli.training_options import KEYS, by_key, loaded_config, overrides_of
from aimodels.config.loading import Loaded, load
from aimodels.distribution.cluster import Cluster, find_cluster
from aimodels.distribution.strategy import cluster_for
from aimodels.errors import FailedError, MissingError, UsageError
from aimodels.runs import resuming
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import find_run
from aimodels.runs.lock import expect_free

# Where `--resume` stands alone; what stands for it on the command line, so that it has a value.
LATEST = ""
AUTO = "auto"


@dataclass(frozen=True)
class Asked:
    """What the command line says of the config and of the run that goes on; `kind` is what the command makes."""

    config: str
    changes: Sequence[str]
    unset: Sequence[str]
    options: Mapping[str, float | str | None]
    resume: str | None = None
    run_dir: Path | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Chosen:
    """The config to train, and the run that goes on with it; None for a new one."""

    loaded: Loaded
    resumed: RunFolder | None = None


def asked_of(arguments: Mapping[str, Any]) -> Asked:
    """What the arguments of a command that trains say, by the names of its parameters."""
    given = by_key(**{name: arguments[name] for name in KEYS if name in arguments})
    words = [*(arguments["changes"] or ()), *(arguments["set_"] or ())]
    return Asked(arguments["config"], words, arguments["unset"] or (), given, resume=arguments["resume"])


def chosen(console: Console, asked: Asked) -> Chosen:
    """What is to be trained, and where.

    Raises:
        UserError: the config is wrong, there is no such run, it cannot go on, or not with this config.
    """
    loaded = named_config(asked)
    if asked.resume is None:
        if loaded is None:
            raise UsageError(
                "missing argument 'CONFIG'",
                code="AM151",
                help="name a YAML file or a shipped config (aimodels ls examples), or go on with a run: --resume",
            )
        return Chosen(loaded)
    if loaded and loaded.config.train.folds is not None:
        raise UsageError(
            "a cross-validation is not gone on with: --resume is for single runs",
            code="AM550",
            help="leave --resume out, or train.folds",
        )
    try:
        run = _run(console, asked, loaded=loaded)
    except MissingError as missing:
        return Chosen(_followed(loaded, missing))
    if run is None:
        if loaded is None:
            raise TypeError("a new run needs a config")
        if not _follows(loaded):
            console.note("no run of this config can go on: a new one begins")
        return Chosen(loaded)
    expect_free(run)
    config = loaded.config if loaded else load(run.resolved_file, overrides=_overrides(asked)).config
    resuming.expect_same(config, run, is_inferred=loaded is None)
    return Chosen(resuming.going_on(run, config), run)


def named_config(asked: Asked) -> Loaded | None:
    """The config that is named, with its changes; None where a run that goes on is to say it.

    Raises:
        UserError: it cannot be read, or something in it is wrong.
    """
    asked = _split(asked)
    if not asked.config:
        return None
    return loaded_config(asked.config, changes=asked.changes, unset=asked.unset, options=asked.options)


def _split(asked: Asked) -> Asked:
    """Where a run is resumed no config need be named, and the first word may be a change of it."""
    if asked.resume is None or "=" not in asked.config or Path(asked.config).exists():
        return asked
    return replace(asked, config="", changes=[asked.config, *asked.changes])


def _overrides(asked: Asked) -> list[str]:
    asked = _split(asked)
    return overrides_of(changes=asked.changes, unset=asked.unset, options=asked.options)


def _follows(loaded: Loaded | None) -> Cluster | None:
    """The cluster of a worker that is not the chief, and goes on with what the chief goes on with; else None."""
    cluster = find_cluster(os.environ) if loaded is None else cluster_for(loaded.config.train, os.environ)
    return None if cluster is None or cluster.is_chief else cluster


def _followed(loaded: Loaded | None, missing: MissingError) -> Loaded:
    """The config of a worker that does not see the run, which the disk of the chief may hold.

    Raises:
        MissingError: it is no such worker, or no config is named.
    """
    cluster = _follows(loaded)
    if cluster is None:
        raise missing
    if loaded is None:
        raise MissingError(
            f"{cluster.describe(cluster.index)} does not see the run that is to go on, and no config is named",
            code="AM428",
            help="name the config for every worker: aimodels train CONFIG --resume auto; or keep runs where all of "
            "them see them (--runs-dir)",
            notes=(missing.message,),
        )
    return loaded


def _run(console: Console, asked: Asked, *, loaded: Loaded | None) -> RunFolder | None:
    """The run that goes on; None for `auto` where there is none."""
    if asked.resume not in (LATEST, AUTO):
        run = find_run(str(asked.resume), runs_dir=console.runs_dir)
        if asked.run_dir is not None and asked.run_dir.resolve() != run.path.resolve():
            raise UsageError(
                f"--run-dir names another folder than --resume: a run goes on in its own, {run.path}",
                code="AM151",
                help="leave --run-dir out",
            )
        resuming.expect_kind(run, kind=asked.kind)
        return run
    if asked.resume == AUTO and loaded is None:
        raise UsageError(
            "`--resume auto` begins a new run where none can go on, and needs a config for it",
            code="AM151",
            help="aimodels train CONFIG --resume auto; or name a run: aimodels runs ls",
        )
    candidates = _candidates(console, asked, stem=loaded.name if loaded else None)
    if asked.resume == AUTO and asked.run_dir is not None:
        # A new run would need the folder: that what is there is finished, or of another config, is told instead.
        run = RunFolder(asked.run_dir)
        return run if run.run_file.exists() else None
    if asked.resume == AUTO and loaded is not None:
        same = (run for run in candidates if not resuming.differences(loaded.config, run, is_inferred=False))
        return next(same, None)
    if not candidates:
        of_name = f" called {loaded.name}" if loaded else ""
        raise MissingError(
            f"there is no run{of_name} to go on with in {asked.run_dir or console.runs_dir}: none was stopped, killed "
            "or failed",
            code="AM520",
            help="look at them: aimodels runs ls; begin a new one where there is none: aimodels train CONFIG --resume "
            "auto; train a finished one longer: --resume RUN train.epochs=N",
        )
    return next((run for run in candidates if _is_free(run)), candidates[0])


def _is_free(run: RunFolder) -> bool:
    with suppress(FailedError):
        expect_free(run)
        return True
    return False


def _candidates(console: Console, asked: Asked, *, stem: str | None) -> list[RunFolder]:
    if asked.run_dir is None:
        return resuming.unfinished_runs(console.runs_dir, kind=asked.kind, stem=stem)
    found = resuming.unfinished_runs(asked.run_dir.parent, kind=asked.kind)
    return [run for run in found if run.path.resolve() == asked.run_dir.resolve()]
