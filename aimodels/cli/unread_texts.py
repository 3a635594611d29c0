"""What `predict` says of texts that were not read to their end, and of those without a word."""

from typing import TYPE_CHECKING

from aimodels.data.plurals import counted, one_or_many
from aimodels.data.text_lengths import length_unit
from aimodels.events import warn

if TYPE_CHECKING:
    from aimodels.prediction.unread_texts import UnreadTexts


def warn_of_unread(texts: "UnreadTexts") -> None:
    """Words beyond the longest length are not read, and of a text without words there is nothing to read."""
    unit, where = texts.unit, f' of the column "{texts.column}"' if texts.column else ""
    among = f"{counted(texts.texts, 'text')}{where}"
    if texts.cut:
        if unit == "pieces":
            option = "model.wordpieces.max_length"
        else:
            option = f"data.columns.{texts.column}.words.max_length" if where else "model.words.max_length"
        other = "start" if texts.keep == "end" else "end"
        warn(
            "AM235",
            f"{texts.cut:,} of {among} {one_or_many(texts.cut, 'is', 'are')} longer than "
            f"{texts.max_length:,} {length_unit(unit)}; only the {texts.keep} was read",
            help=f"train with a higher {option} or with keep: {other}, or split the texts",
        )
    if texts.without_words:
        number = texts.without_words
        warn(
            "AM236",
            f"{number:,} of {among} {one_or_many(number, 'holds', 'hold')} no word, and "
            f"{one_or_many(number, 'is', 'are')} {'read' if where else 'answered'} as "
            f"{'one unknown word' if unit == 'words' else 'a text of special pieces alone'}",
            help="" if where else "such an answer says what the network believes of nothing",
        )
