"""Texts of a table's columns that the network does not read to their end, or that have no word to be read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

    from aimodels.layers.text_reading import ColumnReaders


@dataclass(frozen=True)
class UnreadTexts:
    """How many of some texts of a column are longer than `max_length` words or pieces (`unit`), and how many have none.

    Of a longer one only the start or the end is read, as `keep` says.
    """

    column: str
    texts: int
    cut: int
    without_words: int
    max_length: int
    unit: str
    keep: str

    def after(self, others: "UnreadTexts") -> "UnreadTexts":
        """The counts of these and of other texts of the same column."""
        return replace(
            self,
            texts=self.texts + others.texts,
            cut=self.cut + others.cut,
            without_words=self.without_words + others.without_words,
        )


def unread_texts(table: "pyarrow.Table", *, readers: "ColumnReaders") -> Iterator[UnreadTexts]:
    """What of the text columns of some rows is not read."""
    for cells, layer, read in readers:
        _, _, num_tokens = read(table)
        yield UnreadTexts(
            cells.column,
            texts=len(num_tokens),
            cut=int((num_tokens > layer.max_length).sum()),
            without_words=int((num_tokens <= layer.num_added).sum()),
            max_length=layer.max_length,
            unit=layer.unit,
            keep=layer.keep,
        )
