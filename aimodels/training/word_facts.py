"""What became of the texts when they were read: words unknown, texts cut, lengths; for `run.json` and the pictures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.excerpts import excerpt
from aimodels.layers.words import UNKNOWN
from aimodels.preprocessing import words
from aimodels.training.text_source import TextSource

if TYPE_CHECKING:
    from aimodels.training.preparing import Prepared

LONGEST_SAMPLE = 300
NUM_BINS = 40


def word_facts(prepared: "Prepared") -> dict[str, Any]:
    """How many words are known, and per split: texts, words read, unknown ones, texts cut, texts without a word."""
    options = prepared.config.model.words  # type: ignore[attr-defined]  # what takes words has its options
    return {
        "vocabulary": len(words.vocabulary(prepared.network.preprocessing)),
        "max_length": options.max_length,
        "keep": options.keep,
        "splits": {name: _counts(source, max_length=options.max_length) for name, source in _sources(prepared).items()},
    }


def in_words(facts: Mapping[str, Any]) -> str:
    """The facts about the training texts in one sentence."""
    train = facts["splits"]["train"]
    unknown, cut = train["unknown"] / max(1, train["words"]), train["cut"] / max(1, train["texts"])
    parts = [
        f"{facts['vocabulary']:,} known",
        f"{unknown:.1%} of those read are unknown",
        f"{cut:.1%} of the texts are cut to {facts['max_length']:,} ({facts['keep']} kept)",
    ]
    if train["without_words"]:
        parts.append(f"{train['without_words']:,} texts have no word")
    return " · ".join(parts)


def texts_of(ids: npt.NDArray[np.int32], *, prepared: "Prepared") -> list[str]:
    """What the network reads of a batch of ids [n, longest], as text."""
    known = words.vocabulary(prepared.network.preprocessing)
    return [excerpt(" ".join(known[number] for number in row if number), longest=LONGEST_SAMPLE) for row in ids]


def lengths_of(prepared: "Prepared") -> dict[str, Any]:
    """Histograms of the words per text before the cut, per split and class, and the share that is cut."""
    facts, names = word_facts(prepared), prepared.dataset.target.class_names
    sources = _sources(prepared)
    everything = np.concatenate([source.encoded.num_words for source in sources.values()])
    # A few very long texts would squeeze all others into the first bin.
    end = max(float(np.quantile(everything, 0.99)), facts["max_length"] * 1.1, 1.0) if len(everything) else 1.0
    edges = np.unique(np.linspace(0, np.ceil(end), NUM_BINS + 1).round())
    splits = {}
    for name, source in sources.items():
        split = prepared.dataset.split(name)
        targets = split.targets if split is not None else np.empty(0, np.int64)
        lengths = np.minimum(source.encoded.num_words, edges[-1])
        splits[name] = {
            label: {
                "edges": edges.tolist(),
                "counts": np.histogram(lengths[targets == number], bins=edges)[0].tolist(),
            }
            for number, label in enumerate(names)
        }
    cut = {name: counts["cut"] / max(1, counts["texts"]) for name, counts in facts["splits"].items()}
    return {"max_length": facts["max_length"], "class_names": list(names), "splits": splits, "cut": cut}


def _sources(prepared: "Prepared") -> dict[str, TextSource]:
    found = {"train": prepared.batches.train, "validation": prepared.batches.held_out}
    return {name: source for name, source in found.items() if isinstance(source, TextSource)}


def _counts(source: TextSource, *, max_length: int) -> dict[str, int]:
    encoded = source.encoded
    return {
        "texts": len(encoded.num_words),
        "words": len(encoded.ids),
        "unknown": int((encoded.ids == UNKNOWN).sum()),
        "cut": int((encoded.num_words > max_length).sum()),
        "without_words": int((encoded.num_words == 0).sum()),
    }
