"""Penguins by species in five folds: the shipped config against logistic regression on the same folds.

The numbers are those that `aimodels train penguins --folds 5` prints: each fold is tested on once, by a network whose
validation split was drawn from the other four.
"""

import argparse
import json
import tempfile
from pathlib import Path

import results
from programs import aimodels, tell

TARGET = 97.0


def main() -> None:
    """Measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    rows = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory(prefix="table-folds-") as name:
            ended = aimodels("train", "penguins", "--folds", 5, f"seed={seed}", "--json", folder=Path(name))
            path = Path(name, json.loads(ended.stdout)["run"]["path"], "folds.json")
            folds = json.loads(path.read_text(encoding="utf-8"))
        mean, deviation = folds["mean"]["accuracy"], folds["std"]["accuracy"]
        simple = folds["baselines"]["logistic regression"]
        linear = {"mean": simple["mean"]["accuracy"], "std": simple["std"]["accuracy"]}
        tell(what="table folds", seed=seed, mean=mean, std=deviation, linear=linear, seconds=ended.seconds)
        rows.append(
            {
                "seed": seed,
                "accuracy, %": f"{100 * mean:.2f} ± {100 * deviation:.2f}",
                "logistic regression, %": f"{100 * linear['mean']:.2f} ± {100 * linear['std']:.2f}",
                "seconds": round(ended.seconds),
                "target": f">= {TARGET:.0f}",
            }
        )
    if options.save:
        command = f"python bench/table_folds.py --seeds {options.seeds} --save"
        results.save("Folds of penguins", results.Figures(command, rows, note=" ".join((__doc__ or "").split())))


if __name__ == "__main__":
    main()
