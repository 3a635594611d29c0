"""Waiting times: from the start of `aimodels train quickstart` to training, of the commands without TensorFlow, and of
reading the samples that come with the package.

A bare Python process that only imports TensorFlow takes turns with it, and its time is taken off. "has ended" also
counts tracing, compiling and running the first step, with one step per call so that it is the first alone. Everything
is warm: each program has run once before, so its bytecode and the files it reads are cached.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from shutil import copytree
from statistics import median

import results
from programs import aimodels, run, tell

from aimodels import discovery

COMMANDS = (("--help",), ("runs", "ls"), ("check", "quickstart"))
NUM_RUNS = 50
SECONDS_TO_TRAINING = 2.0
SECONDS_OF_A_COMMAND = 0.6
SECONDS_OF_A_SAMPLE = {"mnist": 0.2, "imdb": 1.0}
BEGINS, HAS_ENDED = "first step begins", "first step has ended"


def main() -> None:
    """Measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="starts of training")
    parser.add_argument("--calls", type=int, default=7, help="calls of each command")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="startup-") as folder:
        rows = [*training(Path(folder), rounds=options.rounds), *commands(Path(folder), calls=options.calls)]
        rows += samples(calls=options.calls)
    if options.save:
        command = f"python bench/startup.py --rounds {options.rounds} --calls {options.calls}"
        results.save("Start-up", results.Figures(command, rows, note=" ".join((__doc__ or "").split())))


def training(folder: Path, *, rounds: int) -> Iterable[dict[str, object]]:
    """Rows: seconds from the start of the process to training, beyond TensorFlow's import."""
    imports: list[float] = []
    waits: dict[str, list[float]] = {BEGINS: [], HAS_ENDED: []}
    for number in range(-1, rounds):
        imported = seconds_to_import(folder)
        waited = seconds_to_training(folder / f"start{number}")
        if number < 0:  # only to warm up
            continue
        imports.append(imported)
        tell(what="import tensorflow", run=number, value=imported, unit="s")
        for moment, seconds in waited.items():
            waits[moment].append(seconds - imported)
            tell(what=f"aimodels train quickstart: {moment}", run=number, value=seconds, beyond=seconds - imported)
    for moment, beyond in waits.items():
        yield {
            "what": f"`aimodels train quickstart`, {moment}, beyond TensorFlow's import of {median(imports):.2f} s",
            "seconds, median": f"{median(beyond):.2f}",
            "target": SECONDS_TO_TRAINING,
        }


def seconds_to_import(folder: Path) -> float:
    """From the start of a bare Python process until TensorFlow is imported; without the end of the process."""
    ended = run(sys.executable, "-c", "import tensorflow, time; print(time.time())", folder=folder)
    return float(ended.stdout) - ended.started_at


def seconds_to_training(folder: Path) -> dict[str, float]:
    """Train one epoch, one step per call, and read when its events say that the first step began and ended."""
    folder.mkdir()
    ended = aimodels("train", "quickstart", "train.epochs=1", "train.steps_per_execution=1", "--no-plots",
                     "--events", "events.jsonl", folder=folder)  # fmt: skip
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    moments: dict[str, float] = {}
    for event in map(json.loads, lines):
        moments.setdefault(event["type"], datetime.fromisoformat(event["t"]).timestamp() - ended.started_at)
    return {BEGINS: moments["epoch_started"], HAS_ENDED: moments["step"]}


def commands(folder: Path, *, calls: int) -> Iterable[dict[str, object]]:
    """Rows: wall time of the commands that never load TensorFlow, in a folder with many runs."""
    runs = folder / "runs"
    aimodels("train", "smoke_mlp", "--no-plots", folder=folder)
    for number in range(2, NUM_RUNS + 1):
        copytree(runs / "smoke_mlp-001", runs / f"smoke_mlp-{number:03d}")
    for words in COMMANDS:
        seconds = [aimodels(*words, folder=folder).seconds for _ in range(calls + 1)][1:]
        for number, value in enumerate(seconds):
            tell(what=f"aimodels {' '.join(words)}", run=number, value=value, unit="s")
        yield {
            "what": f"`aimodels {' '.join(words)}`" + (f", {NUM_RUNS} runs" if "runs" in words else ""),
            "seconds, median": f"{median(seconds):.2f}",
            "target": SECONDS_OF_A_COMMAND,
        }


def samples(*, calls: int) -> Iterable[dict[str, object]]:
    """Rows: seconds to read and split a bundled sample, in this process."""
    for name, target in SECONDS_OF_A_SAMPLE.items():
        dataset = discovery.plugin("datasets", name)
        options = dataset.Options(name=name, source="sample")
        seconds = []
        for number in range(calls):
            started_at = time.perf_counter()
            dataset.load(options, seed=number)
            seconds.append(time.perf_counter() - started_at)
            tell(what=f"{name}, source: sample", run=number, value=seconds[-1], unit="s")
        yield {"what": f"{name}, `source: sample`, read", "seconds, median": f"{median(seconds):.2f}", "target": target}


if __name__ == "__main__":
    main()
