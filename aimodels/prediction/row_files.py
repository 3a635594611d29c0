"""Files of answered rows: every column as it was given, and behind them what the model says."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aimodels.data.cell_types import as_strings
from aimodels.data.table_problems import listed
from aimodels.errors import DataError
from aimodels.prediction.outputs import Answers
from aimodels.prediction.table_inputs import GivenRows
from aimodels.runs.atomic import replacing

if TYPE_CHECKING:
    import pyarrow

IN_QUOTES = '[",\r\n]'

Write = Callable[[Any], None]


class RowFile:
    """Writes answered rows, some at a time. The first ones decide on the columns.

    Added are `prediction`, for one of several classes `probability` (that of the prediction), a `p_<class>` per class,
    and `error`, which says what is wrong with a row that has no answer. `renamed` are those whose name a column of the
    rows has already, with the name that they got instead.
    """

    def __init__(self, write: Callable[["pyarrow.Table"], None]) -> None:
        self.renamed: dict[str, str] = {}
        self._write = write
        self._columns: tuple[str, ...] | None = None

    def add(self, given: GivenRows, answers: Answers) -> None:
        """Write some rows.

        Raises:
            DataError: they have other columns than the rows before.
        """
        import pyarrow

        added = _added(given, answers)
        names = tuple(given.cells.column_names)
        if self._columns is None:
            self._columns = names
            self.renamed = _renamed(tuple(added), taken=names)
        if set(names) != set(self._columns):
            raise _other_columns(given, expected=self._columns, found=names)
        cells = {name: given.cells.column(name) for name in self._columns}
        told = {self.renamed.get(name, name): values for name, values in added.items()}
        self._write(pyarrow.table({**cells, **told}))


@contextmanager
def row_file(path: Path) -> Iterator[RowFile]:
    """A file of answered rows, .csv, .jsonl or .parquet; whole when the block ends well, and else not there."""
    with replacing(path) as partial:
        writers = {".csv": _csv_writer, ".jsonl": _jsonl_writer, ".parquet": _parquet_writer}
        with writers[path.suffix](partial) as write:
            yield RowFile(write)


def _added(given: GivenRows, answers: Answers) -> dict[str, "pyarrow.Array"]:
    """What is added to the rows, by name; null for a row without an answer."""
    import pyarrow

    answer_of = np.full(len(given), -1, dtype=np.int64)
    answer_of[given.readable] = np.arange(len(given.readable))
    places = pyarrow.array(answer_of, mask=answer_of < 0)
    errors = pyarrow.array([given.problems.get(place) for place in range(len(given))], pyarrow.string())
    if answers.values is not None:
        return {"prediction": pyarrow.array(answers.values).take(places), "error": errors}
    added: dict[str, Any] = {"prediction": pyarrow.array(answers.labels, pyarrow.string())}
    if answers.task != "multilabel":
        chosen = np.take_along_axis(answers.probabilities, answers.predictions[:, np.newaxis], axis=1)
        added["probability"] = pyarrow.array(chosen[:, 0])
    for number, name in enumerate(answers.class_names):
        added[f"p_{name}"] = pyarrow.array(np.ascontiguousarray(answers.probabilities[:, number]))
    return {name: values.take(places) for name, values in added.items()} | {"error": errors}


def _renamed(names: Sequence[str], *, taken: Sequence[str]) -> dict[str, str]:
    """A free name for each that is taken: `prediction_2`."""
    used = {*taken, *names}
    renamed = {}
    for name in names:
        if name in taken:
            renamed[name] = next(free for number in range(2, len(used) + 3) if (free := f"{name}_{number}") not in used)
            used.add(renamed[name])
    return renamed


@contextmanager
def _csv_writer(path: Path) -> Iterator[Write]:
    """RFC 4180: commas, and quotes around the cells that need them. https://www.rfc-editor.org/rfc/rfc4180"""
    import pyarrow

    with path.open("wb") as file:

        def write(table: "pyarrow.Table") -> None:
            if file.tell() == 0:
                names = pyarrow.table({str(number): [name] for number, name in enumerate(table.column_names)})
                file.write(_lines(names))
            file.write(_lines(table))

        yield write


def _lines(table: "pyarrow.Table") -> bytes:
    """The rows as lines of a CSV file."""
    import pyarrow
    from pyarrow import compute

    columns = []
    for column in table.columns:
        cells = compute.fill_null(as_strings(column.combine_chunks()), "")
        needs_quotes = compute.match_substring_regex(cells, IN_QUOTES)
        if compute.any(needs_quotes).as_py():
            doubled = compute.replace_substring(cells, '"', '""')
            cells = compute.if_else(needs_quotes, compute.binary_join_element_wise('"', doubled, '"', ""), cells)
        columns.append(cells.cast(pyarrow.large_string()))
    # An empty last part, so that each line ends with what stands between parts.
    comma, nothing, line_end = (pyarrow.scalar(text, pyarrow.large_string()) for text in (",", "", "\n"))
    lines = compute.binary_join_element_wise(*columns, comma)
    ended = compute.binary_join_element_wise(lines, nothing, line_end)
    _, offsets, content = ended.buffers()
    return bytes(content[: int(np.frombuffer(offsets, dtype=np.int64)[len(ended)])]) if content else b""


@contextmanager
def _jsonl_writer(path: Path) -> Iterator[Write]:
    """An object per line, a key per column; `error` only where there is one. https://jsonlines.org"""
    with path.open("w", encoding="utf-8") as file:

        def write(table: "pyarrow.Table") -> None:
            error = table.column_names[-1]
            for row in _as_json(table).to_pylist():
                if row[error] is None:
                    del row[error]
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

        yield write


def _as_json(table: "pyarrow.Table") -> "pyarrow.Table":
    """Numbers and booleans as they are, null where JSON has no number; anything else as text."""
    import pyarrow
    from pyarrow import compute, types

    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if types.is_floating(column.type):
            columns[name] = compute.if_else(compute.is_finite(column), column, None)
        elif types.is_integer(column.type) or types.is_boolean(column.type):
            columns[name] = column
        else:
            columns[name] = as_strings(column.combine_chunks())
    return pyarrow.table(columns)


@contextmanager
def _parquet_writer(path: Path) -> Iterator[Write]:
    """The columns of a Parquet file in their types, those of a CSV file as strings. https://parquet.apache.org"""
    from pyarrow import ArrowInvalid, parquet

    writers: list[Any] = []

    def write(table: "pyarrow.Table") -> None:
        if not writers:
            writers.append(parquet.ParquetWriter(path, table.schema))
        try:
            writers[0].write_table(table.cast(writers[0].schema))
        except ArrowInvalid as error:
            raise DataError(
                f"the columns of the files have different types, which one Parquet file cannot hold: {error}",
                code="AM166",
                help="write a .csv file, or ask about one file at a time",
            ) from error

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()


def _other_columns(given: GivenRows, *, expected: Sequence[str], found: Sequence[str]) -> DataError:
    lacking = [name for name in expected if name not in found]
    additional = [name for name in found if name not in expected]
    notes = [f"not in it: {listed(lacking)}"] if lacking else []
    notes += [f"only in it: {listed(additional)}"] if additional else []
    return DataError(
        f"{given.names[0]} has other columns than the rows before it, so they cannot stand in one file",
        code="AM166",
        help="ask about files of different columns, or about --row and a file, one after the other",
        notes=notes,
    )
