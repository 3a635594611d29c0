"""An exported table network against `aimodels predict`, on 1,000 rows with every kind of column and missing values.

Numbers, categories, dates and texts, a tenth of the cells missing, some values unseen in training. The export is asked
in a process with TensorFlow alone (bench/peers/table_client.py), which reads the CSV with Python's own reader.
"""

import argparse
import csv
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import results
from programs import aimodels, run, tell

CLIENT = Path(__file__).parent / "peers" / "table_client.py"
LARGEST_DIFFERENCE = 1e-5
CONFIG = """
data:
  name: csv
  path: train.csv
  target: y
  columns: {price: number, weight: {kind: number, scale: log, clip: iqr}, age: {kind: number, bins: 5},
            city: category, code: {kind: category, hash: 16}, day: date,
            moment: {kind: date, format: "%d.%m.%Y %H:%M"}, remark: text}
model: {name: mlp, hidden: [32, 16]}
train: {epochs: 3, batch_size: 32}
"""
WORDS = "good bad late early broken fine never again Größe 不错 naïve quick".split()


def main() -> None:
    """Train, export, compare, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="table-export-") as name:
        folder = Path(name)
        write_table(folder / "train.csv", num_rows=2_000, seed=0)
        write_table(folder / "new.csv", num_rows=options.rows, seed=1)
        (folder / "table.yaml").write_text(CONFIG, encoding="utf-8")
        aimodels("train", "table.yaml", "--no-plots", "-q", "--run-dir", "run", folder=folder)
        aimodels("export", "run", "-o", "exported", folder=folder)
        aimodels("predict", "run", "new.csv", "-o", "answers.csv", folder=folder)
        run(sys.executable, "-I", CLIENT, "exported/saved_model/1", "new.csv", "answers.npz", folder=folder)
        found = compare(folder / "answers.csv", folder / "answers.npz")
    tell(what="table export", **found)
    if options.save:
        row = {**found, "target, difference": f"<= {LARGEST_DIFFERENCE:g}"}
        note = " ".join((__doc__ or "").split())
        results.save("Table export", results.Figures("python bench/table_export.py --save", [row], note=note))


def compare(told: Path, exported: Path) -> dict[str, object]:
    """Both answers, row by row."""
    with told.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name.startswith("p_")]
    wanted = np.array([[float(row[name]) for name in names] for row in rows])
    with np.load(exported) as answers:
        difference = float(np.abs(answers["probabilities"] - wanted).max())
        wrong = int(sum(label != row["prediction"] for label, row in zip(answers["label"], rows, strict=True)))
    return {"rows": len(rows), "largest difference": f"{difference:.2g}", "labels that differ": wrong}


def write_table(path: Path, *, num_rows: int, seed: int) -> None:
    """Rows from a seed; with seed 1 also cities that seed 0 does not have."""
    random = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["price", "weight", "age", "city", "code", "day", "moment", "remark", "y"])
        for _ in range(num_rows):
            cells: list[Any] = [
                round(float(random.lognormal(3, 1)), 2),
                round(float(random.lognormal(1, 2)), 3),
                int(random.integers(0, 90)),
                f"city {random.integers(0, 20 + 5 * seed)}",
                f"c{random.integers(0, 1000)}",
                f"20{random.integers(10, 26)}-{random.integers(1, 13):02d}-{random.integers(1, 29):02d}",
                f"{random.integers(1, 29):02d}.{random.integers(1, 13):02d}.2024 {random.integers(0, 24):02d}:15",
                " ".join(random.choice(WORDS, size=random.integers(1, 8))),
            ]
            target = "yes" if cells[2] > 40 or "good" in cells[7] else "no"
            lines.writerow([*("" if random.random() < 0.1 else cell for cell in cells), target])


if __name__ == "__main__":
    main()
