"""Texts of white space alone: nothing can be learned from them, and many of them point to a mistake."""

from collections.abc import Sequence

from aimodels.data.found_text import FoundText
from aimodels.data.plurals import counted, one_or_many
from aimodels.errors import DataError
from aimodels.events import warn

MOST_BLANK = 0.1  # of the training texts


def check_blank(texts: Sequence[FoundText], *, where: str) -> None:
    """Warn if many of the training texts are blank (of pairs, both texts), and refuse those that all are.

    Raises:
        DataError: all of them are.
    """
    train = [text for text in texts if text.split == "train"]
    blank = [text for text in train if not any(each.strip() for each in text.texts)]
    if not blank:
        return
    help = "look at the column or the files that the texts are read from"
    if len(blank) == len(train):
        message = f"none of the {counted(len(train), 'training text')} in {where} has a word"
        raise DataError(message, code="AM538", help=help)
    share = len(blank) / len(train)
    if share > MOST_BLANK:
        warn(
            "AM539",
            f"{len(blank):,} of the {counted(len(train), 'training text')} in {where} ({share:.1%}) "
            f"{one_or_many(len(blank), 'is', 'are')} empty, such as {blank[0].name}",
            help=f"{help}; what the model learns of them is how often each answer comes",
        )
