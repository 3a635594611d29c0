"""What a run came to: the document for machines and the summary for people, both from its folder alone."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aimodels.cli.formatting import metric, seconds, size
from aimodels.distribution.cluster import LAUNCHED
from aimodels.runs.comparing import compare
from aimodels.runs.folder import FINISHED, RunFolder
from aimodels.runs.listing import Record, all_runs, bigger_is_better, record, value_of
from aimodels.runs.naming import how_to_name
from aimodels.runs.resuming import resume_command

KEYS_SHOWN = 3
LEFT = 12  # columns before what is said of each thing
FEWEST_COLUMNS = 40
NO_BREAK = "\N{NO-BREAK SPACE}"


def run_document(run: RunFolder) -> dict[str, Any]:
    """The JSON document of a run: what it is, its metrics, its files (relative to its path)."""
    found = record(run)
    document = {"run": listed(found), "metrics": _metrics(run), "files": files(run), "error": found.error}
    return document | _beside_the_metrics(found)


def _beside_the_metrics(found: Record) -> dict[str, Any]:
    """The threshold that was chosen and the comparison with the baselines, of runs that have them."""
    threshold = None if found.status == "unreadable" else found.run.facts().get("threshold")
    baselines = _baselines(found.run)
    return ({"threshold": threshold} if threshold else {}) | ({"baselines": baselines} if baselines else {})


def _baselines(run: RunFolder) -> dict[str, Any]:
    """How the network compares with its baselines on the validation split; empty where that was not measured."""
    from aimodels.runs.evaluations import EvaluationFolder

    folder = EvaluationFolder(run.evaluation("validation"))
    return folder.report.get("baselines") or {} if folder.is_whole else {}


def listed(found: Record) -> dict[str, Any]:
    """The JSON fields of one run in a list of runs."""
    return {
        "name": found.name,
        "path": str(found.run.path),
        "status": found.status,
        "task": found.task,
        "monitor": found.monitor,
        "best": {"epoch": found.best_epoch, "value": found.best},
        "epochs": found.epochs_done,
        "epochs_planned": found.epochs_planned,
        "seconds": found.seconds,
        "started": found.started,
        "ended": found.ended,
        "tags": list(found.tags),
        "notes": found.notes,
        "resume": resume_command(found.run, name=how_to_name(found.run)) if found.is_unfinished else None,
        "metrics": dict(found.metrics),
    }


def _metrics(run: RunFolder) -> dict[str, Any]:
    return run.metrics() if run.metrics_file.exists() else {}


def files(run: RunFolder) -> dict[str, str]:
    """The files that a run has, by what they are."""
    known = {
        "best": run.checkpoint("best"),
        "last": run.checkpoint("last"),
        "config": run.config_file,
        "resolved": run.resolved_file,
        "history": run.history_file,
        "metrics": run.metrics_file,
        "events": run.events_file,
        "environment": run.environment_file,
    }
    plots = {f"plots/{path.stem}": path for path in sorted(run.plots.glob("*.*"))}
    found = {name: path for name, path in (known | plots).items() if path.is_file()}
    if run.encoder.is_dir():
        found["encoder"] = run.encoder
    return {name: str(path.relative_to(run.path)) for name, path in found.items()}


def summary(run: RunFolder, *, width: int) -> str:
    """What a training came to, in a dozen lines; the long ones go on below."""
    found = record(run)
    lines = [headline(found), ""]
    lines += _table(run)
    lines += [f"  run       {found.run.path}"]
    best = run.checkpoint("best")
    if best.exists():
        lines.append(f"  model     {best.relative_to(run.path)}   {size(best.stat().st_size)}")
    plots = sorted(path.stem.replace("_", " ") for path in run.plots.glob("*.*") if path.is_file())
    if plots:
        lines.append(f"  plots     {run.plots.relative_to(run.path)}/   {', '.join(plots)}")
    lines += _compared(found, width=width)
    against = _against(found)
    if against:
        lines += _wrapped(f"  against   {against}", width=width)
    if best.exists():
        name = "latest" if how_to_name(run) == run.name and _is_latest(run) else how_to_name(run)
        resume = {resume_command(run, name=how_to_name(run)): "go on with it"} if found.is_unfinished else {}
        use = {
            f"aimodels eval {name}": "score it on the test split",
            f"aimodels export {name}": "write a SavedModel for serving",
        }
        commands = resume | (use if run.facts().get("status") in FINISHED else {})
        following = [f"{command:<26}  {what}" for command, what in commands.items()]
        lines += ["", f"  next      {following[0]}", *(f"            {line}" for line in following[1:])]
    return "\n".join(lines)


def _compared(found: Record, *, width: int) -> list[str]:
    """The threshold that was chosen, and the line that compares with the baselines."""
    beside, lines = _beside_the_metrics(found), []
    if "threshold" in beside:
        chosen = beside["threshold"]
        best = f"the best {chosen['metric'].replace('_', ' ')} on {chosen['on']}: {metric(chosen['score'])}"
        lines.append(f"  threshold {chosen['value']:.4g}   {best}")
    if "baselines" in beside:
        lines += _wrapped(f"  compared  on validation: {beside['baselines']['line']}", width=width)
        if beside["baselines"]["hint"]:
            lines += _wrapped(f"{' ' * LEFT}hint: {beside['baselines']['hint']}", width=width)
    return lines


def _wrapped(line: str, *, width: int) -> list[str]:
    """The line on as many as it needs, below each other; a number stays beside its percent sign."""
    kept = line.replace(" %", f"{NO_BREAK}%")
    broken = textwrap.wrap(kept, width=max(width, FEWEST_COLUMNS), subsequent_indent=" " * LEFT, break_on_hyphens=False)
    return [part.replace(NO_BREAK, " ") for part in broken]


def headline(found: Record) -> str:
    """How the run went, in one line."""
    took = f" in {seconds(found.seconds)}" if found.seconds is not None else ""
    epochs = f" · {found.epochs_done} epoch{'' if found.epochs_done == 1 else 's'}" if found.epochs_done else ""
    best = f" · best epoch {found.best_epoch}" if found.best_epoch else ""
    reason = str(found.run.facts().get("reason") or "") if found.status != "unreadable" else ""
    match found.status:
        case "finished":
            return f"✓ {found.name} trained{took}{epochs}{best}"
        case "stopped_early":
            return f"✓ {found.name} stopped early{_at(found)}: {reason or 'no improvement'}{took}{best}"
        case "interrupted":
            return f"✗ {found.name} interrupted{_at(found)}{_part(found)}{took}{best}; {_kept(found)}"
        case "failed":
            error = found.error or {}
            return f"✗ {found.name} failed{took}{epochs}: {error.get('message', 'see its logs')}"
        case "lost":
            return (
                f"✗ {found.name} is lost: it says that it is running, and its process is gone or silent{epochs}{best}; "
                f"go on with it: {resume_command(found.run, name=how_to_name(found.run))}"
            )
    return f"{found.name} is {found.status}{epochs}{best}"


def _at(found: Record) -> str:
    return f" after epoch {found.epochs_done}" if found.epochs_done else " before its first epoch ended"


def _part(found: Record) -> str:
    fraction = found.run.facts().get("fraction") or 0
    return f" and {fraction:.0%} of the next" if 0 < fraction < 1 else ""


def _table(run: RunFolder) -> list[str]:
    """The best epoch's metrics, training beside validation."""
    values: Mapping[str, float] = (_metrics(run).get("best") or {}).get("all") or {}
    found = record(run)
    names = list(dict.fromkeys(name.removeprefix("val_") for name in values if name != "learning_rate"))
    if not names:
        return []
    width = max(len("accuracy"), *(len(name) for name in names)) + 2
    has_validation = any(name.startswith("val_") for name in values)
    rows = [("", "train", "val"), *((name, *map(metric, _both(values, name))) for name in names)]
    cell = max(8, *(len(text) for _, *texts in rows for text in texts)) + 2
    lines = []
    for name, *texts in rows:
        cells = "".join(f"{text:>{cell}}" for text in texts[: 1 + has_validation])
        mark = "   best" if name and (found.monitor or "").removeprefix("val_") == name else ""
        lines.append(f"  {name:<{width}}{cells}{mark}")
    return [*lines, ""]


def _both(values: Mapping[str, float], name: str) -> tuple[float | None, float | None]:
    return values.get(name), values.get(f"val_{name}")


def _against(found: Record) -> str:
    """The difference to the last finished run of the same name, and what was changed since."""
    before = [other for other in map(record, all_runs(found.run.path.parent)) if _comes_before(other, found)]
    if not before or not found.monitor or found.status not in FINISHED:
        return ""
    comparison = compare([before[-1], found], metrics=[found.monitor])
    difference = comparison.metrics[0].differences[1]
    if difference is None:
        return ""
    better = "better" if (difference > 0) == bigger_is_better(found.monitor) else "worse"
    # On other examples neither says anything about the change.
    word = f" ({better})" if difference else ""
    if _data_of(before[-1]) != _data_of(found):
        word = " (on other data)"
    changes = [
        f"{key.rpartition('.')[2]} {_short(old)} -> {_short(new)}"
        for key in comparison.differing
        for old, new in [comparison.keys[key]]
    ]
    more = f" and {len(changes) - KEYS_SHOWN} more" if len(changes) > KEYS_SHOWN else ""
    what = f" · {', '.join(changes[:KEYS_SHOWN])}{more}" if changes else " · same config"
    return f"{before[-1].name}: {found.monitor} {difference:+.4f}{word}{what}"


def _data_of(found: Record) -> Any:
    return found.run.facts().get("data_fingerprint")


def _comes_before(other: Record, found: Record) -> bool:
    same = other.stem == found.stem and other.name != found.name and other.status in FINISHED
    started = (other.started or "") <= (found.started or "")
    return same and started and value_of(other, found.monitor or "") is not None


def _short(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)


def how_to_go_on(run: RunFolder, *, what: str = "go on") -> str:
    """`what`, and the command that does it, with as many workers as were launched; empty where the chief says it."""
    if run.worker is not None:
        return ""
    command = resume_command(run, name=how_to_name(run))
    launched = os.environ.get(LAUNCHED)
    if launched:
        command = command.replace("aimodels ", f"aimodels launch --workers {launched} -- ", 1)
    return f"{what}: {command}"


def _is_latest(run: RunFolder) -> bool:
    return (run.path.parent / "latest").resolve() == Path(run.path).resolve()


def _kept(found: Record) -> str:
    return "what it had is saved" if found.run.checkpoint("best").exists() else "there was nothing to save yet"
