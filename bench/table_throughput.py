"""Training speed on a table of 50,000 rows and 10 numbers against a Keras script (bench/peers/keras_table_fit.py).

The script has the table as standardised NumPy arrays. Both train the same network in batches of 32. Each run is a
process of its own and the two sides take turns. An epoch lasts from the end of the one before to its own end, with
everything that happens in between (in aimodels: checkpoints, history, events), so the first counts for neither side.
There is no validation split.
"""

import argparse
import json
import sys
import tempfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import results
from programs import aimodels, run, tell

from aimodels.runs.folder import RunFolder

PEER = Path(__file__).parent / "peers" / "keras_table_fit.py"
HIDDEN = (100, 100)
BATCH_SIZE = 32
TARGET = 2.0
CONFIG = f"""
data: {{name: csv, path: table.csv, target: y, validation: 0, test: 0}}
model: {{name: mlp, hidden: {list(HIDDEN)}}}
train: {{batch_size: {BATCH_SIZE}}}
"""


def main() -> None:
    """Measure, print each run, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side")
    parser.add_argument("--epochs", type=int, default=6, help="per run, of which the first does not count")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    found: dict[str, list[float]] = {"aimodels": [], "keras": []}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="table-throughput-") as name:
            folder = Path(name)
            write_table(folder / "table.csv", num_rows=options.rows)
            (folder / "table.yaml").write_text(CONFIG, encoding="utf-8")
            pair = {"aimodels": ours_once(folder, epochs=options.epochs), "keras": peer_once(folder, options.epochs)}
        if len({parameters for parameters, _ in pair.values()}) > 1:
            raise SystemExit(f"not the same network: {pair}")
        for side, (_, speed) in pair.items():
            found[side].append(speed)
            tell(what="table throughput", side=side, run=number, value=speed, unit="rows/s")
    ratio = median(one / other for one, other in zip(*found.values(), strict=True))
    tell(what="table throughput", side="ratio", value=ratio, target=TARGET)
    if options.save:
        row = {
            "rows x columns": f"{options.rows:,} x 10, batch {BATCH_SIZE}",
            "aimodels, rows/s": f"{median(found['aimodels']):,.0f}",
            "Keras script, rows/s": f"{median(found['keras']):,.0f}",
            "median ratio": f"{ratio:.2f}",
            "target": TARGET,
        }
        command = f"python bench/table_throughput.py --rounds {options.rounds} --epochs {options.epochs} --save"
        results.save("Table throughput", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


def write_table(path: Path, *, num_rows: int) -> None:
    """Ten numbers and a class that follows from them, from a seed."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(num_rows, 10)).astype(np.float32)
    hidden = np.tanh(numbers @ random.normal(size=(10, 5))) @ random.normal(size=5)
    table = np.column_stack([numbers, hidden > 0])
    names = ",".join([*(f"x{number}" for number in range(10)), "y"])
    np.savetxt(path, table, fmt=["%.6g"] * 10 + ["%d"], delimiter=",", header=names, comments="")


def ours_once(folder: Path, *, epochs: int) -> tuple[int, float]:
    """Parameters and rows per second of a training through the command line."""
    aimodels("train", "table.yaml", f"train.epochs={epochs}", "--no-plots", "-q", "--run-dir", "run", folder=folder)
    trained = RunFolder(folder / "run")
    events = [json.loads(line) for line in trained.events_file.read_text(encoding="utf-8").splitlines()]
    ended = [datetime.fromisoformat(event["t"]).timestamp() for event in events if event["type"] == "epoch_ended"]
    facts = trained.facts()
    return facts["num_parameters"], speed(ended, num_rows=facts["num_examples"]["train"])


def peer_once(folder: Path, epochs: int) -> tuple[int, float]:
    """Parameters and rows per second of the script."""
    sizes = ["--hidden", *HIDDEN, "--batch-size", BATCH_SIZE, "--epochs", epochs]
    told = json.loads(run(sys.executable, PEER, "table.csv", *sizes, folder=folder).stdout)
    return told["num_parameters"], speed(told["epochs_ended_at"], num_rows=told["num_examples"])


def speed(ended: list[float], *, num_rows: int) -> float:
    """Rows per second, the median over the epochs after the first."""
    return median(num_rows / (end - start) for start, end in pairwise(ended))


if __name__ == "__main__":
    main()
