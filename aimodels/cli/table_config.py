"""A commented config for a table of the user's own, written from a look at it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.config.columns import AnyColumn, DateColumn
from aimodels.config.writing import dumped
from aimodels.errors import UsageError

if TYPE_CHECKING:
    from aimodels.data.table_plan import TablePlan

SAMPLE = "sample:"
COMMENT_AT = 34
# From so many rows on: units of the hidden layers, epochs, rows per step.
SIZES = (
    (0, "[32]", 100, 16),
    (2_000, "[64, 64]", 60, 32),
    (20_000, "[128, 128]", 30, 128),
    (500_000, "[256, 256]", 10, 1024),
)


@dataclass(frozen=True)
class TableConfig:
    """The text of a config, a name for its file, and what it says that the columns are."""

    text: str
    stem: str
    columns: Mapping[str, str]
    task: str


def table_config(path: str, *, targets: Sequence[str]) -> TableConfig:
    """Look at the first rows of a table, and say in a config what is there.

    Raises:
        UsageError: no target is named.
        UserError: the table is not there or broken, or has no such target.
    """
    from aimodels.data.table_parts import parts_at
    from aimodels.data.table_plan import plan_of
    from aimodels.data.table_problems import listed
    from aimodels.data.table_reading import TableFiles, header_of
    from aimodels.datasets.csv import Options

    files = TableFiles(parts_at(path)["train"])
    if not targets:
        raise UsageError(
            "which column is to be predicted?",
            code="AM285",
            help=f"pass --target COLUMN, once or, for several labels, more often; columns: {listed(header_of(files))}",
        )
    target = targets[0] if len(targets) == 1 else tuple(targets)
    plan = plan_of(Options(name="csv", path=path, target=target), files)
    num_rows = _num_rows(plan, files.paths)
    lines = [*_head(path, plan), "", *_data(path, plan), "", *_model(plan, num_rows), "", *_train(plan, num_rows)]
    columns = {name: options.kind for name, options in plan.chosen.columns.items()}
    return TableConfig("\n".join(lines) + "\n", _stem(path), columns, plan.task)


def _stem(path: str) -> str:
    name = Path(path.removeprefix(SAMPLE)).name.split(".")[0]
    return name.strip("*?-_ ") or "table"


def _num_rows(plan: "TablePlan", paths: Sequence[Path]) -> int:
    """How many rows there are, guessed from the size of the files where only the first ones were looked at."""
    num_seen: int = plan.sample.table.num_rows
    if plan.sample.is_whole:
        return num_seen
    return max(num_seen, int(num_seen * sum(path.stat().st_size for path in paths) / max(plan.sample.table.nbytes, 1)))


def _head(path: str, plan: "TablePlan") -> Iterator[str]:
    rows = f"{plan.sample.table.num_rows:,} rows"
    yield f"# What is in {_comment(path)}, seen in {'all' if plan.sample.is_whole else 'the first'} {rows}."
    yield "# Change what is wrong; every key that is left out has its default."


def _data(path: str, plan: "TablePlan") -> Iterator[str]:
    reason = plan.guessed.reason if plan.guessed is not None else ""
    targets = plan.roles.targets
    target = _scalar(targets[0]) if len(targets) == 1 else f"[{', '.join(map(_scalar, targets))}]"
    yield "data:"
    yield "  name: csv"
    yield f"  path: {_scalar(path)}"
    yield f"  target: {target}"
    yield _commented(f"  task: {plan.task}", f"{reason}; or binary, multiclass, regression")
    if plan.format.delimiter not in (",", "auto"):
        yield f"  format: {{delimiter: {_scalar(plan.format.delimiter)}}}"
    yield _commented("  columns:", "number, category, date, text or ignore")
    for name, options in plan.chosen.columns.items():
        yield _commented(f"    {_scalar(name)}: {_column(options)}", plan.chosen.inferred[name].summary)
    yield from _cleaning(plan)
    yield _commented("  test: 0.15", "share held out for `aimodels eval`")
    yield _commented("  validation: 0.15", "share held out to choose the best epoch")


def _column(options: AnyColumn) -> str:
    """The kind, or a section where it needs an option."""
    if isinstance(options, DateColumn) and options != DateColumn():
        return f"{{kind: date, format: {_scalar(options.format)}}}"
    return options.kind


def _cleaning(plan: "TablePlan") -> Iterator[str]:
    import pyarrow.compute as pc

    is_missing = [plan.sample.table[name].is_null() for name in plan.roles.targets]
    num_missing = sum(pc.sum(column).as_py() or 0 for column in is_missing)
    if num_missing:
        yield _commented("  clean: {missing_target: drop}", f"{num_missing:,} rows have none; they are counted")


def _model(plan: "TablePlan", num_rows: int) -> Iterator[str]:
    hidden = [hidden for least, hidden, _, _ in SIZES if num_rows >= least][-1]
    yield "model:"
    yield "  name: mlp"
    yield _commented(f"  hidden: {hidden}", "units of each hidden layer; [] is a linear model")
    yield _commented("  dropout: 0.1", "raise it when training is much better than validation")


def _train(plan: "TablePlan", num_rows: int) -> Iterator[str]:
    epochs, batch_size = [(epochs, size) for least, _, epochs, size in SIZES if num_rows >= least][-1]
    yield "train:"
    yield f"  epochs: {epochs}"
    yield _commented(f"  batch_size: {batch_size}", "rows per step")
    yield "  optimizer:"
    yield "    name: adamw"
    yield _commented("    learning_rate: 2e-3", "the first number to try tenfold up and down")
    yield "    schedule: {name: cosine}"
    yield "  early_stopping: {patience: 15}"
    if plan.task == "regression":
        yield _commented("  loss: mse", "or mae, huber: less moved by outliers")
    elif plan.task != "multilabel":
        yield _commented("  class_weights: none", "balanced: rare classes count as much as common ones")


def _commented(line: str, comment: str) -> str:
    return f"{line:<{COMMENT_AT}} # {_comment(comment)}" if comment else line


def _comment(text: str) -> str:
    from aimodels.data.excerpts import on_one_line

    return on_one_line(text)


def _scalar(text: str) -> str:
    """A text as it stands in YAML, in quotes where it could be read as something else."""
    is_plain = dumped({text: text}) == f"{text}: {text}\n" and not set(text) & set(",[]{}#")
    return text if is_plain else json.dumps(text, ensure_ascii=False)
