"""An exported convolutional network against the run it came from, on 1,000 test images.

The export is asked in a process with TensorFlow alone (bench/peers/saved_model_client.py). Its size is compared with
what the weights take at least: 4 bytes each, once.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import results
from programs import aimodels, run, tell

from aimodels.distribution.tensorflow_start import start_tensorflow
from aimodels.exporting import examples_of
from aimodels.prediction.predict import Predictor
from aimodels.runs.folder import RunFolder

CLIENT = Path(__file__).parent / "peers" / "saved_model_client.py"
LARGEST_DIFFERENCE = 1e-5
LARGEST_SIZE = 1.1


def main() -> None:
    """Train, export, compare, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="mnist_cnn", help="trained for one epoch")
    parser.add_argument("--data", default="auto", help="an .npz file in the layout of Keras's mnist.npz, or auto")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    source = options.data if options.data == "auto" else Path(options.data).resolve()
    with tempfile.TemporaryDirectory(prefix="export-") as name:
        folder = Path(name)
        changes = [f"data.source={source}", "train.epochs=1"]
        aimodels("train", options.config, *changes, "--no-plots", "--run-dir", folder / "run", folder=folder)
        aimodels("export", folder / "run", "-f", "saved_model", "-o", folder / "exported", folder=folder)
        found = compare(RunFolder.open(folder / "run"), folder / "exported/saved_model/1", num_images=options.images)
    tell(what="export", config=options.config, **found)
    if options.save:
        targets = {"largest difference": f"<= {LARGEST_DIFFERENCE:g}", "size / weights": f"<= {LARGEST_SIZE}"}
        rows = [
            {
                "what": what,
                "value": f"{value:.3g}" if isinstance(value, float) else value,
                "target": targets.get(what, ""),
            }
            for what, value in found.items()
        ]
        results.save("Export", results.Figures("python bench/export.py", rows, note=" ".join((__doc__ or "").split())))


def compare(trained: RunFolder, exported: Path, *, num_images: int) -> dict[str, object]:
    """Ask both about the same images."""
    start_tensorflow(device="cpu")
    images = examples_of(trained, most=num_images)
    if not isinstance(images, np.ndarray):
        raise TypeError(f"{trained.name} does not take images")
    wanted = Predictor(trained).answer(images)
    with tempfile.TemporaryDirectory(prefix="export-") as name:
        np.save(Path(name, "images.npy"), images)
        run(sys.executable, "-I", CLIENT, exported, "images.npy", "answers.npz", folder=Path(name))
        with np.load(Path(name, "answers.npz")) as answers:
            probabilities, label = answers["probabilities"], answers["label"]
    weights = 4 * trained.facts()["num_parameters"]
    stored = sum(path.stat().st_size for path in (exported / "variables").iterdir())
    return {
        "test images": len(images),
        "largest difference": float(np.abs(probabilities - wanted.probabilities).max()),
        "labels that differ": int(np.sum(label != np.array(wanted.labels))),
        "weights, bytes": weights,
        "stored variables, bytes": stored,
        "size / weights": stored / weights,
    }


if __name__ == "__main__":
    main()
