"""A commented config for a table of the user's own, written from a look at it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aimodels.cli.data_section import comment, commented, data_section
from aimodels.config.writing import dumped
from aimodels.errors import DataError, UsageError

if TYPE_CHECKING:
    from aimodels.config.tables import TableDatasetOptions
    from aimodels.data.table_plan import TablePlan
    from aimodels.data.table_reading import TableFiles

SAMPLE = "sample:"
NAMED_BY_OPTIONS = ("data.name=", "data.path=", "data.target=")
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


def table_config(path: str, *, targets: Sequence[str], changes: Sequence[str] = ()) -> TableConfig:
    """Look at the first rows of a table, and say in a config what is there.

    `changes` are `key=value` arguments for keys below `data`, which say how the table is read and go into the config.

    Raises:
        UsageError: no target is named, or a change is none of the data's.
        ConfigError: a change is wrong.
        UserError: the table is not there or broken, or has no such target.
    """
    from aimodels.data.table_parts import parts_at
    from aimodels.data.table_reading import TableFiles

    options = _options(path, targets=targets, changes=changes)
    files = TableFiles(parts_at(path)["train"], options.format, options.on_error)
    try:
        plan = _plan(options, files, targets=targets)
    except DataError as error:
        note = "`aimodels init` takes such keys as arguments: data.format.encoding=latin-1 data.on_error=skip"
        notes = [*error.notes, note] if "`data." in error.help else error.notes
        raise DataError(error.message, code=error.code, help=error.help, notes=notes) from error
    num_rows = _num_rows(plan, files.paths)
    data = data_section(options, plan)
    lines = [*_head(path, plan), "", *data, "", *_model(plan, num_rows), "", *_train(plan, num_rows)]
    columns = {name: options.kind for name, options in plan.chosen.columns.items()}
    return TableConfig("\n".join(lines) + "\n", _stem(path), columns, plan.task)


def _options(path: str, *, targets: Sequence[str], changes: Sequence[str]) -> "TableDatasetOptions":
    """What the config says of the data before anybody has looked at them."""
    from aimodels.config.loading import check
    from aimodels.config.tables import TableDatasetOptions
    from aimodels.config.yaml_source import read

    for change in changes:
        if not change.startswith("data.") or change.startswith(NAMED_BY_OPTIONS):
            raise UsageError(
                f"init cannot set {change.partition('=')[0]}",
                code="AM286",
                help="--from-csv and --target name the table and what is predicted; beside them keys below `data` are "
                "taken, such as data.format.encoding=latin-1; change others in the config that is written",
            )
    target = targets[0] if len(targets) == 1 else list(targets or ["a column"])
    text = dumped({"data": {"name": "csv", "path": path, "target": target}, "model": "mlp"})
    options = check(read(text, source="--from-csv"), overrides=changes, source="--from-csv").data
    if not isinstance(options, TableDatasetOptions):
        raise TypeError("the dataset csv has other options than those of a table")
    return options


def _plan(options: "TableDatasetOptions", files: "TableFiles", *, targets: Sequence[str]) -> "TablePlan":
    from aimodels.data.table_plan import plan_of
    from aimodels.data.table_problems import listed
    from aimodels.data.table_reading import header_of
    from aimodels.data.table_told import tell_of_strays

    if not targets:
        raise UsageError(
            "which column is to be predicted?",
            code="AM285",
            help=f"pass --target COLUMN, once or, for several labels, more often; columns: {listed(header_of(files))}",
        )
    plan = plan_of(options, files)
    if plan.task == "regression":
        plan.expect_numbers(on_error="skip")
    tell_of_strays(plan, where=options.path)
    return plan


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
    yield f"# What is in {comment(path)}, seen in {'all' if plan.sample.is_whole else 'the first'} {rows}."
    yield "# Change what is wrong; every key that is left out has its default."


def _model(plan: "TablePlan", num_rows: int) -> Iterator[str]:
    hidden = [hidden for least, hidden, _, _ in SIZES if num_rows >= least][-1]
    yield "model:"
    if any(column.kind == "text" for column in plan.features):
        yield "  # a pretrained encoder can read the text columns: {name: bert, encoder: FOLDER}, see docs/bert.md"
    yield "  name: mlp"
    yield commented(f"  hidden: {hidden}", "units of each hidden layer; [] is a linear model")
    yield commented("  dropout: 0.1", "raise it when training is much better than validation")


def _train(plan: "TablePlan", num_rows: int) -> Iterator[str]:
    epochs, batch_size = [(epochs, size) for least, _, epochs, size in SIZES if num_rows >= least][-1]
    yield "train:"
    yield f"  epochs: {epochs}"
    yield commented(f"  batch_size: {batch_size}", "rows per step")
    yield "  optimizer:"
    yield "    name: adamw"
    yield commented("    learning_rate: 2e-3", "the first number to try tenfold up and down")
    yield "    schedule: {name: cosine}"
    yield "  early_stopping: {patience: 15}"
    if plan.task == "regression":
        yield commented("  loss: mse", "or mae, huber: less moved by outliers")
    elif plan.task != "multilabel":
        yield commented("  class_weights: none", "balanced: rare classes count as much as common ones")
