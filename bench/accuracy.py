"""Trains the shipped configs to their end and measures them on the whole test split.

What a config reaches belongs into its second line, which `--update-headers` writes. Times are those of the whole
command `aimodels train`, with TensorFlow's import and the pictures.
"""

import argparse
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import results
from programs import aimodels, tell

from aimodels.config.examples import find, folder
from aimodels.config.loading import load
from aimodels.config.schema import Config
from aimodels.runs.folder import RunFolder

# The second line of a config whose result is measured here.
MEASURED = re.compile(r"# (not measured yet|.*\(measured by bench/accuracy\.py.*)")


@dataclass(frozen=True)
class Places:
    """Where datasets and encoders are on this machine, by the names that configs have for them."""

    sources: dict[str, Path]
    encoders: dict[str, Path]

    def changes(self, config: Config) -> list[str]:
        """What is to be changed in a config, so that nothing is downloaded."""
        data, encoder = config.data, getattr(config.model, "encoder", None)
        found = []
        if getattr(data, "source", None) == "auto" and data.name in self.sources:
            found.append(f"data.source={self.sources[data.name]}")
        if encoder in self.encoders:
            found.append(f"model.encoder={self.encoders[encoder]}")
        return found


def main() -> None:
    """Train one config after the other; each one's result is kept before the next begins."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="*", help="default: all whose second line says that it is measured here")
    parser.add_argument("--source", action="append", default=[], metavar="DATASET=PATH",
                        help="where a dataset is, for configs that say `source: auto`")  # fmt: skip
    parser.add_argument("--encoder", action="append", default=[], metavar="NAME=FOLDER",
                        help="where an encoder is that a config names as on the hub")  # fmt: skip
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="changes, to try it out")
    parser.add_argument("--save", action="store_true", help="write the results into results.md")
    parser.add_argument("--update-headers", action="store_true", help="write the results into the configs")
    options = parser.parse_args()
    if options.set and (options.save or options.update_headers):
        parser.error("a changed config is not measured: leave out --set, or --save and --update-headers")
    places = Places(sources=paths(options.source), encoders=paths(options.encoder))
    for path in map(find, options.configs or to_measure()):
        row = measure(path, places=places, changes=options.set)
        tell(what="accuracy", **row)
        if options.save:
            save(row)
        if options.update_headers:
            update_header(path, row)


def to_measure() -> list[str]:
    """The configs of this checkout whose result is measured here."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder().rglob("*.yaml"))}
    return [str(path) for path, text in texts.items() if MEASURED.fullmatch(text.splitlines()[1])]


def paths(given: list[str]) -> dict[str, Path]:
    """The paths of datasets or encoders, by name."""
    return {name: Path(path).resolve() for name, _, path in (text.partition("=") for text in given)}


def measure(path: Path, *, places: Places, changes: list[str]) -> dict[str, object]:
    """Train and evaluate one config in processes of their own."""
    config = load(path).config
    changes = [*changes, *places.changes(config)]
    with tempfile.TemporaryDirectory(prefix="accuracy-") as name:
        place = Path(name)
        trained = aimodels("train", path.resolve(), *changes, "-q", "--run-dir", place / "run", folder=place)
        told = aimodels("eval", place / "run", "--no-plots", "--json", folder=place)
        facts = RunFolder.open(place / "run").facts()
    metrics = json.loads(told.stdout)["metrics"]
    classes = "accuracy" in metrics
    return {
        "config": path.stem,
        "score": "accuracy, %" if classes else "R2",
        "on the test split": f"{100 * metrics['accuracy']:.2f}" if classes else f"{metrics['r2']:.3f}",
        "epochs": facts["epochs_done"],
        "seconds": round(trained.seconds),
        "parameters": facts["num_parameters"],
        "seed": config.seed,
        "device": device(facts["device"]),
    }


def device(of_run: str) -> str:
    """What it ran on, for people: `2 CPU cores`, or the GPU."""
    return f"{len(os.sched_getaffinity(0))} CPU cores" if of_run == "CPU" else of_run


def save(row: dict[str, object]) -> None:
    """Into the table of results.md; the rows of other configs stay."""
    rows = {str(kept["config"]): kept for kept in results.rows_of("Accuracy")} | {str(row["config"]): row}
    command = "python bench/accuracy.py --save --update-headers"
    note = " ".join((__doc__ or "").split())
    results.save("Accuracy", results.Figures(command, list(rows.values()), note=note))


def update_header(path: Path, row: dict[str, object]) -> None:
    """Write the second line of a config."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if not MEASURED.fullmatch(lines[1].rstrip("\n")):
        raise SystemExit(f"the second line of {path} is no result: {lines[1]}")
    reached = f"{in_words(row)}, {row['epochs']} epoch{'' if row['epochs'] == 1 else 's'}"
    lines[1] = f"# {reached}, {time_of(row)} on {row['device']} (measured by bench/accuracy.py, seed {row['seed']})\n"
    path.write_text("".join(lines), encoding="utf-8")


def in_words(row: dict[str, object]) -> str:
    """The score as a sentence has it: `98.10 % test accuracy`, `0.871 test R2`."""
    number = row["on the test split"]
    return f"{number} test R2" if row["score"] == "R2" else f"{number} % test accuracy"


def time_of(row: dict[str, object]) -> str:
    """Minutes, or seconds of something short."""
    seconds = int(str(row["seconds"]))
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds} s"


if __name__ == "__main__":
    main()
