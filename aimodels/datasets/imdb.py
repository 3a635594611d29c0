"""IMDB: 50,000 film reviews in English, 25,000 to train on and 25,000 (of other films) to test on; half of them good.

Maas, Daly, Pham, Huang, Ng and Potts, "Learning Word Vectors for Sentiment Analysis", 2011,
https://ai.stanford.edu/~amaas/data/sentiment/

The texts are given as they are, with the HTML line breaks (`<br />`) that the reviews have.

Example: ("A waste of two good hours and one good actor.<br /><br />Stay away.", 0)    0 = neg, 1 = pos
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from aimodels.data.class_folders import FileKind, find
from aimodels.data.dataset import Dataset, SplitName, target_of
from aimodels.data.downloading import RemoteFile, fetch
from aimodels.data.found_text import FoundText
from aimodels.data.missing import missing
from aimodels.data.text_archives import members
from aimodels.data.text_collection import TextDatasetOptions, as_dataset, collect
from aimodels.data.text_columns import Columns
from aimodels.data.text_files import decoded, read_files
from aimodels.data.text_tables import Tables, find_tables, holds_tables, is_table, read_tables
from aimodels.errors import DataError

CLASS_NAMES = ("neg", "pos")
SAMPLES = Path(__file__).parent.parent / "data" / "samples"
SAMPLE: Tables = {
    "train": (SAMPLES / "imdb_sample_train.csv.gz",),
    "test": (SAMPLES / "imdb_sample_test.csv.gz",),
}
# The hash is that of tensorflow_datasets/datasets/imdb_reviews/checksums.tsv.
ORIGINAL = RemoteFile(
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    cached_as="aclImdb_v1.tar.gz",
    otherwise="or write `source: sample` for the 3,000 reviews that come with the package",
)
EXPECTED = "the archive aclImdb_v1.tar.gz, its folder unpacked, or a table of reviews (.csv, .jsonl, .parquet)"
# As the reviews are called in the archive: the number of the review and the stars that the film got.
FILE = re.compile(r"\d+_\d+\.txt")
IN_ARCHIVE = re.compile(r"(?:^|/)(train|test)/(neg|pos)/(\d+_\d+\.txt)$")
UNLABELLED = re.compile(r"(?:^|/)train/unsup/")
REVIEWS = FileKind(
    one="a review",
    many="reviews",
    is_one=lambda path: FILE.fullmatch(path.name) is not None,
    readable="reviews named as in the archive (0_9.txt)",
    no_classes=frozenset({"unsup"}),
)
# What a table may call the classes, in lower case; https://huggingface.co/datasets/stanfordnlp/imdb has numbers.
IN_TABLES = {"neg": "neg", "negative": "neg", "0": "neg", "pos": "pos", "positive": "pos", "1": "pos"}
COPIES = "the original has some such reviews, which are kept so that scores compare with published ones"


class Options(TextDatasetOptions):
    """Film reviews, good and bad."""

    name: Literal["imdb"] = Field(description="The dataset.")
    source: str = Field(
        "auto",
        min_length=1,
        description="auto (Keras's cache folder, else downloaded into it), sample (2,000 + 1,000 reviews that come "
        "with the package, offline), or a path: the archive (.tar.gz, .tar, .zip), the folder unpacked from it, or a "
        "table of reviews as the dataset text_table reads them.",
        examples=["auto", "sample", "data/aclImdb"],
    )


@dataclass(frozen=True)
class _Found:
    """The reviews, where they are from, and what was not read."""

    reviews: list[FoundText]
    where: str
    ignored: dict[str, int]


def load(options: Options, *, seed: int) -> Dataset:
    """Read the reviews, just as they are, downloading them where that is asked for.

    Raises:
        UserError: the source is not there, cannot be downloaded, is broken, or is something else.
    """
    found = _found(options)
    collection = collect(
        found.reviews,
        target=target_of(CLASS_NAMES),
        on_error=options.on_error,
        where=found.where,
        ignored=found.ignored,
    )
    return as_dataset(collection, options=options, seed=seed, copies=COPIES)


def _found(options: Options) -> _Found:
    if options.source == "sample":
        return _Found(_from_tables(SAMPLE), where="the bundled sample", ignored={})
    path = fetch(ORIGINAL) if options.source == "auto" else Path(options.source).expanduser()
    where = str(path) if options.source == "auto" else options.source
    if not path.exists():
        raise missing(path, what=EXPECTED)
    if is_table(path) or (path.is_dir() and holds_tables(path)):
        return _Found(_from_tables(find_tables(path)), where=where, ignored={})
    return _from_folder(path, where=where) if path.is_dir() else _from_archive(path, where=where)


def _from_tables(tables: Tables) -> list[FoundText]:
    return [_labelled(review) for review in read_tables(tables, columns=Columns())]


def _labelled(review: FoundText) -> FoundText:
    """The review with its class called as in the archive."""
    class_name = IN_TABLES.get(review.target.lower())
    if class_name is None and not review.problem:
        raise DataError(
            f"{review.name} has the class {review.target}, expected neg or pos (negative, positive, 0, 1)",
            code="AM246",
            help="for texts with classes of your own write `data: {name: text_table, path: ...}`",
        )
    return replace(review, target=class_name or "")


def _from_folder(path: Path, *, where: str) -> _Found:
    root = path / "aclImdb" if (path / "aclImdb").is_dir() else path
    folders = find(root, kind=REVIEWS)
    _expect_layout(where, ((split, name) for split, classes in folders.splits.items() for name in classes))
    return _Found(read_files(folders), where=where, ignored=folders.ignored(REVIEWS))


def _from_archive(path: Path, *, where: str) -> _Found:
    """The reviews in the order in which the unpacked folder would give them."""
    found: dict[tuple[SplitName, str, str], FoundText] = {}
    num_unlabelled = num_others = 0
    for member in members(path, wanted=lambda name: IN_ARCHIVE.search(name) is not None):
        matched = IN_ARCHIVE.search(member.name)
        if matched is None or member.content is None:
            is_unlabelled = UNLABELLED.search(member.name) is not None
            num_unlabelled += is_unlabelled
            num_others += not is_unlabelled
            continue
        split: SplitName = "train" if matched[1] == "train" else "test"
        key = (split, matched[2], matched[3])
        name = "/".join(key)
        if key in found:
            raise _another_layout(where, f"it has the review {name} twice")
        found[key] = FoundText(split, matched[2], name, decoded(member.content))
    _expect_layout(where, ((split, name) for split, name, _ in found))
    order = sorted(found, key=lambda key: (key[0] != "train", key[1], key[2]))
    ignored = {"reviews without a class, ignored": num_unlabelled, "files that are no reviews, ignored": num_others}
    return _Found([found[key] for key in order], where=where, ignored=ignored)


def _expect_layout(where: str, found: Iterable[tuple[SplitName, str]]) -> None:
    there = {f"{split}/{name}/" for split, name in found}
    expected = {f"{split}/{name}/" for split in ("train", "test") for name in CLASS_NAMES}
    if there != expected:
        absent = ", ".join(sorted(expected - there))
        raise _another_layout(
            where, f"no reviews in {absent}" if absent else f"{', '.join(sorted(there - expected))} too"
        )


def _another_layout(where: str, what: str) -> DataError:
    return DataError(
        f"{where} is not laid out as the Large Movie Review Dataset: {what}",
        code="AM246",
        help="expected train/pos/, train/neg/, test/pos/ and test/neg/ with one review per file, such as 0_9.txt; for "
        "texts of your own write `data: {name: text_folder, path: ...}`",
    )
