"""Rows on disk, in a file of Arrow record batches. https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format"""

import shutil
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.data.rows import ROWS_AT_ONCE, Names, taken

if TYPE_CHECKING:
    import pyarrow

BATCHES_AT_ONCE = 4


class StoredRows:
    """Rows in batches of equal length, of which the last may be shorter. The folder of their file belongs to them: it
    goes when nobody holds them any more."""

    def __init__(self, path: Path, *, names: Names, rows_per_batch: int) -> None:
        self._path = path
        self._names = names
        self._rows_per_batch = rows_per_batch
        self._lock = threading.Lock()
        self._readers: dict[tuple[str, ...] | None, pyarrow.RecordBatchFileReader] = {}
        self._latest: tuple[tuple[str, ...] | None, int, pyarrow.Table] | None = None
        weakref.finalize(self, shutil.rmtree, path.parent, ignore_errors=True)

    @property
    def rows_at_once(self) -> int:
        """Rows of some batches: fewer where rows are long."""
        return min(ROWS_AT_ONCE, BATCHES_AT_ONCE * self._rows_per_batch)

    def __len__(self) -> int:
        return len(self._names)

    def table(self, positions: npt.NDArray[np.int64], *, columns: Sequence[str] | None = None) -> "pyarrow.Table":
        """The rows at these positions, in this order. Each batch that has any of them is read once, so rising
        positions that lie close together cost least."""
        import pyarrow

        wanted = None if columns is None else tuple(columns)
        batches = positions // self._rows_per_batch
        order = None if (np.diff(batches) >= 0).all() else np.argsort(batches, kind="stable")
        if order is not None:
            positions, batches = positions[order], batches[order]
        edges = np.flatnonzero(np.diff(batches)) + 1
        parts = [
            taken(self._batch(int(part[0]) // self._rows_per_batch, wanted), part % self._rows_per_batch)
            for part in np.split(positions, edges)
            if len(part)
        ]
        whole = pyarrow.concat_tables(parts) if parts else self._batch(0, wanted).slice(0, 0)
        return whole if order is None else whole.take(np.argsort(order))

    def name_of(self, position: int) -> str:
        """`penguins.csv row 17`."""
        return self._names[position]

    def _batch(self, number: int, columns: tuple[str, ...] | None) -> "pyarrow.Table":
        import pyarrow

        with self._lock:
            if self._latest is None or self._latest[:2] != (columns, number):
                batch = self._reader(columns).get_batch(number)
                table = pyarrow.Table.from_batches([batch])
                self._latest = (columns, number, table if columns is None else table.select(list(columns)))
            return self._latest[2]

    def _reader(self, columns: tuple[str, ...] | None) -> "pyarrow.RecordBatchFileReader":
        import pyarrow
        from pyarrow import ipc

        if columns not in self._readers:
            included = None
            if columns is not None:
                schema = self._reader(None).schema
                included = sorted(schema.get_field_index(name) for name in columns)
            options = ipc.IpcReadOptions(included_fields=included, use_threads=False)
            # Plain reads, since pages that are mapped count as memory of this process.
            self._readers[columns] = ipc.open_file(pyarrow.OSFile(str(self._path)), options=options)
        return self._readers[columns]
