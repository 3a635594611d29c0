"""Texts that stand in two splits, character for character: which they are, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aimodels.data.dataset import Split, SplitName, Texts
from aimodels.data.excerpts import BETWEEN_TEXTS, excerpt, on_one_line

MOST_NAMED = 3
LONGEST_NAMED = 60


@dataclass(frozen=True)
class Place:
    """Where a text stands: its split, and what it is called there, its file or its row."""

    split: SplitName
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.split})"


@dataclass(frozen=True)
class Copy:
    """A text, or a pair of them, that stands in a split and in one before it."""

    text: tuple[str, ...]
    place: Place
    earlier: Place

    def __str__(self) -> str:
        quoted = excerpt(on_one_line(BETWEEN_TEXTS.join(self.text)), longest=LONGEST_NAMED)
        return f'{self.place} is {self.earlier}, "{quoted}"'


def copies_in(splits: Iterable[Split | None]) -> list[Copy]:
    """The texts (or pairs) that are, character for character, also in a split before their own; nothing of images."""
    first: dict[tuple[str, ...], Place] = {}
    found = []
    for split in splits:
        if split is None or not isinstance(split.examples, Texts):
            continue
        whole = split.examples.whole
        names = split.examples.names or [f"text {number}" for number in range(1, len(whole) + 1)]
        places = [Place(split.name, name) for name in names]
        found += [Copy(text, place, first[text]) for text, place in zip(whole, places, strict=True) if text in first]
        for text, place in zip(whole, places, strict=True):
            first.setdefault(text, place)
    return found


def named_copies(copies: Sequence[Copy]) -> str:
    """The first of them, for people, and how many more there are."""
    named = [str(copy) for copy in copies[:MOST_NAMED]]
    more = [f"and {len(copies) - MOST_NAMED:,} more"] if len(copies) > MOST_NAMED else []
    return "; ".join([*named, *more])
