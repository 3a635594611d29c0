"""A frozen encoder whose features are computed once, against the same run that reads the texts in each step.

Both sides are `aimodels train` of the same config and seed, in processes of their own that take turns; the folder of
kept features is empty for each. The times are those of the runs themselves: of the second epoch, since the first also
traces, and of all of the training, with the features in it. Accuracy is that on the test reviews.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

import results
from programs import aimodels, tell

from aimodels.runs.folder import RunFolder

CONFIG = "imdb_minilm_frozen"
SIDES = {"cached": "model.cache_features=true", "in each step": "model.cache_features=false"}
TARGET = 50
Side = dict[str, float]


def main() -> None:
    """Measure both sides, print each run, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="the folder of MiniLM, in Hugging Face layout")
    parser.add_argument("--data", required=True, help="the archive of the reviews, aclImdb_v1.tar.gz, or sample")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each side")
    parser.add_argument("--epochs", type=int, default=3, help="per run, at least 2")
    parser.add_argument("--limit", type=int, help="training reviews; all 25,000 unless given")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    options.encoder = options.encoder.resolve()
    options.data = options.data if options.data == "sample" else Path(options.data).resolve()
    found: dict[str, list[Side]] = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side, rounds in found.items():
            with tempfile.TemporaryDirectory(prefix="frozen-features-") as folder:
                rounds.append(once(options, Path(folder), side=side, seed=number + 1))
            tell(what="frozen features", side=side, run=number, **rounds[-1])
    row = compared(found, options=options)
    tell(what="frozen features", **row)
    if options.save:
        save(row, options)


def once(options: argparse.Namespace, folder: Path, *, side: str, seed: int) -> Side:
    """Train and measure one side."""
    changes = [f"model.encoder={options.encoder}", f"data.source={options.data}", SIDES[side]]
    changes += [f"train.epochs={options.epochs}", f"seed={seed}"]
    changes += [f"data.limit={options.limit}"] if options.limit else []
    # Features that another run has kept are not found there.
    environment = {"KERAS_HOME": str(folder / "keras")}
    path = folder / "run"
    aimodels("train", CONFIG, *changes, "--no-plots", "-q", "--run-dir", path, folder=folder, environment=environment)
    told = aimodels("eval", path, "--no-plots", "--json", folder=folder, environment=environment)
    run = RunFolder.open(path)
    return {
        "second epoch, s": run.timing()["seconds"][1],
        "training, s": run.facts()["seconds"],
        "test accuracy": json.loads(told.stdout)["metrics"]["accuracy"],
    }


def compared(found: dict[str, list[Side]], *, options: argparse.Namespace) -> dict[str, object]:
    """One row of results.md."""
    cached, each_step = found.values()
    name = "second epoch, s"
    ratio = median(slow[name] / fast[name] for fast, slow in zip(cached, each_step, strict=True))
    row: dict[str, object] = {"encoder": "MiniLM, 6 blocks of 384", "reviews": options.limit or 25_000}
    for side, rounds in found.items():
        row |= {
            f"second epoch {side}, s": f"{median(each[name] for each in rounds):.2f}",
            f"{options.epochs} epochs {side}, s": f"{median(each['training, s'] for each in rounds):.0f}",
            f"test accuracy {side}": f"{median(each['test accuracy'] for each in rounds):.4f}",
        }
    return row | {"second epoch, times faster (median)": f"{ratio:.0f}", "target": TARGET}


def save(row: dict[str, object], options: argparse.Namespace) -> None:
    """Into results.md, with the command that measures it again."""
    limit = f" --limit {options.limit}" if options.limit else ""
    sizes = f"--rounds {options.rounds} --epochs {options.epochs}{limit}"
    command = f"python bench/frozen_features.py --encoder minilm --data aclImdb_v1.tar.gz {sizes} --save"
    results.save("Frozen features", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


if __name__ == "__main__":
    main()
