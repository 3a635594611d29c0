"""What is known of every row of a table besides its features: its targets, its weight, its group, and a key."""

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.rows import Rows

if TYPE_CHECKING:
    import pyarrow

Keys = npt.NDArray[np.uint64]
# Constants of SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
GOLDEN, FIRST, SECOND = (np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
MISSING = np.uint64(0x6D697373696E6721)


@dataclass(frozen=True)
class Contents:
    """The rows of one part of the data. `columns` are those that fit in memory and are needed there: targets, weights,
    and what splits go by. Rows with equal `keys` (uint64 [N]) are equal in every column that is used."""

    rows: Rows
    columns: "pyarrow.Table"
    keys: Keys

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: npt.NDArray[np.int64]) -> "Contents":
        """The rows at these positions, in this order."""
        return Contents(self.rows.take(indices), self.columns.take(indices), self.keys[indices])


def contents(rows: Rows, *, kept: Sequence[str], compared: Sequence[str]) -> Contents:
    """Go through all rows once: keep some columns in memory, and number each row by some."""
    import pyarrow as pa

    columns: list[pa.Table] = []
    keys: list[Keys] = []
    with ThreadPoolExecutor(thread_name_prefix="numbering-rows") as threads:
        for table in rows.tables():
            # A copy: a slice would hold on to all the columns that were read with it.
            columns.append(table.select(list(kept)).take(np.arange(table.num_rows)))
            keys.append(row_keys(table.select(list(compared)), threads=threads))
    return Contents(rows, pa.concat_tables(columns).combine_chunks(), np.concatenate(keys))


def row_keys(table: "pyarrow.Table", *, threads: Executor | None = None) -> Keys:
    """A number per row, uint64 [N]; equal rows have equal ones, and two others have equal ones in 2^64 cases once."""
    keys = np.zeros(table.num_rows, dtype=np.uint64)
    for of_cells in (threads.map if threads else map)(_cell_keys, table.columns):
        keys = _mixed(keys * GOLDEN + of_cells)
    return keys


def _cell_keys(column: "pyarrow.ChunkedArray") -> Keys:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        numbers = pc.fill_null(column, float("nan")).to_numpy() + 0.0  # -0.0 is 0.0
        keys = np.ascontiguousarray(numbers, dtype=np.float64).view(np.uint64)
        return np.where(np.isnan(numbers), MISSING, _mixed(keys))
    coded = column.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    words = np.array([_word_key(word) for word in coded.dictionary.to_pylist()] + [MISSING], dtype=np.uint64)
    found: Keys = words[pc.fill_null(coded.indices, len(words) - 1).to_numpy(zero_copy_only=False)]
    return found


def _word_key(word: str) -> Any:
    return np.uint64(int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"))


def _mixed(keys: Keys) -> Keys:
    """Every bit of the output depends on every bit of the input; overflow is meant."""
    keys = (keys ^ (keys >> np.uint64(30))) * FIRST
    keys = (keys ^ (keys >> np.uint64(27))) * SECOND
    return keys ^ (keys >> np.uint64(31))


def num_copies(parts: Sequence[Keys]) -> int:
    """How many keys are also in a part before their own."""
    ordered = np.concatenate(parts)
    ordered.sort()
    if not (ordered[1:] == ordered[:-1]).any():
        return 0
    return sum(int(np.isin(part, np.concatenate(parts[:number])).sum()) for number, part in enumerate(parts) if number)
