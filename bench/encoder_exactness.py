"""The states of an encoder against those of the library `transformers` with PyTorch on the same weights and reviews.

In float32, without dropout, at every piece that is no padding; the texts are cut by the library's own tokenizer, and
read once alone and once in pairs of two. The other program (bench/peers/hf_encoder.py) runs in an environment of its
own, which has `transformers` and `torch`.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import results
from programs import run, tell

from aimodels.data.dataset import Texts
from aimodels.datasets import imdb
from aimodels.encoders.encoder import Encoder
from aimodels.encoders.finding import find_encoder

PEER = Path(__file__).parent / "peers/hf_encoder.py"
LARGEST_DIFFERENCE = 1e-5
BATCH = 10


def main() -> None:
    """Compute both, compare, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="a folder in Hugging Face layout")
    parser.add_argument("--reference", required=True, help="a Python that has transformers and torch")
    parser.add_argument("--texts", type=int, default=100, help="reviews, of those that come with the package")
    parser.add_argument("--max-length", type=int, default=256, help="of a text, in pieces")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    encoder = find_encoder(str(options.encoder.resolve()))
    reviews = list(test_reviews(options.texts))
    pairs = [list(pair) for pair in zip(reviews[::2], reviews[1::2], strict=False)]
    rows = []
    for what, texts in (("alone", reviews), ("in pairs", pairs)):
        found = compared(encoder, states_of_the_reference(texts, options=options))
        row = {"encoder": options.encoder.name, "texts": f"{len(reviews)} {what}", **found}
        rows.append(row | {"target": f"<= {LARGEST_DIFFERENCE:g}"})
        tell(what="encoder exactness", **rows[-1])
    if options.save:
        command = "python bench/encoder_exactness.py --encoder minilm --reference PYTHON --save"
        note = " ".join((__doc__ or "").split())
        results.save("Encoder exactness", results.Figures(command, rows, note=note))


def test_reviews(count: int) -> tuple[str, ...]:
    """The first test reviews that come with the package."""
    test = imdb.load(imdb.Options(name="imdb", source="sample"), seed=0).test
    if test is None or not isinstance(test.examples, Texts):
        raise TypeError("the reviews are texts, and some are for tests")
    return test.examples.strings[:count]


def states_of_the_reference(texts: Sequence[Any], *, options: argparse.Namespace) -> dict[str, npt.NDArray[Any]]:
    """`ids`, `mask`, `segments` [N, T] and `states` [N, T, H] of the other program."""
    with tempfile.TemporaryDirectory(prefix="exactness-") as name:
        folder = Path(name)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        asked = [PEER.resolve(), options.encoder.resolve(), "texts.json", "states.npz"]
        run(options.reference, *asked, "--max-length", options.max_length, folder=folder)
        with np.load(folder / "states.npz") as stored:
            return dict(stored)


def compared(encoder: Encoder, reference: dict[str, npt.NDArray[Any]]) -> dict[str, object]:
    """How far our states are from those of the reference, at every piece."""
    is_piece = reference["mask"] == 1
    # A piece of the second text has the number of pieces added.
    ids = np.where(is_piece, reference["ids"] + reference["segments"] * encoder.shape.pieces, 0).astype(np.int32)
    difference = np.abs(states(encoder, ids) - reference["states"])[is_piece]
    size = np.abs(reference["states"][is_piece])
    return {
        "pieces": f"{is_piece.sum():,}",
        "largest difference": f"{difference.max():.2g}",
        "mean difference": f"{difference.mean():.2g}",
        "largest state": f"{size.max():.3g}",
    }


def states(encoder: Encoder, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """What our layers make of them, [N, T, H]."""
    import keras

    from aimodels.layers.bert_encoder import encoder_layers, load_weights

    inputs = keras.Input((None,), dtype="int32")
    layers = encoder_layers(encoder.shape)
    model = keras.Model(inputs, layers(inputs))
    load_weights(layers, encoder.weights())
    return np.concatenate([np.asarray(model(ids[start : start + BATCH])) for start in range(0, len(ids), BATCH)])


if __name__ == "__main__":
    main()
