"""What a newcomer waits for: `aimodels train quickstart`, then `aimodels eval latest`, in an empty folder, offline.

Wall time of the whole commands, with TensorFlow's import; accuracy on the 1,000 bundled test digits.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

import results
from programs import aimodels, tell

SECONDS = 60.0
ACCURACY = 0.965
NOWHERE = "http://127.0.0.1:9"  # the port of nobody


def main() -> None:
    """Measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    measured = [once(number) for number in range(options.rounds)]
    if options.save:
        rows = [
            {
                "what": name,
                "median": f"{median(values[name] for values in measured):.4g}",
                "all": ", ".join(f"{values[name]:.4g}" for values in measured),
                "target": target,
            }
            for name, target in [("train, s", f"< {SECONDS:g}"), ("eval, s", ""), ("test accuracy", f">= {ACCURACY}")]
        ]
        command = f"python bench/quickstart.py --rounds {options.rounds}"
        results.save("Quickstart", results.Figures(command, rows, note=" ".join((__doc__ or "").split())))


def once(number: int) -> dict[str, float]:
    """Train and evaluate as on a machine that has nothing yet and no network."""
    with tempfile.TemporaryDirectory(prefix="quickstart-") as name:
        folder = Path(name)
        alone = {"KERAS_HOME": str(folder / "keras"), "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE}
        trained = aimodels("train", "quickstart", folder=folder, environment=alone)
        evaluated = aimodels("eval", "latest", "--json", folder=folder, environment=alone)
    accuracy = json.loads(evaluated.stdout)["metrics"]["accuracy"]
    measured = {"train, s": trained.seconds, "eval, s": evaluated.seconds, "test accuracy": accuracy}
    tell(what="quickstart", run=number, **measured)
    return measured


if __name__ == "__main__":
    main()
