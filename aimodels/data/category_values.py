"""Which values a column of categories has, and the ids that they get."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import CategoryColumn
from aimodels.data.encodings import FIRST_VALUE, MISSING, UNSEEN, CategoryEncoding, vector_size
from aimodels.data.word_counts import Counting, most_frequent
from aimodels.events import warn

if TYPE_CHECKING:
    import pyarrow

# Some 150 bytes each while they are counted, per column.
MOST_COUNTED = 500_000
MOST_ONE_HOT = 10

Strings = npt.NDArray[np.object_]


@dataclass
class ValueStatistics:
    """How often each value occurs in one column, with the white space around it and the words for a missing one."""

    count: int = 0
    missing: int = 0  # null in the table
    counting: Counting = field(default_factory=lambda: Counting(MOST_COUNTED))

    def add(self, column: "pyarrow.ChunkedArray") -> None:
        """Take in strings; null is missing."""
        self.count += len(column)
        self.missing += column.null_count
        if self.counting.most:
            self.counting.add(*different(column))


@dataclass(frozen=True)
class CategoryValues:
    """The values of a column with ids from 2 on, or the number of buckets that their hashes are put into.

    `size` and `untrained` are those of `CategoryEncoding`.
    """

    name: str
    values: tuple[str, ...] = ()
    buckets: int = 0
    size: int | None = None
    untrained: tuple[int, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether any two rows of the training split differ in it, as far as is known."""
        kinds = len(self.values) + sum(number not in self.untrained for number in (MISSING, UNSEEN))
        return bool(self.buckets) or kinds > 1

    @property
    def encoding(self) -> CategoryEncoding:
        """What an architecture must know."""
        num_ids = FIRST_VALUE + (self.buckets or len(self.values))
        return CategoryEncoding(self.name, num_ids=num_ids, size=self.size, untrained=self.untrained)


def different(column: "pyarrow.ChunkedArray") -> tuple[Strings, npt.NDArray[np.int64]]:
    """The different values as UTF-8 bytes and how often each occurs, without null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.value_counts(column.cast(pa.binary()).drop_null())
    return found.field("values").to_numpy(zero_copy_only=False), found.field("counts").to_numpy()


def statistics_for(options: CategoryColumn) -> ValueStatistics:
    """Empty statistics that hold as many values as these options may need: none where their hashes are taken."""
    return ValueStatistics(counting=Counting(0 if options.hash else max(MOST_COUNTED, 2 * options.most)))


def values_of(
    name: str, *, options: CategoryColumn, statistics: ValueStatistics, cleaned: Callable[[Strings], Strings]
) -> CategoryValues:
    """The values that get ids: the most frequent ones of training, by count and then by alphabet.

    `cleaned` gives each value as the network reads it, b"" where that is missing.
    """
    if options.hash:
        return CategoryValues(name, buckets=options.hash, size=_size(options, num_values=options.hash))
    _tell_forgotten(name, options=options, counting=statistics.counting)
    raw = statistics.counting.counts
    counts: Counter[bytes] = Counter()
    for value, times in zip(cleaned(np.array(list(raw), dtype=np.object_)).tolist(), raw.values(), strict=True):
        counts[value] += times
    missing = statistics.missing + counts.pop(b"", 0)
    kept = Counter({value: times for value, times in counts.items() if times >= options.at_least and _is_utf_8(value)})
    values = most_frequent(kept, most=options.most)
    known = sum(kept[value.encode()] for value in values)
    seen = {MISSING: missing > 0, UNSEEN: missing + known < statistics.count}
    untrained = tuple(number for number, is_seen in seen.items() if not is_seen)
    return CategoryValues(name, values=values, size=_size(options, num_values=len(values)), untrained=untrained)


def _size(options: CategoryColumn, *, num_values: int) -> int | None:
    """Numbers in the learned vector of a value; None for one-hot."""
    if options.encode == "one_hot" or (options.encode == "auto" and num_values <= MOST_ONE_HOT):
        return None
    return vector_size(FIRST_VALUE + num_values) if options.size == "auto" else options.size


def _is_utf_8(value: bytes) -> bool:
    """Whether it is a text at all; what is not counts as unseen."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _tell_forgotten(name: str, *, options: CategoryColumn, counting: Counting) -> None:
    if counting.forgotten:
        warn(
            "AM338",
            f'column "{name}" holds more than {counting.most:,} different values: some that occur '
            f"{counting.forgotten} times or less were forgotten while counting, and count as unseen",
            help=f"a column of identifiers is better ignored; otherwise `at_least` above {counting.forgotten} says the "
            f"same, or `hash: {options.most}` needs no list of values",
        )
