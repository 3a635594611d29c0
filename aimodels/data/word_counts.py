"""How often words occur, in memory that has a bound."""

import heapq
from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from aimodels.events import warn

# Some 150 bytes each while they are counted.
MOST_COUNTED = 4_000_000


def counted(
    parts: Iterable[tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]], *, most: int = MOST_COUNTED
) -> Counter[bytes]:
    """The sum of many counts, each the different words of a part and how often they occur there.

    Past `most` different words the rarest are forgotten, which is told, as in the program word2vec (Mikolov et al.,
    2013); a word that comes back is counted from there on.
    """
    counts: Counter[bytes] = Counter()
    forgotten = 0
    for words, times in parts:
        counts.update(dict(zip(words.tolist(), times.tolist(), strict=True)))
        while len(counts) > most:
            forgotten += 1
            counts = Counter({word: count for word, count in counts.items() if count > forgotten})
    if forgotten:
        warn(
            "AM333",
            f"the training texts hold more than {most:,} different words: some that occur {forgotten} times or less "
            "were forgotten while counting",
            help="with fewer `ngrams`, or a `min_count` far above that, nothing is lost",
        )
    return counts


def most_frequent(counts: Counter[bytes], *, most: int) -> tuple[str, ...]:
    """At most so many words, by how often they occur and then by alphabet (code points).

    >>> most_frequent(Counter({b"to": 2, b"be": 2, b"or": 1, b"not": 3}), most=3)
    ('not', 'be', 'to')
    """

    def rank(entry: tuple[bytes, int]) -> tuple[int, bytes]:
        word, count = entry
        return -count, word

    return tuple(word.decode() for word, _ in heapq.nsmallest(most, counts.items(), key=rank))
