"""Which pieces are hidden and are to be guessed: a function of (seed, epoch, place), new in every epoch.

Of the pieces of a window a share is chosen; of those 80 % become [MASK], 10 % any other piece, and 10 % stay as they
are (Devlin et al., 2019, "BERT", section 3.1; Liu et al., 2019, "RoBERTa", for choosing anew in each epoch). With whole
words the pieces of a word are chosen together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.pretraining.windows import Ids, Indices, Windows, within

HIDDEN, CHANGED = 0.8, 0.1  # shares of the chosen pieces; the rest stays as it is
ATTEMPTS = 8
# Temporary arrays stay small, whatever the number of texts.
WINDOWS_AT_ONCE = 1 << 15
TRAINING, MEASURING = 0, 1
MEASURED_EPOCH = 0


@dataclass(frozen=True)
class Vocabulary:
    """What masking must know of an encoder's pieces: how many there are, the ids of some, and what each is.

    `is_special` (bool [V]) are those that are never chosen and never put in, such as [CLS] and [UNK]; `begins_word`
    (bool [V]) are those that do not go on with the word before them.
    """

    start: int
    end: int
    mask: int
    is_special: npt.NDArray[np.bool_]
    begins_word: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.is_special)


@dataclass(frozen=True)
class Examples:
    """What an epoch shows: window w is `ids[starts[w]:starts[w + 1]]`, [CLS] and [SEP] included.

    The pieces of the second half (and its [SEP]) have V added. The guesses of window w are those from
    `guess_starts[w]` on: `places` (where in the window, int32), `answers` (the piece that stood there, int32).
    `is_next` (float32 [W]) is 1 where the second half is the one that follows the first.
    """

    ids: Ids
    starts: Indices
    places: Ids
    answers: Ids
    guess_starts: Indices
    is_next: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Masking:
    """How windows become examples; `stream` keeps what is measured apart from what is trained."""

    vocabulary: Vocabulary
    share: float
    whole_words: bool
    seed: int
    stream: int = TRAINING

    def examples(self, windows: Windows, *, epoch: int) -> Examples:
        """The windows as this epoch shows them."""
        seconds, is_next = self._seconds(windows, epoch=epoch)
        blocks = range(0, max(1, len(windows)), WINDOWS_AT_ONCE)
        parts = [
            self._block(windows, seconds[start : start + WINDOWS_AT_ONCE], first=start, epoch=epoch) for start in blocks
        ]
        return Examples(
            ids=np.concatenate([part.ids for part in parts]),
            starts=_joined([part.starts for part in parts]),
            places=np.concatenate([part.places for part in parts]),
            answers=np.concatenate([part.answers for part in parts]),
            guess_starts=_joined([part.guess_starts for part in parts]),
            is_next=is_next,
        )

    def _random(self, *words: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.stream, *words])

    def _seconds(self, windows: Windows, *, epoch: int) -> tuple[Indices, npt.NDArray[np.float32]]:
        """Whose second half each window gets: its own, or half of the time that of another text."""
        everyone = np.arange(len(windows))
        if not windows.is_pairs:
            return everyone, np.ones(len(windows), np.float32)
        random = self._random(epoch)
        others = everyone.copy()
        to_change = np.flatnonzero(random.random(len(windows)) < 0.5)
        for _ in range(ATTEMPTS):
            others[to_change] = random.integers(len(windows), size=len(to_change))
            to_change = to_change[windows.text_of[others[to_change]] == windows.text_of[to_change]]
        others[to_change] = to_change
        return others, (others == everyone).astype(np.float32)

    def _block(self, windows: Windows, seconds: Indices, *, first: int, epoch: int) -> Examples:
        chosen = np.arange(first, first + len(seconds))
        flat = _laid_out(windows, chosen, seconds=seconds, vocabulary=self.vocabulary)
        random = self._random(epoch, first)
        places = self._chosen(flat, random=random)
        answers = flat.ids[places]
        ids = flat.ids.copy()
        ids[places] = self._shown(answers, random=random)
        ids += flat.is_second * np.int32(len(self.vocabulary))
        window_of = np.searchsorted(flat.starts, places, side="right") - 1
        counts = np.bincount(window_of, minlength=len(chosen))
        return Examples(
            ids=ids,
            starts=flat.starts,
            places=(places - flat.starts[window_of]).astype(np.int32),
            answers=answers,
            guess_starts=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            is_next=np.empty(0, np.float32),
        )

    def _chosen(self, flat: "_Flat", *, random: np.random.Generator) -> Indices:
        """The places in `flat.ids` that are to be guessed, in rising order."""
        can = np.flatnonzero(flat.is_text & ~self.vocabulary.is_special[flat.ids])
        if not len(can):
            return can
        window_of = np.searchsorted(flat.starts, can, side="right") - 1
        # A unit is chosen as a whole: a piece, or a run of pieces that go on with one another.
        begins = np.ones(len(can), dtype=bool)
        if self.whole_words:
            follows = (np.diff(can) == 1) & (np.diff(window_of) == 0)
            begins[1:] = self.vocabulary.begins_word[flat.ids[can[1:]]] | ~follows
        unit_of = np.cumsum(begins) - 1
        sizes = np.bincount(unit_of)
        owners = window_of[begins]
        wanted = self.share * np.bincount(window_of, minlength=len(flat.starts) - 1)
        found: Indices = can[_drawn(sizes, owners=owners, wanted=wanted, random=random)[unit_of]]
        return found

    def _shown(self, answers: Ids, *, random: np.random.Generator) -> Ids:
        """What stands in the place of the chosen pieces."""
        draw = random.random(len(answers))
        usual = np.flatnonzero(~self.vocabulary.is_special).astype(np.int32)
        others = usual[random.integers(len(usual), size=len(answers))]
        changed = np.where(draw < HIDDEN + CHANGED, others, answers)
        return np.where(draw < HIDDEN, np.int32(self.vocabulary.mask), changed).astype(np.int32)


@dataclass(frozen=True)
class _Flat:
    """Windows laid out one behind the other, with their special pieces: all of one length but `starts`."""

    ids: Ids
    starts: Indices
    is_text: npt.NDArray[np.bool_]
    is_second: npt.NDArray[np.bool_]


def _laid_out(windows: Windows, chosen: Indices, *, seconds: Indices, vocabulary: Vocabulary) -> _Flat:
    begins, middles = windows.starts[chosen], windows.middles[chosen]
    first_sizes, own = middles - begins, windows.starts[chosen + 1] - middles
    # Another's half is no longer than the one it stands for: a window never grows, and its length tells nothing.
    second_begins = windows.middles[seconds]
    second_sizes = np.minimum(own, windows.starts[seconds + 1] - second_begins)
    after = 1 if windows.is_pairs else 0
    lengths = first_sizes + second_sizes + 2 + after
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    ids = np.full(int(starts[-1]), vocabulary.end, dtype=np.int32)
    is_text, is_second = np.zeros(len(ids), dtype=bool), np.zeros(len(ids), dtype=bool)
    ids[starts[:-1]] = vocabulary.start
    for at, sizes, sources in (
        (starts[:-1] + 1, first_sizes, begins),
        (starts[:-1] + 2 + first_sizes, second_sizes, second_begins),
    ):
        steps = within(sizes)
        places = np.repeat(at, sizes) + steps
        ids[places] = windows.pieces[np.repeat(sources, sizes) + steps]
        is_text[places] = True
    if windows.is_pairs:
        places = np.repeat(starts[:-1] + 2 + first_sizes, second_sizes + 1) + within(second_sizes + 1)
        is_second[places] = True
    return _Flat(ids=ids, starts=starts, is_text=is_text, is_second=is_second)


def _drawn(
    sizes: Indices, *, owners: Indices, wanted: npt.NDArray[Any], random: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Units chosen at random until their sizes come to about what is wanted of their owner, and at least one of each.

    `owners` rise. A unit that would end further beyond the mark than the ones before it fall short is not taken.
    """
    order = np.lexsort((random.random(len(sizes)), owners))
    ordered, owner = sizes[order], owners[order]
    so_far = np.cumsum(ordered) - ordered
    is_first = np.concatenate([np.ones(1, dtype=bool), np.diff(owner) != 0])
    before = so_far - np.maximum.accumulate(np.where(is_first, so_far, 0))
    is_drawn = np.empty(len(sizes), dtype=bool)
    is_drawn[order] = is_first | (before + ordered / 2 <= wanted[owner])
    return is_drawn


def _joined(starts: list[Indices]) -> Indices:
    """The limits of blocks that stand one behind the other."""
    offsets = np.cumsum([0, *(part[-1] for part in starts[:-1])])
    shifted = [part[:-1] + offset for part, offset in zip(starts, offsets, strict=True)]
    return np.concatenate([*shifted, [starts[-1][-1] + offsets[-1]]]).astype(np.int64)
