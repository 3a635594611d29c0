"""Stretches of texts that an encoder can read at once: long texts are chopped, so that nothing of them is lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Windows:
    """Windows of texts: window w holds `pieces[starts[w]:middles[w]]` and then `pieces[middles[w]:starts[w + 1]]`.

    `pieces` (int32 [pieces]) are the ids of all texts, without special ones around them; `text_of` (int64 [W]) says
    whose each window is. The second half is empty unless pairs were asked for.
    """

    pieces: Ids
    starts: Indices
    middles: Indices
    text_of: Indices

    def __len__(self) -> int:
        return len(self.text_of)

    @property
    def is_pairs(self) -> bool:
        """Whether the windows have two halves."""
        return bool((self.middles < self.starts[1:]).any())

    @property
    def lengths(self) -> Indices:
        """Pieces of each window as the encoder reads it, with [CLS] and each [SEP]: int64 [W]."""
        around = 3 if self.is_pairs else 2
        return np.diff(self.starts) + around


def chopped(pieces: Ids, *, starts: Indices, max_length: int, pairs: bool = False) -> Windows:
    """The texts `pieces[starts[n]:starts[n + 1]]` in windows of at most `max_length` with the special pieces.

    A text goes into as few windows as it takes, of equal size but for one piece, so that no window is a short rest. For
    pairs a window has two halves, and a text of one piece, which has none, goes into no window.
    """
    room = max_length - 2 if not pairs else (max_length - 3) // 2 * 2
    sizes = np.diff(starts)
    per_text = -(-sizes // room)
    if pairs:
        per_text[sizes < 2] = 0
    text_of = np.repeat(np.arange(len(sizes)), per_text)
    number = within(per_text)
    begins = starts[:-1][text_of] + sizes[text_of] * number // per_text[text_of]
    ends = starts[:-1][text_of] + sizes[text_of] * (number + 1) // per_text[text_of]
    joined = pieces[within(ends - begins) + np.repeat(begins, ends - begins)]
    limits = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - begins)])
    middles = limits[:-1] + (np.diff(limits) + 1) // 2 if pairs else limits[1:]
    return Windows(pieces=joined, starts=limits, middles=middles, text_of=text_of)


def within(lengths: Indices | Sequence[int]) -> Indices:
    """0, 1, 2, ... for each length in turn.

    >>> within([2, 0, 3]).tolist()
    [0, 1, 0, 1, 2]
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    before = np.cumsum(sizes) - sizes
    counted: Indices = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(before, sizes)
    return counted
