"""Exported text networks against the runs they came from, on 500 raw test reviews.

The export is asked in a process with TensorFlow alone (bench/peers/text_client.py), 100 reviews at a time; the run
answers in batches of similar length. Trained for one epoch on the reviews that come with the package.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import results
from programs import aimodels, run, tell

from aimodels.data.dataset import Texts
from aimodels.data.loading import load_dataset
from aimodels.distribution.tensorflow_start import start_tensorflow
from aimodels.prediction.predict import Predictor
from aimodels.runs.folder import RunFolder

CLIENT = Path(__file__).parent / "peers" / "text_client.py"
CONFIGS = ("imdb_lstm", "imdb_lstm_published", "imdb_transformer")
LARGEST_DIFFERENCE = 1e-5


def main() -> None:
    """Train, export, compare, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="*", default=list(CONFIGS), metavar="CONFIG")
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    rows = []
    for config in options.configs:
        with tempfile.TemporaryDirectory(prefix="text-export-") as name:
            folder = Path(name)
            changes = ["data.source=sample", "train.epochs=1"]
            aimodels("train", config, *changes, "--no-plots", "--run-dir", folder / "run", folder=folder)
            aimodels("export", folder / "run", "-f", "saved_model", "-o", folder / "exported", folder=folder)
            found = compare(RunFolder.open(folder / "run"), folder / "exported/saved_model/1", most=options.texts)
        tell(what="text export", config=config, **found)
        rows.append({"config": config, **found, "target, difference": f"<= {LARGEST_DIFFERENCE:g}"})
    if options.save:
        note = " ".join((__doc__ or "").split())
        results.save("Text export", results.Figures("python bench/text_export.py --save", rows, note=note))


def compare(trained: RunFolder, exported: Path, *, most: int) -> dict[str, object]:
    """Ask both about the same reviews."""
    start_tensorflow(device="cpu")
    config = trained.config
    test = load_dataset(config.data, seed=config.seed).test
    if test is None or not isinstance(test.examples, Texts):
        raise TypeError(f"{config.data.name} has no test texts")
    texts = test.take(np.linspace(0, len(test) - 1, num=min(most, len(test))).astype(np.int64)).examples
    if not isinstance(texts, Texts):
        raise TypeError("texts stay texts")
    wanted = Predictor(trained).answer(texts)
    with tempfile.TemporaryDirectory(prefix="text-export-") as name:
        Path(name, "texts.json").write_text(json.dumps(texts.strings), encoding="utf-8")
        run(sys.executable, "-I", CLIENT, exported, "texts.json", "answers.npz", folder=Path(name))
        with np.load(Path(name, "answers.npz")) as answers:
            probabilities, label = answers["probabilities"], answers["label"]
    weights = 4 * trained.facts()["num_parameters"]
    stored = sum(path.stat().st_size for path in (exported / "variables").iterdir())
    return {
        "texts": len(texts),
        "largest difference": f"{float(np.abs(probabilities - wanted.probabilities).max()):.2g}",
        "labels that differ": int(np.sum(label != np.array(wanted.labels))),
        "stored variables / weights": f"{stored / weights:.3f}",
    }


if __name__ == "__main__":
    main()
