"""Your own texts: one folder per class, with one text in each .txt file, in UTF-8.

    reviews/good/1.txt    reviews/good/2.txt    reviews/bad/again.txt                    to be split
    reviews/train/good/1.txt    reviews/validation/bad/7.txt    reviews/test/...         split already

Example: ("What a film! Go and see it.", 1)    1 = good, the second class by name
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from aimodels.data.class_folders import find, warn_of_other_files
from aimodels.data.dataset import Dataset, target_of
from aimodels.data.text_collection import TextDatasetOptions, as_dataset, collect
from aimodels.data.text_files import TEXTS, read_files


class Options(TextDatasetOptions):
    """Texts in one folder per class."""

    name: Literal["text_folder"] = Field(description="The dataset.")
    path: str = Field(
        min_length=1,
        description="The folder that holds one folder per class, or train/ and optionally validation/ and test/ "
        "with one folder per class in each; one text per .txt file.",
        examples=["reviews"],
    )


def load(options: Options, *, seed: int) -> Dataset:
    """Read the texts, just as they are, and split them.

    Raises:
        UserError: the folder is not there or laid out in another way, or a text cannot be used.
    """
    root = Path(options.path).expanduser()
    folders = find(root, kind=TEXTS)
    warn_of_other_files(folders.other_files, kind=TEXTS, root=root)
    collection = collect(
        read_files(folders),
        target=target_of(folders.class_names),
        on_error=options.on_error,
        where=options.path,
        ignored=folders.ignored(TEXTS),
    )
    return as_dataset(collection, options=options, seed=seed)
