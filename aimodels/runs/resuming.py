"""Going on with a run in its own folder: which ones can, what of their config may change, what their files hold."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aimodels.config.loading import Loaded, to_yaml
from aimodels.config.schema import Config, EarlyStopping, Train
from aimodels.config.section import Section
from aimodels.errors import FailedError, MissingError, UsageError
from aimodels.runs.atomic import TEMPORARY, flush, write_text
from aimodels.runs.comparing import flat
from aimodels.runs.folder import CROSS_VALIDATION, PRETRAINING, RunFolder
from aimodels.runs.listing import all_runs, record
from aimodels.runs.naming import how_to_name
from aimodels.runs.status import is_unfinished

# Whatever they are, the steps that were done would have been the same.
MAY_DIFFER = ("epochs", "max_time", "checkpoint", "on_nan", "device", "tensorboard")
KEYS = (*(f"train.{name}" for name in MAY_DIFFER), "train.early_stopping.patience")
# Where something is kept, which may have moved: that it is still the same is found out when it is read.
PLACES = {"data": ("path", "source"), "model": ("encoder",)}


def unfinished_runs(runs_dir: Path, *, kind: str | None, stem: str | None = None) -> list[RunFolder]:
    """The runs that can go on, the latest first: trainings or pre-trainings, of one name or of any."""
    found = []
    for run in reversed(all_runs(runs_dir)):
        try:
            facts = run.facts()
        except FailedError:
            continue
        is_of_name = stem is None or run.path.name.rpartition("-")[0] == stem
        if facts.get("kind") == kind and is_of_name and (is_unfinished(facts) or facts.get("status") == "running"):
            found.append(run)
    return found


def resume_command(run: RunFolder, *, name: str) -> str:
    """What goes on with a run, where `name` finds it."""
    command = "pretrain" if run.facts().get("kind") == PRETRAINING else "train"
    return f"aimodels {command} --resume {name}"


def expect_kind(run: RunFolder, *, kind: str | None) -> None:
    """Make sure that a run is one of those that the command trains.

    Raises:
        MissingError: there is no run here.
        UsageError: it is another kind of run.
    """
    if not run.run_file.exists():
        help = "list them: aimodels runs ls"
        raise MissingError(f"{run.path} is not a run: it has no run.json", code="AM502", help=help)
    found = run.facts().get("kind")
    if found == CROSS_VALIDATION:
        raise UsageError(
            f"{run.name} is a cross-validation, which is not gone on with as a whole",
            code="AM550",
            help="train it again, with the same config and --folds",
        )
    if found != kind:
        what = "a pre-training" if found == PRETRAINING else "a training"
        raise UsageError(
            f"{run.name} is {what}, which another command goes on with",
            code="AM529",
            help=resume_command(run, name=how_to_name(run)),
        )


def differences(asked: Config, run: RunFolder, *, is_inferred: bool, may_move: bool = False) -> list[str]:
    """Where a config differs from that of a run in what may not differ, a line per key.

    `is_inferred`: what the data say is written into the config already, as it is into that of the run. `may_move`: what
    the run reads may be at another place by now.
    """
    before, after = run.config.model_dump(mode="json"), asked.model_dump(mode="json")
    asked_data = run.facts().get("asked_data")
    if not is_inferred and asked_data:
        before["data"] = asked_data
    for values in (before, after):
        values.pop("name")
        for name in MAY_DIFFER:
            values["train"].pop(name)
        if values["train"]["early_stopping"]:
            values["train"]["early_stopping"].pop("patience")
        for section, key in _places() if may_move else ():
            values[section].pop(key, None)
    was, now = flat(before), flat(after)
    keys = [key for key in dict.fromkeys([*was, *now]) if was.get(key) != now.get(key)]
    return [f"{key}: {_told(was, key)} in the run, {_told(now, key)} asked for" for key in keys]


def _told(values: Mapping[str, Any], key: str) -> str:
    return json.dumps(values[key], ensure_ascii=False) if key in values else "not there"


def expect_same(asked: Config, run: RunFolder, *, is_inferred: bool) -> None:
    """Make sure that a config is that of a run, but for what may differ.

    Raises:
        UsageError: it is not; says in what.
    """
    found = differences(asked, run, is_inferred=is_inferred, may_move=True)
    if found:
        raise UsageError(
            f"the config is not the one that {run.name} began with: {_counted(found)}",
            code="AM505",
            help=f"go on as it began: {resume_command(run, name=how_to_name(run))}; or leave --resume out for a new "
            f"run. What may change: {', '.join([*KEYS, *map('.'.join, _places())])}",
            notes=found,
        )


def _counted(found: Sequence[str]) -> str:
    return "1 key differs" if len(found) == 1 else f"{len(found)} keys differ"


def going_on(run: RunFolder, asked: Config) -> Loaded:
    """The config of a run, with what may change as it is asked for.

    Raises:
        UsageError: there is nothing left to train.
    """
    config = run.config
    changes: dict[str, Any] = {name: getattr(asked.train, name) for name in MAY_DIFFER}
    if config.train.early_stopping and asked.train.early_stopping:
        patience = asked.train.early_stopping.patience
        changes["early_stopping"] = config.train.early_stopping.model_copy(update={"patience": patience})
    train = config.train.model_copy(update=changes)
    _expect_unfinished(run, train=train, before=config.train)
    sections = {"train": train} | {section: _moved(config, asked, section=section) for section in PLACES}
    source = run.config_file.read_text(encoding="utf-8") if run.config_file.exists() else to_yaml(config)
    name = config.name or run.path.name
    return Loaded(config=config.model_copy(update=sections), path=run.resolved_file, source=source, name=name)


def _places() -> list[tuple[str, str]]:
    return [(section, key) for section, keys in PLACES.items() for key in keys]


def _moved(config: Config, asked: Config, *, section: str) -> Section:
    """A section of the config of a run, with the places that are asked for now."""
    before: Section = getattr(config, section)
    now = {key: getattr(getattr(asked, section), key) for key in PLACES[section] if key in type(before).model_fields}
    return before.model_copy(update=now)


def _expect_unfinished(run: RunFolder, *, train: Train, before: Train) -> None:
    facts = run.facts()
    if is_unfinished(facts) or facts.get("status") == "running":
        _expect_no_less(run, train=train, before=before)
        return
    done = facts.get("epochs_done") or 0
    if facts.get("status") == "stopped_early":
        if _patience(train.early_stopping) > _patience(before.early_stopping) and train.epochs > done:
            return
        help = "train on with more patience: train.early_stopping.patience=N"
    elif train.epochs > done:
        return
    else:
        help = f"train longer: {resume_command(run, name=how_to_name(run))} train.epochs=N, with N above {done}"
    raise UsageError(f"{run.name} is finished: it ended after epoch {done} of {before.epochs}", code="AM529", help=help)


def _expect_no_less(run: RunFolder, *, train: Train, before: Train) -> None:
    done = record(run).epochs_done or 0
    if train.epochs < min(done, before.epochs):
        raise UsageError(
            f"{run.name} has trained {done} of {before.epochs} epochs, more than train.epochs={train.epochs} asks for",
            code="AM529",
            help=f"go on as it began: {resume_command(run, name=how_to_name(run))}; or end it with what it has: "
            f"{resume_command(run, name=how_to_name(run))} train.epochs={done}",
        )


def _patience(early_stopping: EarlyStopping | None) -> int:
    return early_stopping.patience if early_stopping else 0


def go_on(run: RunFolder, loaded: Loaded, *, facts: Mapping[str, Any]) -> None:
    """Mark a run as running once more, by this process, with a config that may have changed."""
    write_text(run.resolved_file, to_yaml(loaded.config.model_copy(update={"name": loaded.name})))
    ended = {"ended": None, "error": None, "reason": "", "signal_number": 0, "fraction": 0.0, "is_complete": False}
    run.update(**run.process(), **ended, epochs_planned=loaded.config.train.epochs, **facts)


def remove_leftovers(run: RunFolder) -> None:
    """Remove what a process that was killed had not finished writing."""
    for path in [*run.path.glob(f".*{TEMPORARY}*"), *run.path.glob(f"*/**/.*{TEMPORARY}*")]:
        if path.is_file():
            path.unlink(missing_ok=True)


def cut_to(sizes: Mapping[str, int], *, run: RunFolder) -> None:
    """Cut files of a run, by name, to as many bytes as they had; one of no bytes was not there.

    Raises:
        FailedError: one of them is shorter.
    """
    for name, size in sizes.items():
        path = run.path / name
        found = path.stat().st_size if path.exists() else 0
        if found < size:
            raise FailedError(
                f"{path} is shorter than when the state of the run was kept: {found} bytes of {size}",
                code="AM403",
                help="it was changed or cut off since; put back a copy of the run, or train anew without --resume",
            )
        if size == 0:
            path.unlink(missing_ok=True)
        elif found > size:
            with path.open("r+b") as file:
                file.truncate(size)
            flush(path)
