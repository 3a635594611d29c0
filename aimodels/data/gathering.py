"""Rows gathered as they are read: in memory while they are few, in a file beyond that."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aimodels.data.rows import Names, RowsInMemory, RowStore
from aimodels.data.stored_rows import StoredRows
from aimodels.errors import MachineError
from aimodels.events import phase

if TYPE_CHECKING:
    import pyarrow

# A fixed limit: where rows lie decides in which order they are shuffled, which must not depend on the machine.
MOST_BYTES_IN_MEMORY = 1 << 28
BATCH_BYTES = 1 << 23
MOST_BATCH_ROWS = 1 << 16
PREFIX = "aimodels-rows-"


class Gathering:
    """Takes the rows of a table as they come, and gives them back as a store.

    Beyond `most_bytes` of them they go to the system's folder for temporary files (`TMPDIR`). `least_bytes` is what
    they will take at least there.
    """

    def __init__(self, *, least_bytes: int = 0, most_bytes: int = MOST_BYTES_IN_MEMORY) -> None:
        self._least_bytes = least_bytes
        self._most_bytes = most_bytes
        self._waiting: list[pyarrow.Table] = []
        self._num_bytes = 0
        self._file: _BatchFile | None = None
        self._until_closed = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._until_closed.close()

    def add(self, table: "pyarrow.Table") -> None:
        """The next rows.

        Raises:
            MachineError: the disk has no room for them.
        """
        self._waiting.append(table)
        self._num_bytes += table.nbytes
        if self._file is None and self._num_bytes > self._most_bytes:
            self._until_closed.enter_context(phase(f"writing rows to {tempfile.gettempdir()}, too many for memory"))
            row_bytes = self._num_bytes // sum(map(len, self._waiting)) + 1
            self._file = _BatchFile(table.schema, row_bytes=row_bytes, least_bytes=self._least_bytes)
            self._until_closed.callback(self._file.close)
        if self._file is not None:
            for waiting in self._waiting:
                self._file.write(waiting)
            self._waiting.clear()

    def store(self, names: Names) -> RowStore:
        """All rows that were added, by these names."""
        import pyarrow

        if self._file is not None:
            return self._file.store(names)
        columns = self._waiting[0].column_names
        parts = {name: [part.column(name) for part in self._waiting] for name in columns}
        self._waiting.clear()
        # One column after the other, so that there are never two copies of them all.
        joined = {name: _joined(parts.pop(name)) for name in columns}
        return RowsInMemory(pyarrow.table(joined), names)


def _joined(parts: "list[pyarrow.ChunkedArray]") -> "pyarrow.Array":
    import pyarrow

    return pyarrow.concat_arrays([chunk for part in parts for chunk in part.chunks])


class _BatchFile:
    """A file in a temporary folder that record batches of equal length are written to."""

    def __init__(self, schema: "pyarrow.Schema", *, row_bytes: int, least_bytes: int) -> None:
        import pyarrow
        from pyarrow import ipc

        self._rows_per_batch = max(1, min(MOST_BATCH_ROWS, BATCH_BYTES // row_bytes))
        self._folder: Path | None = _folder(least_bytes)
        self._path = self._folder / "rows.arrow"
        self._waiting: list[pyarrow.Table] = []
        self._num_waiting = 0
        with _room_for(self._path):
            self._writer = ipc.new_file(str(self._path), schema)

    def write(self, table: "pyarrow.Table") -> None:
        """The next rows."""
        self._waiting.append(table)
        self._num_waiting += len(table)
        if self._num_waiting >= self._rows_per_batch:
            self._flush(self._num_waiting // self._rows_per_batch * self._rows_per_batch)

    def store(self, names: Names) -> StoredRows:
        """What was written, in a store that owns the folder from now on."""
        self._flush(self._num_waiting)
        with _room_for(self._path):
            self._writer.close()
        self._folder = None
        return StoredRows(self._path, names=names, rows_per_batch=self._rows_per_batch)

    def close(self) -> None:
        """Remove the folder, unless a store owns it."""
        if self._folder is not None:
            self._writer.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _flush(self, num_rows: int) -> None:
        import pyarrow

        whole = pyarrow.concat_tables(self._waiting).combine_chunks()
        with _room_for(self._path):
            for start in range(0, num_rows, self._rows_per_batch):
                batch = whole.slice(start, min(self._rows_per_batch, num_rows - start))
                self._writer.write_table(batch, max_chunksize=self._rows_per_batch)
        self._waiting = [whole.slice(num_rows)]
        self._num_waiting = len(whole) - num_rows


def _folder(least_bytes: int) -> Path:
    parent = Path(tempfile.gettempdir())
    free = shutil.disk_usage(parent).free
    if free < least_bytes:
        raise _full(parent, f"{least_bytes >> 20:,} MiB are needed at least, {free >> 20:,} MiB are free")
    with _room_for(parent):
        return Path(tempfile.mkdtemp(prefix=PREFIX))


@contextmanager
def _room_for(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _full(path, error.strerror or str(error)) from error


def _full(path: Path, reason: str) -> MachineError:
    return MachineError(
        f"cannot write rows to {path}: {reason}",
        code="AM704",
        help="the table is too large for memory and is kept on disk while it is used: free some space, or choose "
        "another disk with the environment variable TMPDIR",
    )
