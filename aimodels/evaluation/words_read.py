"""How the texts of a split were read: words known and unknown, texts that were cut or have no word at all."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aimodels.data.plurals import counted
from aimodels.data.text_lengths import length_unit
from aimodels.prediction.outputs import Answers
from aimodels.runs.folder import RunFolder


@dataclass(frozen=True)
class WordsRead:
    """Counts over all texts. `words` (or pieces: `unit`) are those that were read, up to `max_length` of a text."""

    texts: int
    words: int
    unknown: int
    cut: int
    without_words: int
    max_length: int
    keep: str
    unit: str = "words"

    def __str__(self) -> str:
        parts = [
            f"{self.words:,} {self.unit} read, {self.unknown / max(1, self.words):.1%} of them unknown",
            f"{self.cut:,} of {counted(self.texts, 'text')} ({self.cut / max(1, self.texts):.1%}) "
            f"cut to {self.max_length:,} {length_unit(self.unit)}, of which the {self.keep} is kept",
        ]
        if self.without_words:
            parts.append(f"texts without a word: {self.without_words:,}")
        return "\n".join(parts)

    def as_document(self) -> dict[str, Any]:
        """The counts, for JSON; named as in `run.json`."""
        return asdict(self)


def words_read(answers: Answers, *, run: RunFolder) -> WordsRead | None:
    """The counts of the texts that a run has answered; None for images."""
    if answers.num_tokens is None or answers.num_unknown is None:
        return None
    facts = run.facts()["words"]
    # An empty text is read as one unknown word.
    read = np.clip(answers.num_tokens, 1, facts["max_length"])
    return WordsRead(
        texts=len(read),
        words=int(read.sum()),
        unknown=int(answers.num_unknown.sum()),
        cut=int((answers.num_tokens > facts["max_length"]).sum()),
        without_words=int((answers.num_tokens <= facts.get("added", 0)).sum()),
        max_length=facts["max_length"],
        keep=facts["keep"],
        unit=facts.get("unit", "words"),
    )
