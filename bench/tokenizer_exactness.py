"""The pieces of words that a text becomes in the graph against the `tokenizers` library: ids of 10,000 real reviews.

Each review whole, cut to 256 pieces, and with the next one as a pair that is cut to 256. The library reads the
encoder's own files by itself. "differ" counts the texts (or pairs) of which any id is another one.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import results
from numpy.typing import NDArray
from programs import tell

MAX_LENGTH = 256
AT_ONCE = 200
WHOLE = 1_000_000  # no review has so many pieces


def main() -> None:
    """Compare, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True, help="folder of an encoder with tokenizer.json, such as minilm")
    parser.add_argument("--data", required=True, help="the archive of the reviews, aclImdb_v1.tar.gz")
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow(device="cpu")
    reviews = read_reviews(options.data, limit=options.limit)
    seconds = (*reviews[1:], reviews[0])
    rows = [
        compare("reviews, whole", reviews, (), folder=options.encoder, max_length=WHOLE),
        compare(f"reviews, {MAX_LENGTH} pieces", reviews, (), folder=options.encoder, max_length=MAX_LENGTH),
        compare(f"pairs of them, {MAX_LENGTH} pieces", reviews, seconds, folder=options.encoder, max_length=MAX_LENGTH),
    ]
    for row in rows:
        tell(what="tokenizer exactness", **row)
    if options.save:
        command = "python bench/tokenizer_exactness.py --encoder minilm --data aclImdb_v1.tar.gz --save"
        shown = [{**row, "pieces": f"{row['pieces']:,}", "texts": f"{row['texts']:,}", "target": 0} for row in rows]
        note = " ".join((__doc__ or "").split())
        results.save("Pieces of words", results.Figures(command, shown, note=note))
    if any(row["differ"] for row in rows):
        sys.exit("some ids differ")


def read_reviews(source: str, *, limit: int) -> tuple[str, ...]:
    """The first reviews of the archive, of training and test."""
    from aimodels.config.examples import find
    from aimodels.config.loading import load
    from aimodels.data.dataset import Texts
    from aimodels.data.loading import load_dataset

    config = load(find("imdb_transformer"), overrides=[f"data.source={Path(source).resolve()}"]).config
    dataset = load_dataset(config.data, seed=config.seed)
    found: list[str] = []
    for split in (dataset.train, dataset.test):
        if split is not None and isinstance(split.examples, Texts):
            found.extend(split.examples.strings)
    return tuple(found[:limit])


def compare(
    what: str, strings: Sequence[str], seconds: Sequence[str], *, folder: str, max_length: int
) -> dict[str, Any]:
    """How many texts (or pairs) have other ids than the library gives them."""
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    library.no_padding()
    library.enable_truncation(max_length, strategy="longest_first")
    asked = list(zip(strings, seconds, strict=True)) if seconds else list(strings)
    num_pieces = library.get_vocab_size()
    ours = in_the_graph(strings, seconds, folder=folder, max_length=max_length)
    num_differ = num_ids = 0
    # What the library keeps of a text takes a hundred times its memory.
    batches = (asked[start : start + AT_ONCE] for start in range(0, len(asked), AT_ONCE))
    theirs = (encoded for batch in batches for encoded in library.encode_batch(batch))
    for encoded, found in zip(theirs, ours, strict=True):
        wanted = np.array(encoded.ids) + num_pieces * np.array(encoded.type_ids)
        num_differ += not np.array_equal(wanted, found)
        num_ids += len(found)
    return {"read": what, "texts": len(strings), "pieces": num_ids, "differ": num_differ}


def in_the_graph(
    strings: Sequence[str], seconds: Sequence[str], *, folder: str, max_length: int
) -> Iterator[NDArray[np.int32]]:
    """The ids of each text or pair; those of a second text have the number of all pieces added."""
    from aimodels.data.dataset import Texts
    from aimodels.encoders.finding import find_encoder
    from aimodels.layers.wordpieces import Cut, Wordpieces
    from aimodels.preprocessing.words import by_chunk

    encoder, is_pair = find_encoder(folder), bool(seconds)
    cut = Cut(max_length=max_length)
    layer = Wordpieces(encoder.rules, vocabulary=encoder.vocabulary, cut=cut, is_pair=is_pair)

    def read(texts: Any) -> tuple[Any, Any]:
        found = layer.ids_of(layer.words_of(texts))
        return found.flat_values, found.row_lengths()

    for ids, lengths in by_chunk(Texts(tuple(strings), seconds=tuple(seconds)), read, is_pair=is_pair):
        yield from np.split(ids, np.cumsum(lengths)[:-1])


if __name__ == "__main__":
    main()
