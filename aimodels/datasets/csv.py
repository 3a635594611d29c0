"""Your own table: numbers, categories, dates and texts in the columns of CSV, TSV or Parquet files.

    penguins.csv                       species,island,bill_length_mm,...
                                       Adelie,Torgersen,39.1,...
    sales/2024-*.parquet               several files of one table
    houses/train.csv  houses/test.csv  split already; validation.csv is optional too

Example: ({"island": "Torgersen", "bill_length_mm": 39.1, "sex": ""}, 0)    0 = Adelie, the first class by name
"""

from typing import Literal

from pydantic import Field

from aimodels.config.tables import TableDatasetOptions
from aimodels.data.dataset import Dataset
from aimodels.data.table_dataset import as_dataset


class Options(TableDatasetOptions):
    """The rows of a table; one column (or several) is predicted from the others."""

    name: Literal["csv"] = Field(description="The dataset.")


def load(options: Options, *, seed: int) -> Dataset:
    """Read the rows, guess what is not stated, clean and split them.

    Raises:
        UserError: a file is not there or broken, a column is not there, or the rows cannot be learned from.
    """
    return as_dataset(options, seed=seed)
