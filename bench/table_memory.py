"""A table larger than memory: 10 million rows of 20 columns, read from CSV, encoded, shuffled and trained on.

The table is made from a seed: 16 numbers (one of them with holes), three categories, a class. "Parse and feed" is
everything from opening the file to the last batch of one epoch, without a network: reading the CSV, statistics,
vocabularies, encoding, shuffled batches. "Train" is `aimodels train` with one epoch of a small network. Each is a
process of its own; memory is what it took at most beyond what one that only loads TensorFlow took at most.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow
import results
from programs import aimodels, run, tell
from pyarrow import csv

from aimodels.runs.folder import RunFolder

TARGET_MIB, TARGET_ROWS = 1536, 300_000
NUM_NUMBERS = 16
CATEGORIES = {"city": 1000, "shop": 50, "weekday": 7}
CONFIG = """
data: {name: csv, path: table.csv, target: y, test: 0, validation: 0.01}
model: {name: mlp, hidden: [64, 64]}
train: {epochs: 1, batch_size: 4096}
evaluate: {importance: false}
"""


def main() -> None:
    """Make the table, measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(parse_and_feed()))
        return
    with tempfile.TemporaryDirectory(prefix="table-memory-") as name:
        folder = Path(name)
        num_bytes = write_table(folder / "table.csv", num_rows=options.rows)
        (folder / "table.yaml").write_text(CONFIG, encoding="utf-8")
        fed = json.loads(
            run(sys.executable, Path(__file__).resolve(), "--child", folder=folder).stdout.splitlines()[-1]
        )
        bare = peak_mib(sys.executable, "-c", "import tensorflow", folder=folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        trained = aimodels("train", "table.yaml", "--no-plots", "-q", "--run-dir", "run", folder=folder)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        facts = RunFolder(folder / "run").facts()
    found = {
        "rows": options.rows,
        "csv_mib": num_bytes / 2**20,
        "feed_rows_per_second": options.rows / fed["seconds"],
        "feed_peak_mib": fed["peak_mib"] - bare,
        "train_seconds": trained.seconds,
        # The largest child so far: a later and smaller one would not show.
        "train_peak_mib": max(peak, before) - bare,
        "examples": facts["num_examples"],
    }
    tell(what="table memory", **found, target_mib=TARGET_MIB, target_rows_per_second=TARGET_ROWS)
    if options.save:
        row = {
            "rows x columns": f"{options.rows:,} x 20, {found['csv_mib']:,.0f} MiB of CSV",
            "parse and feed, rows/s": f"{found['feed_rows_per_second']:,.0f}",
            "target, rows/s": f">= {TARGET_ROWS:,}",
            "peak of it, MiB": f"{found['feed_peak_mib']:,.0f}",
            "`train`, one epoch, s": f"{found['train_seconds']:.0f}",
            "peak of it, MiB beyond TensorFlow": f"{found['train_peak_mib']:,.0f}",
            "target, MiB": f"< {TARGET_MIB:,}",
        }
        command = f"python bench/table_memory.py --rows {options.rows} --save"
        results.save("Table memory", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


def write_table(path: Path, *, num_rows: int, rows_at_once: int = 250_000) -> int:
    """Write the table and give its size in bytes."""
    random = np.random.default_rng(0)
    weights = random.normal(size=NUM_NUMBERS)
    writer = None
    for start in range(0, num_rows, rows_at_once):
        count = min(rows_at_once, num_rows - start)
        numbers = random.normal(size=(count, NUM_NUMBERS)).round(4)
        columns = {f"x{number}": pyarrow.array(numbers[:, number]) for number in range(NUM_NUMBERS)}
        holes = random.random(count) < 0.05
        columns["x0"] = pyarrow.array(numbers[:, 0], mask=holes)
        for name, size in CATEGORIES.items():
            words = pyarrow.array([f"{name}_{number}" for number in range(size)])
            columns[name] = words.take(pyarrow.array(random.integers(0, size, count)))
        columns["y"] = pyarrow.array((np.tanh(numbers) @ weights + random.normal(size=count) > 0).astype(np.int64))
        table = pyarrow.table(columns)
        writer = writer or csv.CSVWriter(str(path), table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path.stat().st_size


def parse_and_feed() -> dict[str, float]:
    """Go through everything between the file and the network once."""
    from aimodels.config.loading import load
    from aimodels.data.loading import load_dataset
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow(device="cpu")
    from aimodels.preprocessing import columns
    from aimodels.training.batching import Batches

    config = load(Path("table.yaml"), overrides=["data.validation=0"]).config
    began = time.perf_counter()
    dataset = load_dataset(config.data, seed=config.seed)
    read = time.perf_counter()
    fitted = columns.fit(columns.Options(), input=dataset.input, train=dataset.train)  # type: ignore[arg-type]  # a table
    learned = time.perf_counter()
    batches = Batches(dataset, config, one_hot=False, reading=fitted)
    num_rows = sum(1 for _ in batches.epoch(0))
    seconds = time.perf_counter() - began
    tell(what="parts", reading=read - began, fitting=learned - read, feeding=seconds + began - learned, steps=num_rows)
    return {"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def peak_mib(*command: object, folder: Path) -> float:
    """The most memory that a process which does only this takes."""
    told = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    *words, code = command
    return float(run(*words, f"{code}; {told}", folder=folder).stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
