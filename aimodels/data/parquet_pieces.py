"""The rows of a Parquet file. https://parquet.apache.org"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aimodels.data.table_pieces import ParquetPlace, Piece, Wanted
from aimodels.data.table_problems import no_rows, twice_named, unreadable
from aimodels.data.unpacking import may_not_read

if TYPE_CHECKING:
    from pyarrow import parquet

BATCH_BYTES = 1 << 23
MOST_BATCH_ROWS = 1 << 16
BUFFER_BYTES = 1 << 20


def parquet_pieces(path: Path, wanted: Wanted) -> Iterator[Piece]:
    """The rows of a Parquet file, with the columns that `wanted` chooses, in their own types.

    Raises:
        DataError: the file is broken.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
            names = tuple(file.schema_arrow.names)
            if not names:
                raise no_rows(f"{path} has no columns")
            if len(set(names)) < len(names):
                raise twice_named(f"{path}", sorted({name for name in names if names.count(name) > 1}))
            columns = list(wanted.choose(path, names))
            number = 1
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata), columns=columns):
                cells = pyarrow.Table.from_batches([batch]).select(columns)
                yield Piece(cells, np.arange(number, number + len(batch)), ParquetPlace(path))
                number += len(batch)
    except PermissionError as error:
        raise may_not_read(path) from error
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, str(error)) from error


def _rows_at_once(metadata: "parquet.FileMetaData") -> int:
    """As many rows as take a few megabytes."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    num_bytes = max(sum(group.total_byte_size for group in groups), 8 * metadata.num_rows * metadata.num_columns)
    return int(max(1, min(MOST_BATCH_ROWS, BATCH_BYTES * metadata.num_rows // max(1, num_bytes))))
