"""How often words occur, in memory that has a bound."""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aimodels.events import warn

# Some 150 bytes each while they are counted.
MOST_COUNTED = 4_000_000


@dataclass
class Counting:
    """How often things occur, as far as is known: past `most` different ones the rarest are forgotten, as in the
    program word2vec (Mikolov et al., 2013); one that comes back is counted from there on.

    `forgotten` is up to how many times something may have occurred and is not there, or has so much too small a count.
    """

    most: int = MOST_COUNTED
    counts: Counter[bytes] = field(default_factory=Counter)
    forgotten: int = 0

    def add(self, things: npt.NDArray[np.object_], times: npt.NDArray[np.int64]) -> None:
        """Take in different things, each with how often it occurs in a part."""
        self.counts.update(dict(zip(things.tolist(), times.tolist(), strict=True)))
        while len(self.counts) > self.most:
            self.forgotten += 1
            self.counts = Counter({thing: count for thing, count in self.counts.items() if count > self.forgotten})


def counted(
    parts: Iterable[tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]], *, most: int = MOST_COUNTED
) -> Counter[bytes]:
    """The sum of many counts of words, each the different words of a part and how often they occur there."""
    counting = Counting(most)
    for words, times in parts:
        counting.add(words, times)
    tell_forgotten(counting)
    return counting.counts


def tell_forgotten(counting: Counting, *, texts: str = "the training texts") -> None:
    """Warn if words were forgotten."""
    if counting.forgotten:
        warn(
            "AM333",
            f"{texts} hold more than {counting.most:,} different words: some that occur "
            f"{counting.forgotten} times or less were forgotten while counting",
            help="with fewer `ngrams`, or a `min_count` far above that, nothing is lost",
        )


def most_frequent(counts: Counter[bytes], *, most: int) -> tuple[str, ...]:
    """At most so many words, by how often they occur and then by alphabet (code points).

    >>> most_frequent(Counter({b"to": 2, b"be": 2, b"or": 1, b"not": 3}), most=3)
    ('not', 'be', 'to')
    """

    def rank(entry: tuple[bytes, int]) -> tuple[int, bytes]:
        word, count = entry
        return -count, word

    return tuple(word.decode() for word, _ in heapq.nsmallest(most, counts.items(), key=rank))
