"""How the texts of a split were read: words or pieces known and unknown, texts that were cut or have no word."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from aimodels.preprocessing.words import Encoded

if TYPE_CHECKING:
    from aimodels.layers.wordpieces import Wordpieces
    from aimodels.layers.words import Words


@dataclass(frozen=True)
class TextCounts:
    """Counts over some texts. `words` (or pieces) are those that are read, `unknown` those that are not known."""

    texts: int = 0
    words: int = 0
    unknown: int = 0
    cut: int = 0
    without_words: int = 0

    def __add__(self, other: "TextCounts") -> "TextCounts":
        theirs = asdict(other)
        return TextCounts(**{name: count + theirs[name] for name, count in asdict(self).items()})


def counts_of(encoded: Encoded, *, layer: "Words | Wordpieces") -> TextCounts:
    """The counts of texts that a layer has read."""
    return TextCounts(
        texts=len(encoded.num_tokens),
        words=len(encoded.ids),
        unknown=int(layer.is_unknown(encoded.ids).sum()),
        cut=int((encoded.num_tokens > layer.max_length).sum()),
        without_words=int((encoded.num_tokens <= layer.num_added).sum()),
    )


def counting(
    chunks: Iterator[dict[str, Any]], *, layers: "Mapping[str, Words | Wordpieces]", counts: dict[str, TextCounts]
) -> Iterator[dict[str, Any]]:
    """The chunks of rows as they come; what is in the texts of each is added to `counts`, by their key."""
    for chunk in chunks:
        for key, layer in layers.items():
            counts[key] = counts.get(key, TextCounts()) + counts_of(chunk[key], layer=layer)
        yield chunk
