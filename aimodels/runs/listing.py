"""The runs of a folder: all of them, one by what a user calls it, and what became of each."""

import difflib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aimodels.errors import FailedError, MissingError, UsageError
from aimodels.runs.folder import CROSS_VALIDATION, FINISHED, FOLDS, RunFolder
from aimodels.runs.status import is_unfinished, status

SMALLER_IS_BETTER = ("loss", "error", "ece", "mae", "mape", "mse", "rmse", "seconds", "brier", "perplexity")
LIST_THEM = "list them: aimodels runs ls"


@dataclass(frozen=True)
class Record:
    """What is known of one run without loading its model. What its files do not say is None or empty."""

    run: RunFolder
    status: str
    task: str | None = None
    started: str | None = None
    ended: str | None = None
    seconds: float | None = None
    epochs_done: int | None = None
    epochs_planned: int | None = None
    monitor: str | None = None
    mode: str | None = None
    best: float | None = None
    best_epoch: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    notes: str = ""
    error: Mapping[str, Any] | None = None
    folds_done: int | None = None
    folds_planned: int | None = None
    is_unfinished: bool = False

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.run.name

    @property
    def has_all_folds(self) -> bool:
        """Whether its mean is one over all folds that were planned; so is every run without folds."""
        return self.folds_done == self.folds_planned

    @property
    def stem(self) -> str:
        """The name without its number: the runs that repeat one another share it."""
        head, _, tail = self.name.rpartition("-")
        return head if head and tail.isdecimal() else self.name


def all_runs(runs_dir: Path) -> list[RunFolder]:
    """Every run of a folder, oldest first. A folder without `run.json` is none."""
    if not runs_dir.is_dir():
        return []
    # `latest` is a second name of a run that is listed under its own; a hidden folder is about to be removed.
    found = [path for path in runs_dir.iterdir() if path.is_dir() and not path.is_symlink()]
    runs = [RunFolder(path) for path in found if not path.name.startswith(".")]
    return sorted((run for run in runs if run.run_file.exists()), key=lambda run: (_started(run), run.name))


def _started(run: RunFolder) -> str:
    try:
        return str(run.facts().get("started") or "")
    except FailedError:
        return ""


def record(run: RunFolder) -> Record:
    """What is known of a run. One whose `run.json` cannot be read has the status `unreadable`."""
    try:
        facts = run.facts()
    except FailedError:
        return Record(run=run, status="unreadable")
    found = status(facts)
    if found in ("running", "lost", "failed"):
        facts = facts | _so_far(run, facts)
    best = facts.get("best") or {}
    return Record(
        run=run,
        status=found,
        task=facts.get("task"),
        started=facts.get("started"),
        ended=facts.get("ended"),
        seconds=facts.get("seconds"),
        epochs_done=facts.get("epochs_done"),
        epochs_planned=facts.get("epochs_planned"),
        monitor=facts.get("monitor"),
        mode=facts.get("mode"),
        best=best.get("value"),
        best_epoch=best.get("epoch"),
        metrics=metrics_of(run),
        tags=tuple(facts.get("tags") or ()),
        notes=facts.get("notes") or "",
        error=facts.get("error"),
        folds_done=facts.get("folds_done"),
        folds_planned=facts.get("folds_planned"),
        is_unfinished=is_unfinished(facts) and facts.get("kind") != CROSS_VALIDATION,
    )


def _so_far(run: RunFolder, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the history says of a run that nobody has written the end of: its epochs, and the best of them."""
    try:
        history = run.history() if run.history_file.exists() else {}
    except FailedError:
        return {}
    epochs, monitor = history.get("epoch") or [], facts.get("monitor")
    if not epochs:
        return {}
    done = int(epochs[-1])
    # A pre-training is measured before its first epoch, which is number 0.
    rows = [
        (value, int(epoch))
        for value, epoch in zip(history.get(monitor or "", []), epochs, strict=False)
        if epoch > 0 and math.isfinite(value)
    ]
    if not rows:
        return {"epochs_done": done}
    choose = max if facts.get("mode") == "max" else min
    value, epoch = choose(rows, key=lambda row: row[0])
    return {"epochs_done": done, "best": {"value": value, "epoch": epoch}}


def metrics_of(run: RunFolder) -> dict[str, float]:
    """The numbers of the best epoch, and those of every split that was evaluated as `<split>_<metric>`."""
    try:
        metrics = run.metrics()
    except FailedError:
        return {}
    best = (metrics.get("best") or {}).get("all") or {}
    found = {name: value for name, value in best.items() if _is_number(value)}
    for split, entry in (metrics.get("evaluations") or {}).items():
        found |= {f"{split}_{name}": value for name, value in entry["all"].items() if _is_number(value)}
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- one run, by what a user calls it -------------------------------------------------------------------------


def find_run(text: str, *, runs_dir: Path) -> RunFolder:
    """The run that a user means: a path, a name, the beginning of one name, `latest`, `best` or `best:METRIC`.

    The run may still be going on; `RunFolder.open` says whether it can be used.

    Raises:
        MissingError: there is no such run.
        UsageError: several runs begin with the text.
    """
    path = Path(text)
    # A word with a meaning keeps it, whatever lies in the current folder; inside the folder of runs it is a path.
    if text == "latest" and (runs_dir.is_dir() or not RunFolder(path).run_file.exists()):
        return _latest(runs_dir)
    if text == "best" or text.startswith("best:"):
        return _best(text.partition(":")[2], runs_dir=runs_dir)
    if RunFolder(path).run_file.exists():
        return RunFolder(_by_its_own_name(path))
    if path.suffix == ".keras" and path.exists():
        raise MissingError(
            f"{text} is a checkpoint, not a run",
            code="AM502",
            help=f"name the run, and the checkpoint by --checkpoint {path.stem}",
        )
    runs = {run.name: run for run in all_runs(runs_dir)}
    if text in runs:
        return runs[text]
    if "/" in text and (fold := _fold(text, runs_dir=runs_dir)):
        return fold
    beginning = [name for name in runs if name.startswith(text)]
    if len(beginning) == 1:
        return runs[beginning[0]]
    if beginning:
        shown = ", ".join(beginning[-5:])
        raise UsageError(f"{len(beginning)} runs begin with {text}", code="AM525", help=f"write more of it: {shown}")
    raise _missing(text, names=list(runs), runs_dir=runs_dir)


def _fold(text: str, *, runs_dir: Path) -> RunFolder | None:
    """The fold that `NAME/folds/3` means, where NAME is anything that means a run; None if the text is no such name."""
    name, slash, number = text.rstrip("/").rpartition(f"/{FOLDS}/")
    if not slash or not number.isdecimal():
        return None
    whole = find_run(name, runs_dir=runs_dir)
    fold = whole.fold(int(number))
    if fold.run_file.exists():
        return fold
    there = [path.name for path in sorted(whole.folds.glob("*"), key=lambda path: (len(path.name), path.name))]
    raise MissingError(
        f"{whole.name} has no fold {number}",
        code="AM502",
        help=f"there are: {', '.join(there)}" if there else "it is no cross-validation: " + LIST_THEM,
    )


def _by_its_own_name(path: Path) -> Path:
    """The path with its last part as the folder is really called: `runs/latest` and `.` are names of other folders."""
    if path.is_symlink():
        return Path(os.path.normpath(path.parent / os.readlink(path)))
    is_named_from_within = path.parent.name == FOLDS and path.parent.parent.name in ("", "..")
    return path.resolve() if path.name in ("", ".") or is_named_from_within else path


def _missing(text: str, *, names: list[str], runs_dir: Path) -> MissingError:
    if Path(text).is_dir():
        return MissingError(f"{text} is not a run: it has no run.json", code="AM502", help=LIST_THEM)
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    advice = f"did you mean {' or '.join(near)}? " if near else ""
    where = f"in {runs_dir}" if names else f"in {runs_dir}, which holds no runs"
    return MissingError(f"there is no run {text} {where}", code="AM502", help=advice + LIST_THEM)


def _latest(runs_dir: Path) -> RunFolder:
    pointed = pointed_to(runs_dir)
    if pointed is not None:
        return pointed
    runs = all_runs(runs_dir)
    if not runs:
        raise MissingError(f"there are no runs in {runs_dir}", code="AM502", help="make one: aimodels train quickstart")
    return runs[-1]


def pointed_to(runs_dir: Path) -> RunFolder | None:
    """The run that `latest` (a link, or `latest.txt` where there are no links) points at; None if it points at none."""
    link, text_file = runs_dir / "latest", runs_dir / "latest.txt"
    name = ""
    if link.is_symlink():
        name = os.readlink(link)
    elif text_file.exists():
        name = text_file.read_text(encoding="utf-8").strip()
    run = RunFolder(Path(os.path.normpath(runs_dir / name)))
    return run if name and run.run_file.exists() else None


def _best(metric: str, *, runs_dir: Path) -> RunFolder:
    """The best finished run: by `metric`, else by what the latest finished run monitored."""
    records = [found for found in map(record, all_runs(runs_dir)) if found.status in FINISHED and found.has_all_folds]
    monitored = [found.monitor for found in records if found.monitor]
    metric = metric or (monitored[-1] if monitored else "")
    scored = [(value, found) for found in records if (value := value_of(found, metric)) is not None]
    if not scored:
        known = sorted({name for found in records for name in found.metrics})
        advice = f"metrics of these runs: {', '.join(known)}" if known else LIST_THEM
        raise MissingError(f"no finished run in {runs_dir} has {metric or 'a best value'}", code="AM526", help=advice)
    choose = max if bigger_is_better(metric) else min
    return choose(scored, key=lambda pair: pair[0])[1].run


def value_of(found: Record, metric: str) -> float | None:
    """A metric of a run, None where it has none. The monitored one is known even before `metrics.json` is."""
    if metric == found.monitor and found.best is not None:
        return found.best
    return found.metrics.get(metric)


def bigger_is_better(metric: str) -> bool:
    """Whether more of a metric is better, which its name tells.

    >>> bigger_is_better("val_accuracy"), bigger_is_better("val_loss"), bigger_is_better("test_log_loss")
    (True, False, False)
    """
    return not set(metric.split("_")) & set(SMALLER_IS_BETTER)
