"""The words in a column of texts, counted some rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.data.raw_columns import raw_strings
from aimodels.data.word_counts import Counting

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 8_192  # long texts must fit into memory too

Counted = tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]


@dataclass
class TextStatistics:
    """How often each word occurs; `count_words` gives the different words of some texts, and how often each occurs."""

    count_words: Callable[[npt.NDArray[np.object_]], Counted]
    counting: Counting = field(default_factory=Counting)

    def add(self, column: "pyarrow.ChunkedArray") -> None:
        """Take in strings; null is an empty text."""
        for start in range(0, len(column), ROWS_AT_ONCE):
            self.counting.add(*self.count_words(raw_strings(column.slice(start, ROWS_AT_ONCE))))
