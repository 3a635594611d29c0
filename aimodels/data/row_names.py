"""How rows are called in front of the user: by their file and their number in it."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt


class RowNames:
    """The names of rows that were read one after the other. Little memory: only where consecutive numbers begin.

    Row 1 is the first row below the names of the columns.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._starts, self._rows, self._file_numbers = array("q"), array("q"), array("q")
        self._length = 0

    def extend(self, numbers: npt.NDArray[np.int64], *, file: int) -> None:
        """The next rows are those of these numbers (int64 [N], rising) in a file."""
        if len(numbers):
            begins = np.concatenate([[0], np.flatnonzero(np.diff(numbers) != 1) + 1])
            self._starts.extend((begins + self._length).tolist())
            self._rows.extend(numbers[begins].tolist())
            self._file_numbers.extend([file] * len(begins))
            self._length += len(numbers)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, position: int) -> str:
        run = bisect_right(self._starts, position) - 1
        row = self._rows[run] + position - self._starts[run]
        return f"{self._files[self._file_numbers[run]].name} row {row}"
