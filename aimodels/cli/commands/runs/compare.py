"""`aimodels runs compare`: several runs side by side."""

from typing import Annotated, Any

from typer import Argument, Option

from aimodels.cli.console import Console
from aimodels.cli.formatting import metric as shown
from aimodels.cli.tables import Form, table
from aimodels.errors import AnswerIsNo, MissingError, UsageError
from aimodels.runs.comparing import ComparedMetric, Comparison, compare, worsening
from aimodels.runs.listing import find_run, record


def command(
    console: Console,
    runs: Annotated[list[str], Argument(metavar="RUN RUN...", help="Two runs or more; the first is compared with.")],
    metric: Annotated[list[str] | None, Option("--metric", help="Show this metric; may be repeated.")] = None,
    all_keys: Annotated[bool, Option("--all", help="Also show the config keys that are equal.")] = False,
    md: Annotated[bool, Option("--md", help="Write Markdown tables.")] = False,
    fail_if_worse: Annotated[
        float | None, Option("--fail-if-worse", min=0, help="Exit code 4 if the last run is worse by more than this.")
    ] = None,
) -> dict[str, Any]:
    """Compare runs: config keys that differ, metrics with the best marked.

    Examples:
      aimodels runs compare mnist-cnn-001 mnist-cnn-002
      aimodels runs compare best latest --metric val_loss --fail-if-worse 0.002
    """
    if len(runs) < 2:
        raise UsageError("one run cannot be compared", code="AM151", help="name two runs or more; see aimodels runs ls")
    records = [record(find_run(run, runs_dir=console.runs_dir)) for run in runs]
    comparison = compare(records, metrics=metric or ())
    document = _document(comparison, all_keys=all_keys)
    console.answer(document)
    form: Form = "markdown" if md else "text"
    names = [found.name for found in records]
    keys = list(comparison.keys) if all_keys else list(comparison.differing)
    key_rows = [[key, *(str(value) for value in comparison.keys[key])] for key in keys]
    if key_rows:
        console.out(table(console, headers=["config", *names], rows=key_rows, form=form))
    console.out("" if key_rows else "the configs are equal\n")
    rows = [[compared.name, *_cells(compared)] for compared in comparison.metrics]
    console.out(table(console, headers=["metric", *names], rows=rows, form=form))
    if fail_if_worse is not None:
        _require(_judged(comparison), bar=fail_if_worse, names=names)
    return document


def _cells(compared: ComparedMetric) -> list[str]:
    cells = []
    for index, (value, difference) in enumerate(zip(compared.values, compared.differences, strict=True)):
        change = f" ({difference:+.4f})" if index and difference is not None else ""
        cells.append(f"{shown(value)}{change}{' ★' if index == compared.best else ''}")
    return cells


def _judged(comparison: Comparison) -> ComparedMetric:
    """The metric that decides: the first one asked for, or what the first run monitored."""
    if not comparison.metrics:
        raise MissingError("these runs have no metrics to compare", code="AM526", help="see aimodels runs ls")
    return comparison.metrics[0]


def _require(compared: ComparedMetric, *, bar: float, names: list[str]) -> None:
    worse_by = worsening(compared)
    if worse_by is None:
        raise MissingError(
            f"{names[0]} or {names[-1]} has no {compared.name}", code="AM526", help="choose another --metric"
        )
    if worse_by > bar:
        raise AnswerIsNo(
            f"{names[-1]} is worse than {names[0]} by {worse_by:.4g} in {compared.name}; {bar:g} is allowed",
            code="AM528",
            help="see which config keys differ above",
        )


def _document(comparison: Comparison, *, all_keys: bool) -> dict[str, Any]:
    names = [found.name for found in comparison.records]
    keys = comparison.keys if all_keys else comparison.differing
    return {
        "runs": names,
        "params": {key: dict(zip(names, comparison.keys[key], strict=True)) for key in keys},
        "metrics": {compared.name: dict(zip(names, compared.values, strict=True)) for compared in comparison.metrics},
        "differences": {
            compared.name: dict(zip(names, compared.differences, strict=True)) for compared in comparison.metrics
        },
        "best": {compared.name: names[compared.best] for compared in comparison.metrics if compared.best is not None},
    }
