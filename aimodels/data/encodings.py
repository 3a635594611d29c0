"""What an architecture must know about the columns of a table that became tensors."""

import math
from dataclasses import dataclass

MISSING, UNSEEN, FIRST_VALUE = 0, 1, 2  # the ids of categories
# What the tensors of a table are called; texts have a number behind theirs.
NUMBERS, CATEGORIES, TEXT = "numbers", "categories", "text_"


@dataclass(frozen=True)
class CategoryEncoding:
    """A column of `categories`: ids below `num_ids`, where 0 is a missing value and 1 one that training did not show.

    `size` is how many numbers the learned vector of a value has, None for one-hot. `untrained` are those of the ids 0
    and 1 that no row of the training split has.
    """

    name: str
    num_ids: int
    size: int | None = None
    untrained: tuple[int, ...] = ()


@dataclass(frozen=True)
class TextEncoding:
    """The tensor `key` of a text column: ids of words, padded with 0, of at most `max_length` words.

    The key is empty where texts are all that there is.
    """

    name: str
    key: str
    vocabulary: tuple[str, ...]
    max_length: int

    @property
    def prefix(self) -> str:
        """What the names of its layers begin with."""
        return f"{self.key}_" if self.key else ""


def text_alone(vocabulary: tuple[str, ...], *, max_length: int) -> TextEncoding:
    """Texts that are no column of a table."""
    return TextEncoding("", key="", vocabulary=vocabulary, max_length=max_length)


@dataclass(frozen=True)
class Encodings:
    """The tensors of a table: `numbers` float32 [N, F] (F names), `categories` int32 [N, C] and each text's, as far as
    there are such columns."""

    numbers: tuple[str, ...] = ()
    categories: tuple[CategoryEncoding, ...] = ()
    texts: tuple[TextEncoding, ...] = ()


def vector_size(num_ids: int) -> int:
    """How many numbers the vector of a category gets unless the user says so.

    The rule of thumb of the fastai library (`emb_sz_rule` in fastai/tabular/model.py): 1.6 times the 0.56th power of
    the number of values, at most 600.

    >>> [vector_size(num_ids) for num_ids in (3, 12, 100, 20_000, 100_000)]
    [3, 6, 21, 410, 600]
    """
    return min(600, round(1.6 * math.pow(num_ids, 0.56)))
