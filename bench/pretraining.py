"""Continued pre-training of an encoder on the training reviews of IMDB for a while: perplexity before and after.

Of the pieces of the validation reviews the same ones are hidden before and after. The time is that of the training loop
with its last measurement; TensorFlow's import and reading the archive come on top.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import results
from programs import aimodels, tell

from aimodels.runs.folder import RunFolder

CONFIG = "imdb_pretrain"
TITLE = "Continued pre-training"


def main() -> None:
    """Pre-train, print what was measured, and save it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the archive of the reviews, aclImdb_v1.tar.gz")
    parser.add_argument("--encoder", required=True, help="the folder of the encoder")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long it trains")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="changes, to try it out")
    parser.add_argument("--keep", type=Path, help="a new folder for the run; otherwise it is removed")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    if options.set and options.save:
        parser.error("a changed config is not measured: leave out --set, or --save")
    changes = [
        f"data.source={Path(options.data).resolve()}",
        f"model.encoder={Path(options.encoder).resolve()}",
        f"train.max_time={options.minutes:g}m",
        *options.set,
    ]
    with tempfile.TemporaryDirectory(prefix="pretraining-") as folder:
        place = options.keep.resolve() if options.keep else Path(folder) / "run"
        began_at = time.perf_counter()
        aimodels("pretrain", CONFIG, "--run-dir", place, "--no-plots", *changes, folder=Path(folder))
        found = measured(RunFolder(place)) | {"whole_command_seconds": time.perf_counter() - began_at}
    tell(what="continued pre-training", **found)
    if options.save:
        results.save(TITLE, results.Figures(command(options.minutes), [row(found)], note=" ".join(__doc__.split())))


def measured(run: RunFolder) -> dict[str, Any]:
    """What the run says of itself."""
    metrics, facts = run.metrics(), run.facts()
    before, last = metrics["before"]["all"], metrics["last"]["all"]
    return {
        "windows": facts["pretraining"]["splits"]["train"]["windows"],
        "epochs": facts["epochs_done"] - 1 + facts["fraction"] if facts["fraction"] else facts["epochs_done"],
        "seconds": facts["seconds"],
        "perplexity_before": before["val_perplexity"],
        "perplexity_after": last["val_perplexity"],
        "accuracy_before": before["val_accuracy"],
        "accuracy_after": last["val_accuracy"],
    }


def row(found: dict[str, Any]) -> dict[str, str]:
    """The figures as they stand in the table."""
    return {
        "config": CONFIG,
        "windows seen": f"{found['windows'] * found['epochs']:,.0f} of {found['windows']:,}",
        "time": f"{found['seconds'] / 60:.1f} min",
        "perplexity before": f"{found['perplexity_before']:,.1f}",
        "after": f"{found['perplexity_after']:,.1f}",
        "hidden pieces guessed before": f"{found['accuracy_before']:.1%}",
        "after ": f"{found['accuracy_after']:.1%}",
    }


def command(minutes: float) -> str:
    """What measures it again."""
    longer = "" if minutes == 20 else f" --minutes {minutes:g}"
    return f"python bench/pretraining.py --data aclImdb_v1.tar.gz --encoder minilm{longer} --save"


if __name__ == "__main__":
    main()
