"""Which files the training, validation and test rows of a table are in."""

from collections.abc import Mapping
from pathlib import Path

from aimodels.data.class_folders import SPLIT_FOLDERS
from aimodels.data.dataset import SplitName
from aimodels.data.missing import missing
from aimodels.data.table_files import FORMATS, files_at, is_csv, is_parquet
from aimodels.data.text_tables import SPLIT_FILE

Parts = Mapping[SplitName, tuple[Path, ...]]


def parts_at(path: str, *, validation: str | None = None, test: str | None = None) -> Parts:
    """The files of each part. `path` may be a folder with tables called train and, optionally, validation and test.

    Raises:
        MissingError: a file is not there, or the folder has none called train.
        DataError: a file is no table.
    """
    folder = Path(path).expanduser()
    parts: dict[SplitName, tuple[Path, ...]] = {}
    if folder.is_dir():
        parts = _parts_in(folder)
        if "train" not in parts:
            raise missing(folder / "train.csv", what=f"a table called train, or name the file itself: {FORMATS}")
    else:
        parts["train"] = files_at(path)
    if validation is not None:
        parts["validation"] = files_at(validation)
    if test is not None:
        parts["test"] = files_at(test)
    return parts


def _parts_in(folder: Path) -> dict[SplitName, tuple[Path, ...]]:
    found: dict[SplitName, list[Path]] = {"train": [], "validation": [], "test": []}
    for entry in sorted(folder.iterdir()):
        matched = SPLIT_FILE.fullmatch(entry.name)
        if matched and (is_csv(entry) or is_parquet(entry)) and entry.is_file():
            found[SPLIT_FOLDERS[matched[1].lower()]].append(entry)
    return {name: tuple(files) for name, files in found.items() if files}
