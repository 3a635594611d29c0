"""Labelled texts, wherever they were found: which of them can be used, what was left out, and how they are split."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from aimodels.config.schema import DatasetOptions
from aimodels.config.section import Fraction
from aimodels.data.blank_texts import check_blank
from aimodels.data.class_counts import check_classes
from aimodels.data.copied_texts import Copy, copies_in, named_copies
from aimodels.data.dataset import Dataset, Provenance, Split, SplitName, Target, Targets, TextInput, Texts
from aimodels.data.fingerprint import TextFacts, of_texts
from aimodels.data.found_text import FoundText
from aimodels.data.plurals import counted, one_or_many
from aimodels.data.splitting import completed, cut_down, left_out_by_limit
from aimodels.data.table_targets import check_numbers
from aimodels.errors import DataError
from aimodels.events import warn

OnError = Literal["fail", "skip", "replace"]
MOST_NAMED = 10
BYTE_ORDER_MARK = "\ufeff"
# Python's way of keeping a byte that is not UTF-8 (surrogateescape), and what JSON can hold: half of a character.
NOT_UTF8 = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextDatasetOptions(DatasetOptions):
    """What every dataset of texts understands."""

    test: Fraction = Field(
        0.1,
        description="Share of the texts kept for the test split, drawn per class, where the data has no test part of "
        "its own; 0 for none.",
    )
    on_error: OnError = Field(
        "fail",
        description="What to do about texts that cannot be used: fail (and name them), skip (and count them), or "
        "replace (each byte that is not UTF-8 by U+FFFD, counted; anything else still fails).",
    )


@dataclass(frozen=True)
class TextCollection:
    """Every text that can be used, in the order in which it was found. `counts` says what was left out or changed."""

    where: str
    target: Target
    texts: tuple[FoundText, ...]
    counts: dict[str, int]

    @property
    def is_pair(self) -> bool:
        """Whether each text comes with a second one."""
        return self.texts[0].second is not None

    @property
    def fingerprint(self) -> str:
        """What the texts are: their splits, targets and contents, in their order; not what they are called."""
        return of_texts(TextFacts(text.split, text.target, text.text, text.second) for text in self.texts)

    @property
    def splits(self) -> dict[SplitName, Split]:
        """The texts of each split that the data comes with."""
        names = dict.fromkeys(text.split for text in self.texts)
        return {name: self._split(name) for name in names}

    def _split(self, name: SplitName) -> Split:
        chosen = [text for text in self.texts if text.split == name]
        seconds = tuple(text.second for text in chosen if text.second is not None)
        examples = Texts(tuple(text.text for text in chosen), tuple(text.name for text in chosen), seconds)
        targets: Targets
        if self.target.task == "regression":
            targets = np.array([float(text.target) for text in chosen], dtype=np.float64)
        elif self.target.task == "none":
            targets = np.zeros(len(chosen), dtype=np.int64)
        else:
            numbers = {class_name: number for number, class_name in enumerate(self.target.class_names)}
            targets = np.array([numbers[text.target] for text in chosen], dtype=np.int64)
        return Split(name=name, examples=examples, targets=targets)

    def count(self, holds: Callable[[str], bool]) -> int:
        """How many texts something is true of; of a pair, it is enough if it is true of one of the two."""
        return sum(any(map(holds, text.texts)) for text in self.texts)


def collect(
    found: Sequence[FoundText],
    *,
    target: Target,
    on_error: OnError,
    where: str,
    ignored: Mapping[str, int],
) -> TextCollection:
    """Keep the texts that can be used. `where` says for people where they were found, `ignored` what was not read.

    A byte order mark, which some programs put before a text, is no part of it.

    Raises:
        DataError: a text cannot be used, and `on_error` does not allow for that; or a class is left without a text.
    """
    unusable = [text for text in found if text.problem]
    _refuse_or_skip(unusable, on_error=on_error, where=where)
    whole = [text for text in found if not text.problem]
    marked = sum(any(each.startswith(BYTE_ORDER_MARK) for each in text.texts) for text in whole)
    if marked:
        whole = [text.changed(lambda each: each.removeprefix(BYTE_ORDER_MARK)) for text in whole]
    not_utf8 = [text for text in whole if any(map(NOT_UTF8.search, text.texts))]
    usable = _without(not_utf8, whole, on_error=on_error, where=where)
    _check_nothing_is_lost(found, usable, target=target, where=where)
    changed = "with bytes that are not UTF-8, replaced" if on_error == "replace" else "that are not UTF-8, skipped"
    counts = {
        "texts that cannot be used, skipped": len(unusable),
        f"texts {changed}": len(not_utf8),
        "byte order marks before texts, dropped": marked,
        **ignored,
    }
    return TextCollection(where=where, target=target, texts=tuple(usable), counts=counts)


def _refuse_or_skip(unusable: Sequence[FoundText], *, on_error: OnError, where: str) -> None:
    if not unusable:
        return
    message = f"{len(unusable):,} of the texts in {where} cannot be used"
    named = _named(unusable, lambda text: text.problem)
    if on_error != "skip":
        advice = "mend or delete them, or write `on_error: skip` to go on without them"
        raise DataError(message, code="AM241", help=advice, notes=named)
    warn("AM219", f"{message}; skipped: {'; '.join(named)}", help="the counts are in run.json")


def _without(
    not_utf8: Sequence[FoundText], found: Sequence[FoundText], *, on_error: OnError, where: str
) -> Sequence[FoundText]:
    """The texts without those that are not UTF-8, or with what is wrong in these replaced."""
    if not not_utf8:
        return found
    message = f"{len(not_utf8):,} of the texts in {where} {one_or_many(len(not_utf8), 'is', 'are')} not UTF-8"
    named = _named(not_utf8, lambda text: next(filter(None, map(first_wrong, text.texts))))
    if on_error == "fail":
        raise DataError(
            message,
            code="AM240",
            help="save them as UTF-8 (`iconv -f LATIN1 -t UTF-8`), or write `on_error: replace` (each wrong byte "
            f"becomes {REPLACEMENT}) or `on_error: skip`",
            notes=named,
        )
    if on_error == "skip":
        warn("AM219", f"{message}; skipped: {'; '.join(named)}", help="the counts are in run.json")
        return [text for text in found if not any(map(NOT_UTF8.search, text.texts))]
    warn("AM248", f"{message}; wrong bytes replaced by {REPLACEMENT}: {'; '.join(named)}", help="see run.json")
    return [text.changed(lambda each: NOT_UTF8.sub(REPLACEMENT, each)) for text in found]


def _named(texts: Sequence[FoundText], reason: Callable[[FoundText], str]) -> list[str]:
    named = [f"{text.name}: {reason(text)}" for text in texts[:MOST_NAMED]]
    return [*named, f"and {len(texts) - MOST_NAMED:,} more"] if len(texts) > MOST_NAMED else named


def first_wrong(text: str) -> str:
    """The first thing in a text that is not UTF-8, and where; empty if there is none."""
    wrong = NOT_UTF8.search(text)
    if wrong is None:
        return ""
    code = ord(wrong.group())
    what = f"byte 0x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"half a character (\\u{code:04x})"
    return f"{what} at character {wrong.start() + 1:,}"


def _check_nothing_is_lost(
    found: Sequence[FoundText], usable: Sequence[FoundText], *, target: Target, where: str
) -> None:
    """Every split, and every class in it, still has a text."""
    for split in {text.split for text in found} - {text.split for text in usable}:
        raise DataError(
            f"no usable text is left for the {split} split of {where}",
            code="AM209",
            help="every text there was skipped; the warning above says why",
        )
    if target.task == "regression":
        return
    there = {(text.split, text.target) for text in found if text.target}
    lost = sorted(there - {(text.split, text.target) for text in usable})
    if lost:
        shown = ", ".join(f"{class_name} ({split})" for split, class_name in lost)
        raise DataError(
            f"no usable text is left for a class of {where}: {shown}",
            code="AM212",
            help="every text there was skipped; replace them, or leave the class out",
        )


def as_dataset(
    collection: TextCollection, *, options: TextDatasetOptions, seed: int, copies: str = "delete the copies"
) -> Dataset:
    """The texts as a dataset: what has no part of its own is drawn by its share, each split cut down to the limit.

    `copies` says what to do about texts that are in two splits.

    Raises:
        DataError: the training part has one class only, or the same number everywhere, or no text with a word.
        ConfigError: `options.limit` is smaller than the number of classes.
    """
    own = collection.splits
    _check_targets(own["train"].targets, target=collection.target, where=collection.where)
    check_blank(collection.texts, where=collection.where)
    splits = completed(own, shares={"test": options.test, "validation": options.validation}, seed=seed)
    found = copies_in(splits)
    noticed = _noticed(collection, num_copies=len(found))
    _warn_of(noticed, collection, found=found, advice=copies)
    counts = collection.counts | noticed | left_out_by_limit(splits, options=options)
    kept = cut_down(splits, options=options, seed=seed)
    return Dataset(
        input=TextInput(is_pair=collection.is_pair),
        target=collection.target,
        train=kept.train,
        validation=kept.validation,
        test=kept.test,
        provenance=Provenance(
            description=f"{options.name} from {collection.where}: {_sizes(own)}{' in pairs' * collection.is_pair}, "
            + _named_targets(collection.target),
            fingerprint=collection.fingerprint,
            counts={what: number for what, number in counts.items() if number},
        ),
    )


def _named_targets(target: Target) -> str:
    if target.task == "none":
        return "without targets"
    return f"{len(target.class_names)} classes" if target.class_names else "numbers"


def _check_targets(targets: Targets, *, target: Target, where: str) -> None:
    if target.task == "regression":
        check_numbers(targets, where=where)
    elif target.task != "none":
        check_classes(targets, class_names=target.class_names, where=where)


EMPTY = "texts without a character"
WITH_NUL = "texts with NUL characters"
COPIES = "texts with an exact copy in an earlier split"


def _noticed(collection: TextCollection, *, num_copies: int) -> dict[str, int]:
    """How many texts are used just as they are, and may be a mistake."""
    return {
        EMPTY: collection.count(lambda text: not text.strip()),
        WITH_NUL: collection.count(lambda text: "\0" in text),
        COPIES: num_copies,
    }


def _warn_of(noticed: dict[str, int], collection: TextCollection, *, found: Sequence[Copy], advice: str) -> None:
    if noticed[WITH_NUL]:
        first = next(text.name for text in collection.texts if any("\0" in each for each in text.texts))
        warn(
            "AM247",
            f"{noticed[WITH_NUL]:,} of the texts in {collection.where} "
            f"{one_or_many(noticed[WITH_NUL], 'holds', 'hold')} NUL characters (such as {first})",
            help="is it UTF-16, or no text at all? They are used as they are",
        )
    if noticed[COPIES]:
        warn(
            "AM224",
            f"{noticed[COPIES]:,} of the texts in {collection.where} {one_or_many(noticed[COPIES], 'is', 'are')}, "
            f"character for character, also in an earlier split (train, validation, test): {named_copies(found)}",
            help=f"scores on them say nothing about new texts; {advice}",
        )


def _sizes(own: dict[SplitName, Split]) -> str:
    if len(own) == 1:
        return counted(len(own["train"]), "text")
    return ", ".join(f"{len(split):,} {name}" for name, split in own.items()) + " texts"
