"""The film reviews of the Large Movie Review Dataset for the peers: read from the archive, numbered, padded.

Knows nothing of aimodels; Keras's TextVectorization numbers the words, by the training reviews. Run as a program, it
writes the training part into an .npz file, for a peer without Keras.
"""

import argparse
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Part:
    """Numbered words of one part, int64 [N, max_length] padded with 0 on the right, and 0 for neg or 1 for pos."""

    ids: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reviews:
    """Both parts, already padded to the longest length."""

    train: Part
    test: Part


def load(archive: Path, *, vocabulary: int, max_length: int, limit: int | None, with_test: bool) -> Reviews:
    """Read, number and pad; `limit` keeps so many random training reviews, for a faster epoch."""
    import keras

    texts = texts_of(archive)
    reading = keras.layers.TextVectorization(max_tokens=vocabulary, output_sequence_length=max_length)
    train_texts = np.array(texts["train"][0], dtype=object)
    reading.adapt(train_texts)
    parts = {}
    for name, (strings, targets) in texts.items():
        chosen = np.arange(len(strings) if name == "train" or with_test else 0)
        if limit and name == "train":
            chosen = np.sort(np.random.default_rng(0).choice(len(strings), size=limit, replace=False))
        every = [strings[position] for position in chosen]
        blocks = [reading(every[start : start + 1000]).numpy() for start in range(0, len(every), 1000)]
        empty = np.empty((0, max_length), dtype=np.int64)
        parts[name] = Part(np.concatenate([empty, *blocks]), np.array(targets)[chosen])
    return Reviews(parts["train"], parts["test"])


def texts_of(archive: Path) -> dict[str, tuple[list[str], list[int]]]:
    """Per part: the reviews with `<br />` as a space, and 0 for neg or 1 for pos; in the order of their names."""
    found: dict[str, list[tuple[str, str, int]]] = {"train": [], "test": []}
    with tarfile.open(archive) as tar:
        for member in tar:
            _, *below = member.name.split("/")
            if member.isfile() and len(below) == 3 and below[1] in ("neg", "pos"):
                content = tar.extractfile(member)
                text = content.read().decode() if content else ""
                found[below[0]].append((member.name, text.replace("<br />", " "), int(below[1] == "pos")))
    return {
        part: ([text for _, text, _ in sorted(rows)], [target for _, _, target in sorted(rows)])
        for part, rows in found.items()
    }


def main() -> None:
    """Write the training part: `ids` int64 [N, max_length] and `targets` int64 [N]."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the archive of the reviews")
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--max-length", type=int, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    sizes = {"vocabulary": options.vocabulary, "max_length": options.max_length, "limit": options.limit}
    train = load(options.data, with_test=False, **sizes).train
    np.savez(options.output, ids=train.ids, targets=train.targets)


if __name__ == "__main__":
    main()
