"""Your own texts in a table: one text and its class in each row of a CSV, TSV, JSONL or Parquet file.

    reviews.csv                                  text,label
                                                 "What a film! Go and see it.",good
    reviews/train.parquet  reviews/test.parquet  split already; validation.parquet is optional too

Example: ("What a film! Go and see it.", 1)    1 = good, the second class by name
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from aimodels.data.dataset import Dataset
from aimodels.data.text_collection import TextDatasetOptions, as_dataset, collect
from aimodels.data.text_tables import AUTO, TARGET_NAMES, TEXT_NAMES, Columns, class_names_of, find_tables, read_tables


class Options(TextDatasetOptions):
    """Texts and their classes in the rows of a table."""

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
    target: str = Field(
        AUTO,
        min_length=1,
        description=f"Column of the classes; auto: the first that there is of {', '.join(TARGET_NAMES)}.",
        examples=["auto", "sentiment"],
    )


def load(options: Options, *, seed: int) -> Dataset:
    """Read the texts, just as they are, and split them.

    Raises:
        UserError: the table is not there or broken, lacks a column, or a row cannot be used.
    """
    tables = find_tables(Path(options.path).expanduser())
    found = read_tables(tables, columns=Columns(text=options.text, target=options.target))
    collection = collect(
        found,
        class_names=class_names_of(found, where=options.path),
        on_error=options.on_error,
        where=options.path,
        ignored={},
    )
    return as_dataset(collection, options=options, seed=seed)
