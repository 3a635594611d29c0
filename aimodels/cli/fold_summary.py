"""What a cross-validation came to: the document for machines and the table for people, both from its folder alone."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aimodels.cli.fold_lines import mean_and_deviation
from aimodels.cli.formatting import metric, seconds
from aimodels.cli.summary import run_document
from aimodels.errors import FailedError
from aimodels.runs.folder import CROSS_VALIDATION, RunFolder
from aimodels.runs.listing import record
from aimodels.runs.naming import how_to_name
from aimodels.runs.reading import document_in
from aimodels.runs.status import status

# These say most in a line; the others are in folds.json.
SHOWN = (
    "accuracy",
    "macro_f1",
    "roc_auc",
    "log_loss",
    "hamming_loss",
    "pinball_loss",
    "share_below",
    "r2",
    "mae",
    "rmse",
    "mape",
)
MOST_METRICS = 5
MEAN = "mean ± std"


def is_cross_validation(run: RunFolder) -> bool:
    """Whether the run holds runs, one per fold."""
    try:
        return run.facts().get("kind") == CROSS_VALIDATION
    except FailedError:
        return False


def fold_document(run: RunFolder) -> dict[str, Any]:
    """The JSON document of a cross-validation: that of a run, with what its folds came to."""
    facts = run.facts()
    folds = {"planned": facts["folds_planned"], "done": facts["folds_done"], "jobs": facts["jobs"]}
    files = {"folds": run.folds_file, "out_of_fold": run.out_of_fold_file}
    there = {name: str(path.relative_to(run.path)) for name, path in files.items() if path.is_file()}
    document = run_document(run)
    return document | {"cross_validation": folds | _folds(run), "files": document["files"] | there}


def fold_summary(run: RunFolder, *, width: int) -> str:
    """A line per fold with as many metrics as fit, the means with their deviations, and what to do next."""
    told = _folds(run)
    lines = [_headline(run), ""]
    if told.get("folds"):
        lines += [*_fitting(told, width=width), ""]
    lines.append(f"  run       {run.path}")
    trained = sorted(path.name for path in run.folds.glob("*"))
    if trained:
        folds = run.folds.name
        lines.append(f"  folds     {folds}/   each a run: {how_to_name(run)}/{folds}/{trained[0]}")
    if run.out_of_fold_file.exists():
        lines.append(f"  answers   {run.out_of_fold_file.name}   to every example, by the fold that had not seen it")
    plots = sorted(path.name for path in run.plots.glob("*.*") if path.is_file())
    if plots:
        lines.append(f"  plots     {run.plots.relative_to(run.path)}/   {', '.join(plots)}")
    if run.facts()["status"] == "finished":
        once = f"aimodels train {shlex.quote(str(run.resolved_file))} train.folds=null"
        lines += ["", "  next      train once on everything:", f"            {once}"]
    return "\n".join(lines)


def _folds(run: RunFolder) -> dict[str, Any]:
    return document_in(run.folds_file) if run.folds_file.exists() else {}


def _headline(run: RunFolder) -> str:
    facts, found = run.facts(), record(run)
    took = f" in {seconds(found.seconds)}" if found.seconds is not None else ""
    folds = f"{found.folds_done} of {found.folds_planned} folds"
    match status(facts):
        case "finished":
            return f"✓ {run.name}: {found.folds_planned} folds trained and scored{took}"
        case "interrupted":
            return f"✗ {run.name} interrupted{took}; {folds} were scored and are kept"
        case "failed":
            error = found.error or {}
            return (
                f"✗ {run.name} failed{took}: {error.get('message', 'see its logs')}; {folds} were scored and are kept"
            )
        case "lost":
            return f"✗ {run.name} is lost: its process is gone or silent; {folds} were scored"
        case other:
            return f"{run.name} is {other}; {folds} were scored"


def _fitting(told: Mapping[str, Any], *, width: int) -> list[str]:
    """The table without the last metrics, until it fits; the deciding one stays. All of them are in folds.json."""
    names = _metrics_shown(told)
    while len(names) > 1 and max(map(len, _table(told, names=names))) > width:
        names = names[:-1]
    return _table(told, names=names)


def _table(told: Mapping[str, Any], *, names: Sequence[str]) -> list[str]:
    rows = [
        [str(fold["number"]), *(metric(fold["metrics"].get(name)) for name in names), f"{fold['num_examples']:,}"]
        for fold in told["folds"]
    ]
    rows.append([MEAN, *(_spread(told, name) for name in names), ""])
    rows += [[baseline, *(_spread(found, name) for name in names), ""] for baseline, found in _baselines(told)]
    return _aligned(["fold", *names, "examples"], rows)


def _baselines(told: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name.replace("_", " "), found) for name, found in told.get("baselines", {}).items()]


def _spread(found: Mapping[str, Any], name: str) -> str:
    mean = found["mean"].get(name)
    return "" if mean is None else mean_and_deviation(mean, found["std"].get(name))


def _metrics_shown(told: Mapping[str, Any]) -> list[str]:
    names = [told["metric"], *(name for name in SHOWN if name in told["mean"] and name != told["metric"])]
    return names[:MOST_METRICS]


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    lines = [header, *rows]
    first, *others = [max(len(line[index]) for line in lines) for index in range(len(header))]
    told = [(line[0], zip(line[1:], others, strict=True)) for line in lines]
    return [
        f"  {name:<{first}}{''.join(f'  {cell:>{width}}' for cell, width in cells)}".rstrip() for name, cells in told
    ]
