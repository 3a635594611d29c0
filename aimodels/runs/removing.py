"""Runs that are no longer wanted: removed whole, and `latest` never left pointing at nothing."""

import os
import shutil
from pathlib import Path

from aimodels.errors import FailedError, UsageError
from aimodels.runs.atomic import cannot_write, write_text
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import all_runs, pointed_to, record
from aimodels.runs.status import is_alive


def refuse_running(run: RunFolder) -> None:
    """Raise if somebody still writes into the run, or if it is a part of another one.

    Raises:
        UsageError: the run is a fold of a cross-validation.
        FailedError: the run is going on.
    """
    whole = run.cross_validation
    if whole is not None:
        raise UsageError(
            f"{run.name} is a part of {whole.name}",
            code="AM552",
            help=f"remove all of it: aimodels runs rm {whole.name}",
        )
    found = record(run)
    if found.status == "unreadable":
        return
    facts = run.facts()
    if found.status == "running" or is_alive(facts):
        raise FailedError(
            f"{run.name} is still running (process {facts.get('pid')} on {facts.get('host')})",
            code="AM503",
            help="stop it first: Ctrl-C where it runs, or wait until it has ended",
        )


def remove(run: RunFolder) -> None:
    """Remove the folder of a run that has ended, and let `latest` point at the newest one left.

    Raises:
        UsageError: the run is a fold of a cross-validation.
        FailedError: the run is going on.
        MachineError: the folder cannot be removed.
    """
    refuse_running(run)
    runs_dir = run.path.parent
    pointed = pointed_to(runs_dir)
    was_latest = pointed is not None and pointed.name == run.path.name
    # Renamed first: a removal that is interrupted leaves no half run under its name.
    doomed = run.path.with_name(f".tmp-{os.getpid()}-{run.path.name}")
    try:
        run.path.rename(doomed)
        if was_latest:
            _point_latest_at_newest(runs_dir)
        shutil.rmtree(doomed)
    except OSError as error:
        raise cannot_write(run.path, error) from error


def _point_latest_at_newest(runs_dir: Path) -> None:
    left = all_runs(runs_dir)
    link, text_file = runs_dir / "latest", runs_dir / "latest.txt"
    if not left:
        link.unlink(missing_ok=True)
        text_file.unlink(missing_ok=True)
    elif link.is_symlink():
        partial = runs_dir / f".latest.{os.getpid()}.tmp"
        partial.unlink(missing_ok=True)
        partial.symlink_to(left[-1].name)
        partial.replace(link)
    else:
        write_text(text_file, left[-1].name + "\n")
