"""A fine-tuned encoder, exported, against the run it came from, on 500 raw test reviews.

The export is asked in a process with TensorFlow alone (bench/peers/text_client.py), some reviews at a time, padded to
the longest of them; the run answers in batches of similar length. Fine-tuned for one epoch on some of the reviews that
come with the package.
"""

import argparse
import tempfile
from pathlib import Path

import results
from programs import aimodels, tell
from text_export import compare

from aimodels.runs.folder import RunFolder

CONFIG = "imdb_minilm"
LARGEST_DIFFERENCE = 1e-4


def main() -> None:
    """Train, export, compare, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="the folder of MiniLM, in Hugging Face layout")
    parser.add_argument("--limit", type=int, default=500, help="reviews of each split")
    parser.add_argument("--texts", type=int, default=500, help="test reviews, of the 1,000 of the package")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bert-export-") as name:
        folder = Path(name)
        changes = [f"model.encoder={options.encoder.resolve()}", "data.source=sample", "train.epochs=1"]
        changes += [f"data.limit={options.limit}"]
        aimodels("train", CONFIG, *changes, "--no-plots", "--run-dir", folder / "run", folder=folder)
        aimodels("export", folder / "run", "-f", "saved_model", "-o", folder / "exported", folder=folder)
        found = compare(RunFolder.open(folder / "run"), folder / "exported/saved_model/1", most=options.texts)
    row = {"config": CONFIG, **found, "target, difference": f"<= {LARGEST_DIFFERENCE:g}"}
    tell(what="bert export", **row)
    if options.save:
        command = "python bench/bert_export.py --encoder minilm --save"
        results.save("BERT export", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


if __name__ == "__main__":
    main()
