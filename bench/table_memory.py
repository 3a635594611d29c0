"""A table larger than memory: 10 million rows of 20 columns, read from CSV, encoded, shuffled and trained on.

The table is made from a seed: 16 numbers (one of them with holes), three categories, a class. "Parse and feed" is
everything from opening the file to the last batch of one epoch, without a network: reading the CSV, splitting,
encoding, shuffled batches; the statistics and vocabularies in between are counted apart. "Train" is `aimodels train`
with one epoch of a small network. Each is a process of its own; memory is what it took at most beyond what one took at
most that only loads TensorFlow.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow
import results
from programs import run, tell
from pyarrow import csv
from streaming import memory_mib

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
    parser.add_argument("--child", choices=["write", "bare", "feed", "train"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options)))
        return
    with tempfile.TemporaryDirectory(prefix="table-memory-") as name:
        folder = Path(name)
        (folder / "table.yaml").write_text(CONFIG, encoding="utf-8")
        told = {what: ask(what, folder, num_rows=options.rows) for what in ("write", "bare", "feed", "train")}
    bare = told["bare"]["peak_mib"]
    found = {
        "rows": options.rows,
        "csv_mib": told["write"]["csv_mib"],
        "feed_rows_per_second": options.rows / (told["feed"]["seconds"] - told["feed"]["fitting"]),
        "with_statistics_rows_per_second": options.rows / told["feed"]["seconds"],
        "feed_peak_mib": told["feed"]["peak_mib"] - bare,
        "train_seconds": told["train"]["seconds"],
        "train_peak_mib": told["train"]["peak_mib"] - bare,
    }
    tell(what="table memory", **found, target_mib=TARGET_MIB, target_rows_per_second=TARGET_ROWS)
    if options.save:
        row = {
            "rows x columns": f"{options.rows:,} x 20, {found['csv_mib']:,.0f} MiB of CSV",
            "parse and feed, rows/s": f"{found['feed_rows_per_second']:,.0f}",
            "target, rows/s": f">= {TARGET_ROWS:,}",
            "with statistics, rows/s": f"{found['with_statistics_rows_per_second']:,.0f}",
            "peak of it, MiB": f"{found['feed_peak_mib']:,.0f}",
            "`train`, one epoch, s": f"{found['train_seconds']:.0f}",
            "peak of it, MiB beyond TensorFlow": f"{found['train_peak_mib']:,.0f}",
            "target, MiB": f"< {TARGET_MIB:,}",
        }
        command = f"python bench/table_memory.py --rows {options.rows} --save"
        results.save("Table memory", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


def ask(what: str, folder: Path, *, num_rows: int) -> dict[str, float]:
    """What a process that does only this tells."""
    ended = run(sys.executable, Path(__file__).resolve(), "--child", what, "--rows", num_rows, folder=folder)
    answer: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    tell(what=what, **answer)
    return answer


def child(options: argparse.Namespace) -> dict[str, float]:
    """One of the steps, in this process."""
    began = time.perf_counter()
    if options.child == "write":
        return {"csv_mib": write_table(Path("table.csv"), num_rows=options.rows) / 2**20}
    told: dict[str, float] = {}
    if options.child == "feed":
        told = parse_and_feed()
    elif options.child == "train":
        if cli("train", "table.yaml", "--no-plots", "-q") != 0:
            raise SystemExit("the training failed")
    else:
        import tensorflow  # noqa: F401  # what it takes in memory is what the others are compared with
    return {"seconds": time.perf_counter() - began, "peak_mib": memory_mib("VmHWM")} | told


def cli(*words: str) -> int:
    """The command line, in this process."""
    from aimodels.cli import main as aimodels

    return aimodels(list(words))


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
    return {"seconds": seconds, "fitting": learned - read}


if __name__ == "__main__":
    main()
