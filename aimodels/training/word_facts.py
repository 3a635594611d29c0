"""What became of the texts when they were read: words or pieces unknown, texts cut, lengths, samples; for `run.json`
and the pictures."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TableInput, TextInput
from aimodels.data.excerpts import excerpt
from aimodels.data.plurals import counted, one_or_many
from aimodels.data.text_lengths import length_unit
from aimodels.events import warn
from aimodels.layers.encoder_embeddings import num_positions
from aimodels.layers.text_reading import readers_of
from aimodels.preprocessing import words
from aimodels.training.table_source import StoredTableSource, TableSource
from aimodels.training.text_counts import TextCounts, counts_of
from aimodels.training.text_source import TextSource

if TYPE_CHECKING:
    from aimodels.layers.wordpieces import Wordpieces
    from aimodels.layers.words import Words
    from aimodels.training.preparing import Prepared

LONGEST_SAMPLE = 300
NUM_BINS = 40
ALL = "all texts"
MOST_CUT = 0.5  # of the training texts


def word_facts(prepared: "Prepared") -> dict[str, Any]:
    """How many words (or pieces: `unit`) are known, and per split: texts, words read, unknown ones, texts cut, texts
    without a word. `added` are the pieces that each text has besides its own, [CLS] and [SEP].
    """
    layer = words.words_layer(prepared.network.preprocessing)
    counts = {name: counts_of(source.encoded, layer=layer) for name, source in _sources(prepared).items()}
    return _facts(layer, counts)


def column_facts(prepared: "Prepared") -> dict[str, dict[str, Any]]:
    """The same of each text column of a table, by its name."""
    found = {"train": prepared.batches.train, "validation": prepared.batches.held_out}
    sources = {name: each for name, each in found.items() if isinstance(each, TableSource | StoredTableSource)}
    return {
        cells.column: _facts(layer, {name: source.texts[layer.name] for name, source in sources.items()})
        for cells, layer in readers_of(prepared.network.preprocessing)
    }


def facts_of_texts(prepared: "Prepared") -> dict[str, Any]:
    """`word_facts`, or of a table `column_facts`; empty where there is no text."""
    if isinstance(prepared.dataset.input, TextInput):
        return word_facts(prepared)
    return column_facts(prepared) if isinstance(prepared.dataset.input, TableInput) else {}


def texts_in_words(prepared: "Prepared") -> str:
    """What became of the training texts: a sentence, of a table a line for each text column; empty without texts."""
    if isinstance(prepared.dataset.input, TextInput):
        return in_words(word_facts(prepared))
    return "\n".join(f"{column}: {in_words(facts)}" for column, facts in facts_of_texts(prepared).items())


def warn_of_cut(prepared: "Prepared") -> None:
    """Warn where most training texts are cut although the encoder could read more of them."""
    positions = num_positions(prepared.network.whole)
    facts = facts_of_texts(prepared) if positions else {}
    of_columns = {"": facts} if "splits" in facts else facts
    for column, found in of_columns.items():
        train = found["splits"]["train"]
        if train["cut"] > MOST_CUT * train["texts"] and found["max_length"] < positions:
            where = f' of the column "{column}"' if column else ""
            other = "start" if found["keep"] == "end" else "end"
            warn(
                "AM537",
                f"{train['cut']:,} of {counted(train['texts'], 'training text')}{where} "
                f"{one_or_many(train['cut'], 'is', 'are')} longer than {found['max_length']:,} "
                f"{length_unit(found['unit'])}; only the {found['keep']} is read",
                help=f"a higher model.wordpieces.max_length, up to {positions:,}, or keep: {other}",
            )


def _facts(layer: "Words | Wordpieces", counts: Mapping[str, TextCounts]) -> dict[str, Any]:
    return {
        "unit": layer.unit,
        "vocabulary": len(layer.vocabulary),
        "max_length": layer.max_length,
        "keep": layer.keep,
        "added": layer.num_added,
        "splits": {name: asdict(each) for name, each in counts.items()},
    }


def in_words(facts: Mapping[str, Any]) -> str:
    """The facts about the training texts in one sentence."""
    train = facts["splits"]["train"]
    unknown, cut = train["unknown"] / max(1, train["words"]), train["cut"] / max(1, train["texts"])
    limit = f"{facts['max_length']:,} {length_unit(facts['unit'])}"
    parts = [
        f"{facts['vocabulary']:,} {facts['unit']} known",
        f"{unknown:.1%} of those read are unknown",
        f"{cut:.1%} of the texts are cut to {limit} ({facts['keep']} kept)",
    ]
    if train["without_words"]:
        have = one_or_many(train["without_words"], "has", "have")
        parts.append(f"{counted(train['without_words'], 'text')} {have} no word")
    return " · ".join(parts)


def sampled_texts(prepared: "Prepared", *, count: int) -> npt.NDArray[np.int64]:
    """Positions of some training texts that stand for all of them, at random: of texts in the order of their length,
    one of each stretch, so that short, usual and long ones are there as often as in the whole split."""
    source = prepared.batches.train
    if not isinstance(source, TextSource):
        raise TypeError("only texts have a length")
    random = np.random.default_rng(prepared.config.seed)
    shuffled = random.permutation(len(source.encoded.num_tokens))
    by_length = shuffled[np.argsort(source.encoded.num_tokens[shuffled], kind="stable")]
    stretches = np.array_split(by_length, min(count, len(by_length)))
    return random.permutation(np.array([random.choice(each) for each in stretches], np.int64))


def text_samples(
    prepared: "Prepared", *, positions: npt.NDArray[np.int64], ids: npt.NDArray[np.int32]
) -> dict[str, Any]:
    """What the network reads of training texts, ids [n, longest]: `texts`, of pairs also `seconds`; with the length of
    each before the cut, its unit, and how much of it is read at most."""
    source, layer = prepared.batches.train, words.words_layer(prepared.network.preprocessing)
    lengths = source.encoded.num_tokens[positions].tolist() if isinstance(source, TextSource) else []
    cut = {"lengths": lengths, "max_length": layer.max_length, "unit": layer.unit}
    return _texts_of(ids, prepared=prepared) | cut


def _texts_of(ids: npt.NDArray[np.int32], *, prepared: "Prepared") -> dict[str, list[str]]:
    """What the network reads of ids [n, longest], as `texts`; of pairs also as `seconds`."""
    layer = words.words_layer(prepared.network.preprocessing)
    if not layer.is_pair:
        return {"texts": [_text_of(row[row != 0], prepared=prepared) for row in ids]}
    num_pieces = len(layer.vocabulary)
    return {
        "texts": [_text_of(row[(row != 0) & (row < num_pieces)], prepared=prepared) for row in ids],
        "seconds": [_text_of(row[row >= num_pieces], prepared=prepared) for row in ids],
    }


def _text_of(ids: npt.NDArray[np.int32], *, prepared: "Prepared") -> str:
    return excerpt(" ".join(words.readable(prepared.network.preprocessing, ids)), longest=LONGEST_SAMPLE)


def lengths_of(prepared: "Prepared") -> dict[str, Any]:
    """Histograms of the words or pieces per text before the cut, per split and class, and the share that is cut. Where
    numbers are predicted, there is one histogram for all texts."""
    facts, names = word_facts(prepared), prepared.dataset.target.class_names
    sources = _sources(prepared)
    everything = np.concatenate([source.encoded.num_tokens for source in sources.values()])
    # A few very long texts would squeeze all others into the first bin.
    end = max(float(np.quantile(everything, 0.99)), facts["max_length"] * 1.1, 1.0) if len(everything) else 1.0
    edges = np.unique(np.linspace(0, np.ceil(end), NUM_BINS + 1).round())
    splits = {}
    for name, source in sources.items():
        split = prepared.dataset.split(name)
        targets = split.targets if split is not None else np.empty(0, np.int64)
        lengths = np.minimum(source.encoded.num_tokens, edges[-1])
        members = {label: targets == number for number, label in enumerate(names)} or {ALL: slice(None)}
        splits[name] = {
            label: {"edges": edges.tolist(), "counts": np.histogram(lengths[chosen], bins=edges)[0].tolist()}
            for label, chosen in members.items()
        }
    cut = {name: counts["cut"] / max(1, counts["texts"]) for name, counts in facts["splits"].items()}
    return {
        "unit": facts["unit"],
        "max_length": facts["max_length"],
        "class_names": list(names),
        "splits": splits,
        "cut": cut,
    }


def _sources(prepared: "Prepared") -> dict[str, TextSource]:
    found = {"train": prepared.batches.train, "validation": prepared.batches.held_out}
    return {name: source for name, source in found.items() if isinstance(source, TextSource)}
