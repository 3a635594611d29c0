"""What can be said of a table: where it is, what its columns are, how its rows are cleaned and split."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from aimodels.config.columns import AnyColumn
from aimodels.config.schema import DatasetOptions
from aimodels.config.section import Fraction, Listed, NamedSection, Section
from aimodels.config.table_format import TableFormat

TaskAsked = Literal["auto", "binary", "multiclass", "multilabel", "regression"]
ColumnName = Annotated[str, Field(min_length=1)]


class NoOutliers(NamedSection):
    """Every row is kept, however far off."""

    name: Literal["none"] = "none"


class InterquartileRange(NamedSection):
    """Training rows with a number far beyond the quartiles of its column are left out (Tukey, 1977)."""

    name: Literal["iqr"] = "iqr"
    factor: float = Field(3.0, gt=0, description="How many interquartile ranges beyond a quartile is too far.")


class IsolationForest(NamedSection):
    """Training rows that random cuts of the number columns set apart soonest are left out (Liu et al., 2008)."""

    name: Literal["isolation_forest"] = "isolation_forest"
    share: float = Field(0.01, gt=0, le=0.5, description="Share of the training rows to leave out.")
    trees: int = Field(100, ge=1, le=10_000, description="Trees of the forest.")


Outliers = Annotated[NoOutliers | InterquartileRange | IsolationForest, Field(discriminator="name")]


class Clean(Section):
    """Which rows are left out before anything is learned. Each is counted."""

    duplicates: Literal["keep", "drop"] = Field(
        "keep", description="Rows equal to an earlier one of the same file in every column that is used: keep or drop."
    )
    missing_target: Literal["fail", "drop"] = Field(
        "fail", description="Rows without a target: fail (and name them) or drop."
    )
    outliers: Outliers = Field(
        NoOutliers(),
        description="Rows far off in their number columns: none, iqr or isolation_forest. Only training rows are left "
        "out; the target is not looked at.",
    )


class SplitRule(Section):
    """Which rows are tested on, where there is no file for that."""

    by: Literal["random", "group", "time", "column"] = Field(
        "random",
        description="random: drawn, per class; group: rows with the same value in `column` stay together; time: the "
        "latest rows by `column` are tested on, those before them validated on; column: `column` says train, "
        "validation or test.",
    )
    column: str | None = Field(
        None, min_length=1, description="The column of groups, times or splits.", examples=["patient"]
    )

    @model_validator(mode="after")
    def _column_fits(self) -> Self:
        if self.by != "random" and self.column is None:
            raise ValueError(f"`by: {self.by}` needs a `column`")
        if self.by == "random" and self.column is not None:
            raise ValueError("`column` needs `by: group`, `by: time` or `by: column`")
        return self


class TableDatasetOptions(DatasetOptions):
    """What a dataset of tables understands."""

    path: str = Field(
        min_length=1,
        description="A .csv, .tsv, .txt (each also with .gz) or .parquet file, a pattern for several such as "
        "`2024-*.csv`, a folder with tables called train and optionally validation and test, or `sample:penguins`.",
        examples=["penguins.csv"],
    )
    validation_path: str | None = Field(
        None, min_length=1, description="A file or pattern with the validation rows.", examples=["validation.csv"]
    )
    test_path: str | None = Field(
        None, min_length=1, description="A file or pattern with the test rows.", examples=["test.csv"]
    )
    target: ColumnName | Annotated[Listed[ColumnName], Field(min_length=1)] = Field(
        description="The column that is predicted; a list of columns of 0 and 1 for several labels per row.",
        examples=["species"],
    )
    task: TaskAsked = Field(
        "auto",
        description="What is predicted: one of two classes, one of more, several labels, or a number (regression); "
        "auto: as the target looks, which is told and kept in the run.",
    )
    columns: dict[str, Annotated[AnyColumn, Field(discriminator="kind")]] = Field(
        {},
        description="What columns are, by their names or by patterns with `*`: number, category, date, text or ignore, "
        "or a section with such a `kind` and its options. A name goes before a pattern, the first pattern that fits "
        "before the others; what is not said is guessed, told, and kept in the run. On the command line, a name with "
        'dots, spaces or `=` stands in double quotes: `data.columns."bill length (mm)".scale=robust`.',
        examples=[{"island": "category", "bill_*": "number", "id": "ignore"}],
    )
    format: TableFormat = Field(TableFormat(), description="How the cells of the table stand in its file.")
    weights: ColumnName | None = Field(
        None, description="A column of numbers, 0 or more, that say how much each row counts in the loss."
    )
    unit: str | None = Field(None, description="The unit of the number that is predicted, for figures and reports.")
    clean: Clean = Field(Clean(), description="Which rows are left out before anything is learned.")
    split: SplitRule = Field(SplitRule(), description="Which rows are tested on, where there is no file for that.")
    test: Fraction = Field(
        0.15, description="Share of the rows kept for the test split, where there is no file for that; 0 for none."
    )
    on_error: Literal["fail", "skip"] = Field(
        "fail", description="What to do about rows that cannot be read: fail (and name them) or skip (and count them)."
    )

    @model_validator(mode="after")
    def _target_fits_task(self) -> Self:
        num_targets = 1 if isinstance(self.target, str) else len(self.target)
        if self.task == "multilabel" and num_targets == 1:
            raise ValueError("`task: multilabel` needs a list of several columns as `target`")
        if self.task not in ("auto", "multilabel") and num_targets > 1:
            raise ValueError(f"`task: {self.task}` needs one column as `target`, found {num_targets}")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target
