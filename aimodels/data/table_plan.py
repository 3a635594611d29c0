"""How a table will be read: what each of its columns is, and what is predicted; as stated, or guessed from a sample."""

from dataclasses import dataclass

from aimodels.config.columns import IgnoredColumn, Kind
from aimodels.config.table_format import TableFormat
from aimodels.config.tables import TableDatasetOptions
from aimodels.data.cell_types import as_strings, typed
from aimodels.data.csv_chunks import opened_csv
from aimodels.data.dataset import Column, TableInput, Target, Task
from aimodels.data.decimal_marks import decimal_of
from aimodels.data.table_columns import ANYTHING, ChosenColumns, Roles, Sample, check_names, choose_columns
from aimodels.data.table_files import is_parquet
from aimodels.data.table_pieces import OnError
from aimodels.data.table_reading import TableFiles, sample_of
from aimodels.data.table_targets import GuessedTask, expect_numbers, guess_task

SAMPLE_ROWS = 100_000
# A sample is cut down where there are many columns.
SAMPLE_CELLS = 20_000_000
FEWEST_ROWS = 1_000


@dataclass(frozen=True)
class TablePlan:
    """How a table is read. `guessed`, `found_delimiter` and `found_decimal` are None where the config states the task,
    what separates cells and what stands before decimals; a comma and a point there are no news either."""

    roles: Roles
    chosen: ChosenColumns
    task: Task
    guessed: GuessedTask | None
    format: TableFormat
    found_delimiter: str | None
    found_decimal: str | None
    sample: Sample

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that are learned from."""
        return self.chosen.features

    @property
    def input(self) -> TableInput:
        """What the network gets of a row."""
        return TableInput(self.features, missing=self.format.missing_words)

    @property
    def kinds(self) -> dict[str, Kind]:
        """The columns to be read, and what as: features, targets, weights, and what the rows are split by."""
        found: dict[str, Kind] = {column.name: column.kind for column in self.features}
        for name in self.roles.targets:
            found[name] = "number" if self.task == "regression" else "category"
        if self.roles.weights is not None:
            found[self.roles.weights] = "number"
        if self.roles.split is not None:
            found.setdefault(self.roles.split, "category")
        return found

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns in which equal rows are equal: what is learned from, and what is predicted."""
        return tuple(dict.fromkeys([*(column.name for column in self.features), *self.roles.targets]))

    def expect_numbers(self, *, on_error: OnError) -> None:
        """Refuse a target that is to be a number and is none.

        Raises:
            UserError: it holds texts; or a few, and such rows are not to be skipped.
        """
        [name] = self.roles.targets
        decimal = self.format.decimal_character
        expect_numbers(self.sample.table[name], name=name, on_error=on_error, decimal=decimal)


def with_decimal_of(plan: TablePlan, format: TableFormat) -> TableFormat:
    """A format with the decimal mark that was found; each file of a table may have a delimiter of its own."""
    changed: TableFormat = format.model_copy(update={"decimal": plan.format.decimal})
    return changed


def plan_of(options: TableDatasetOptions, source: TableFiles) -> TablePlan:
    """Look at the first rows of the training table, and decide what the config leaves open.

    Raises:
        UserError: the file is not there or broken, or the config names columns that it does not have.
    """
    where = options.path
    sample = sampled(source)
    roles = Roles(options.targets, weights=options.weights, split=options.split.column)
    check_names(roles, options.columns, names=sample.table.column_names, where=where)
    format = stated_format(source, sample)
    decimal = format.decimal_character
    chosen = choose_columns(options.columns, sample, roles=roles, decimal=decimal)
    guessed: GuessedTask | None = None
    if options.task == "auto":
        guessed = guess_task(sample.table.select(list(roles.targets)), decimal=decimal)
    task = guessed.task if guessed is not None else options.task
    is_news = format.delimiter not in (options.format.delimiter, ",")
    is_comma = format.decimal == "," != options.format.decimal
    return TablePlan(
        roles=roles,
        chosen=chosen,
        task=task,  # type: ignore[arg-type]  # no longer "auto"
        guessed=guessed,
        format=format,
        found_delimiter=format.delimiter if is_news else None,
        found_decimal="," if is_comma else None,
        sample=sample,
    )


def resolved(options: TableDatasetOptions, *, plan: TablePlan, target: Target) -> TableDatasetOptions | None:
    """The options with everything in them that was guessed, so that they need no guess; None where there was none.

    A column that the table gains later is ignored.
    """
    columns = {**plan.chosen.columns}
    columns.setdefault(ANYTHING, IgnoredColumn())  # unless a column is really called *
    changes = {"columns": columns, "task": target.task, "format": plan.format}
    stated = options.model_copy(update=changes)
    return None if stated == options else stated


def sampled(source: TableFiles) -> Sample:
    """The first rows of a table, as many as can be looked at in a moment.

    Raises:
        UserError: the files are not there or broken.
    """
    import pyarrow as pa

    cells = sample_of(source, num_rows=FEWEST_ROWS)
    num_rows = max(FEWEST_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // max(cells.num_columns, 1)))
    if cells.num_rows == FEWEST_ROWS:
        cells = sample_of(source, num_rows=num_rows + 1)
    is_whole = cells.num_rows <= num_rows
    columns = {}
    for name, column in zip(cells.column_names, cells.slice(0, num_rows).columns, strict=True):
        strings = as_strings(column.combine_chunks())
        columns[name] = pa.chunked_array([typed(strings, kind="category", format=source.format).values], pa.string())
    return Sample(pa.table(columns), is_whole)


def stated_format(source: TableFiles, sample: Sample) -> TableFormat:
    """How the table is written, with the delimiter and the decimal mark that were found."""
    path, format = source.paths[0], source.format
    if is_parquet(path):
        return format
    if format.delimiter == "auto":
        with opened_csv(path, format) as file:
            delimiter = file.dialect.delimiter
        format = format.model_copy(update={"delimiter": "tab" if delimiter == "\t" else delimiter})
    if format.decimal == "auto":
        decimal = "." if format.delimiter == "," else decimal_of(sample.table.columns)
        format = format.model_copy(update={"decimal": decimal})
    return format
