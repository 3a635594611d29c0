"""Where the files of a table are: one file, a pattern for several, or a bundled sample."""

import glob
from pathlib import Path

from aimodels.data.missing import missing
from aimodels.errors import DataError

SAMPLE = "sample:"
SAMPLES = Path(__file__).parent / "samples"
BUNDLED = ("penguins", "toy")
CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
FORMATS = ".csv, .tsv or .txt (each also with .gz) or .parquet"
EXPECTED = f"a table: {FORMATS}"


def files_at(path: str) -> tuple[Path, ...]:
    """The files that `path` names: a file, a pattern such as `data/2024-*.csv`, or `sample:penguins`.

    Raises:
        MissingError: there is no such file.
        DataError: it is a folder, or its name is not that of a table.
    """
    if path.startswith(SAMPLE):
        return (_bundled(path.removeprefix(SAMPLE)),)
    written = Path(path).expanduser()
    if written.is_dir():
        raise _no_table(written, f"is a folder; for all tables in it, write {written / '*.csv'}")
    if written.exists():
        found = [written]
    else:
        found = [Path(name) for name in sorted(glob.glob(str(written), recursive=True)) if Path(name).is_file()]
    if not found:
        raise missing(written, what=EXPECTED)
    for file in found:
        if not is_parquet(file) and not is_csv(file):
            raise _no_table(file, f"does not say by its name what it is, expected {FORMATS}")
    return tuple(found)


def is_parquet(path: Path) -> bool:
    """Whether the name of a file is that of a Parquet file."""
    return path.name.lower().endswith((".parquet", ".pq"))


def is_csv(path: Path) -> bool:
    """Whether the name of a file is that of a text with one row per line, gzipped or not."""
    return path.name.lower().removesuffix(".gz").endswith(CSV_SUFFIXES)


def _bundled(name: str) -> Path:
    path = SAMPLES / f"{name}.csv"
    if name not in BUNDLED:
        raise missing(Path(f"{SAMPLE}{name}"), what=f"one of {', '.join(SAMPLE + word for word in BUNDLED)}")
    return path


def _no_table(path: Path, problem: str) -> DataError:
    return DataError(
        f"{path} {problem}",
        code="AM250",
        help="name a file or, in quotes, a pattern: `data.path: 'data/2024-*.csv'`",
    )
