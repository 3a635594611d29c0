"""Your own texts in a table: a text (or a pair of them) and its class or number in each row of a CSV, TSV, JSONL or
Parquet file.

    reviews.csv                                  text,label
                                                 "What a film! Go and see it.",good
    reviews/train.parquet  reviews/test.parquet  split already; validation.parquet is optional too

Example: ("What a film! Go and see it.", 1)    1 = good, the second class by name
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from aimodels.data.dataset import Dataset
from aimodels.data.text_collection import TextDatasetOptions, as_dataset, collect
from aimodels.data.text_columns import AUTO, PAIR_NAMES, TARGET_NAMES, TEXT_NAMES, Columns
from aimodels.data.text_tables import find_tables, read_tables
from aimodels.data.text_targets import TaskAsked, predicted


class Options(TextDatasetOptions):
    """Texts, or pairs of texts, and their classes or numbers in the rows of a table."""

    name: Literal["text_table"] = Field(description="The dataset.")
    path: str = Field(
        min_length=1,
        description="A .csv, .tsv, .jsonl (each also with .gz) or .parquet file, or a folder with one called train and "
        "optionally validation and test. Column names stand in the first line; UTF-8.",
        examples=["reviews.csv"],
    )
    text: str = Field(
        AUTO,
        min_length=1,
        description=f"Column of the texts; auto: the first that there is of {', '.join(TEXT_NAMES)}.",
        examples=["auto", "review"],
    )
    pair: str | None = Field(
        None,
        min_length=1,
        description="Column of the second texts, where two belong together, such as a question and an answer; auto: "
        f"the first that there is of {', '.join(PAIR_NAMES)}.",
        examples=["answer"],
    )
    target: str = Field(
        AUTO,
        min_length=1,
        description=f"Column of the classes or numbers; auto: the first that there is of {', '.join(TARGET_NAMES)}.",
        examples=["auto", "sentiment"],
    )
    task: TaskAsked = Field(
        "auto",
        description="What is predicted: one of two classes, one of more, or a number (regression); auto: a number "
        "where the targets are numbers with a fraction, or more than 20 different ones, which is told and kept in the "
        "run.",
    )
    unit: str | None = Field(None, description="The unit of the number that is predicted, for figures and reports.")


def load(options: Options, *, seed: int) -> Dataset:
    """Read the texts, just as they are, and split them.

    Raises:
        UserError: the table is not there or broken, lacks a column, or a row cannot be used.
    """
    tables = find_tables(Path(options.path).expanduser())
    found = read_tables(tables, columns=Columns(text=options.text, target=options.target, pair=options.pair))
    wanted = predicted(found, asked=options.task, unit=options.unit, where=options.path)
    collection = collect(wanted.found, target=wanted.target, on_error=options.on_error, where=options.path, ignored={})
    dataset = as_dataset(collection, options=options, seed=seed)
    if not wanted.reason:
        return dataset
    told = f"`data.task` is {wanted.target.task}: {wanted.reason} as targets"
    return replace(dataset, inferred=(told,), resolved=options.model_copy(update={"task": wanted.target.task}))
