"""What `--resume` asks for: which run goes on, and with which config. Without it, a new run of a config."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from aimodels.cli.console import Console
from aimodels.cli.training_options import loaded_config, overrides_of
from aimodels.config.loading import Loaded, load
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


def chosen(console: Console, asked: Asked) -> Chosen:
    """What is to be trained, and where.

    Raises:
        UserError: the config is wrong, there is no such run, it cannot go on, or not with this config.
    """
    if asked.resume is None:
        if not asked.config:
            raise UsageError(
                "missing argument 'CONFIG'",
                code="AM151",
                help="name a YAML file or a shipped config (aimodels ls examples), or go on with a run: --resume",
            )
        return Chosen(_config(asked))
    # Where a run is resumed no config need be named, and the first word may be a change of it.
    if "=" in asked.config and not Path(asked.config).exists():
        asked = replace(asked, config="", changes=[asked.config, *asked.changes])
    loaded = _config(asked) if asked.config else None
    if loaded and loaded.config.train.folds is not None:
        raise UsageError(
            "a cross-validation is not gone on with: --resume is for single runs",
            code="AM550",
            help="leave --resume out, or train.folds",
        )
    run = _run(console, asked, loaded=loaded)
    if run is None:
        if loaded is None:
            raise TypeError("a new run needs a config")
        console.note("no run of this config can go on: a new one begins")
        return Chosen(loaded)
    expect_free(run)
    config = loaded.config if loaded else load(run.resolved_file, overrides=_overrides(asked)).config
    resuming.expect_same(config, run, is_inferred=loaded is None)
    return Chosen(resuming.going_on(run, config), run)


def _config(asked: Asked) -> Loaded:
    return loaded_config(asked.config, changes=asked.changes, unset=asked.unset, options=asked.options)


def _overrides(asked: Asked) -> list[str]:
    return overrides_of(changes=asked.changes, unset=asked.unset, options=asked.options)


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
