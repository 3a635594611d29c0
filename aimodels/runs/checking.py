"""Whether the files of a run are there and whole."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aimodels.encoders.finding import find_encoder
from aimodels.errors import UserError
from aimodels.runs.atomic import TEMPORARY
from aimodels.runs.folder import CROSS_VALIDATION, FINISHED, PRETRAINING, RunFolder
from aimodels.runs.listing import record

State = Literal["ok", "warning", "error"]
SEVERITY: tuple[State, ...] = ("ok", "warning", "error")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what was found."""

    name: str
    state: State
    message: str
    help: str = ""


def check_run(run: RunFolder) -> list[Check]:
    """Look at every file that a run should have."""
    found = record(run)
    if found.status == "unreadable":
        help = "the run cannot be used; its checkpoints may still be whole"
        return [Check(run.run_file.name, "error", "cannot be read", help=help)]
    ended = found.status in FINISHED
    state: State = "ok" if ended or found.status == "running" else "warning"
    checks = [Check(run.run_file.name, state, f"status {found.status}")]
    if run.facts().get("kind") == CROSS_VALIDATION:
        return [*checks, *_of_folds(run, ended=ended), *_leftovers(run, still_running=found.status == "running")]
    checks.append(_tried(run.resolved_file, lambda: f"{run.config.data.name}, {run.config.model.name}"))
    checks.append(_tried(run.history_file, lambda: f"{_epochs(run)} epoch{'' if _epochs(run) == 1 else 's'}"))
    if ended:
        checks.append(_tried(run.metrics_file, lambda: f"{len(run.metrics())} entries"))
        checks.append(_tried(run.signature_file, lambda: run.signature["input"]["kind"]))
    if run.facts().get("kind") == PRETRAINING:
        checks.append(_tried(run.encoder, lambda: f"{find_encoder(str(run.encoder)).shape.blocks} blocks, whole"))
    else:
        checks += [_checkpoint(run, which) for which in ("best", "last")]
    checks += list(_leftovers(run, still_running=found.status == "running"))
    return checks


def _of_folds(run: RunFolder, *, ended: bool) -> Iterator[Check]:
    """What a cross-validation should have: its own files, and every fold that it says was scored."""
    yield _tried(run.resolved_file, lambda: f"{run.config.data.name}, {run.config.model.name}")
    if not ended:
        return
    facts = run.facts()
    yield _tried(run.metrics_file, lambda: f"{len(run.metrics())} entries")
    if facts["folds_done"] == facts["folds_planned"]:
        yield _tried(run.out_of_fold_file, lambda: f"{run.out_of_fold_file.stat().st_size / 1e6:.1f} MB")
    for path in sorted(run.folds.glob("*"), key=lambda path: (len(path.name), path.name)):
        checks = check_run(RunFolder(path))
        worst = max(checks, key=lambda check: SEVERITY.index(check.state))
        named = f"{path.parent.name}/{path.name}"
        message = f"{len(checks)} checks" if worst.state == "ok" else f"{worst.name} {worst.message}"
        yield Check(named, worst.state, message, help="" if worst.state == "ok" else worst.help)


def _tried(path: Path, read: Callable[[], str]) -> Check:
    if not path.exists():
        return Check(path.name, "error", "is not there")
    try:
        return Check(path.name, "ok", read())
    except UserError as error:
        return Check(path.name, "error", error.message)
    except KeyError as error:
        return Check(path.name, "error", f"has no {error}")


def _epochs(run: RunFolder) -> int:
    return len(run.history()["epoch"])


def _checkpoint(run: RunFolder, which: str) -> Check:
    path = run.checkpoint(which)
    name = str(path.relative_to(run.path))
    if not path.exists():
        return Check(name, "error", "is not there", help="training ended before its first epoch did, or it was removed")
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, OSError) as error:
        return Check(name, "error", f"is broken: {error}", help="use the other checkpoint: --checkpoint")
    if broken:
        return Check(name, "error", f"is broken: the checksum of {broken} is wrong", help="use the other checkpoint")
    return Check(name, "ok", f"{path.stat().st_size / 1e6:.1f} MB, whole")


def _leftovers(run: RunFolder, *, still_running: bool) -> Iterator[Check]:
    found: list[Path] = [path for path in run.path.rglob(".*") if TEMPORARY in path.name]
    if found and not still_running:
        names = ", ".join(str(path.relative_to(run.path)) for path in sorted(found)[:3])
        yield Check("temporary files", "warning", f"{len(found)} left by a crash: {names}", help="they can be removed")
