"""Your own texts without targets, for `aimodels pretrain`: lines, paragraphs, files, or a column of a table.

    notes.txt                       one text per line; with `unit: paragraph`, between blank lines
    notes/a.txt    notes/b.txt      one text per file; also notes/**/*.txt, or train/ and validation/ below notes/
    notes.csv                       one text per row; also .tsv, .jsonl, .parquet

Example: ("The left pump was replaced on Monday.", 0)    0 for all: nothing is predicted
"""

from typing import Literal

from pydantic import Field

from aimodels.config.section import Fraction
from aimodels.data.dataset import Dataset, Target
from aimodels.data.text_collection import TextDatasetOptions, as_dataset, collect
from aimodels.data.text_columns import AUTO, TEXT_NAMES
from aimodels.data.unlabelled_texts import Unit, find_texts

HAS_TARGETS = False


class Options(TextDatasetOptions):
    """Texts alone, to pre-train an encoder on."""

    name: Literal["texts"] = Field(description="The dataset.")
    path: str = Field(
        min_length=1,
        description="A .txt file (lines also from .txt.gz), a folder of such files, a pattern such as "
        "`notes/**/*.txt`, or a table: .csv, .tsv, .jsonl or .parquet. In a folder, train/, validation/ and test/ are "
        "parts of their own.",
        examples=["notes.txt"],
    )
    unit: Unit = Field(
        "auto",
        description="What one text is in text files: a line, a paragraph (lines between blank ones) or a file; auto: a "
        "line of a file that is named, a whole file of a folder or pattern.",
    )
    text: str = Field(
        AUTO,
        min_length=1,
        description=f"Column of the texts in a table; auto: the first that there is of {', '.join(TEXT_NAMES)}.",
        examples=["auto", "note"],
    )
    validation: Fraction = Field(0.1, description="Share of the texts kept to measure on; 0 for none.")
    test: Fraction = Field(0.0, description="Share of the texts that is left out altogether.")


def load(options: Options, *, seed: int) -> Dataset:
    """Read the texts, just as they are, and split them.

    Raises:
        UserError: the files are not there or broken, or a text cannot be used.
    """
    found = find_texts(options.path, unit=options.unit, column=options.text)
    collection = collect(
        found.texts,
        target=Target(task="none"),
        on_error=options.on_error,
        where=f"the {found.what} of {options.path}",
        ignored=found.ignored,
    )
    return as_dataset(collection, options=options, seed=seed)
