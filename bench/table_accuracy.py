"""Tables against scikit-learn's multi-layer perceptron with its default settings, on standardised columns.

Four tables: scikit-learn's breast cancer, wine and diabetes, and one of made-up houses in the manner of its California
housing, whose price depends on place, income and age in a way that no straight line follows. Each is written to CSV;
what we train is the config that `aimodels init --from-csv` writes, unchanged. Each seed draws its own fifth of the rows
for the test, the same for both sides; the scores are means over the seeds.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import results
from programs import aimodels, tell
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Table:
    """Numbers [N, F] with their names, and what is to be predicted: a class, or a number."""

    numbers: Any
    names: tuple[str, ...]
    targets: Any
    is_regression: bool = False


def tables() -> dict[str, Table]:
    """The tables by name."""
    found = {}
    for name, load in {"breast_cancer": datasets.load_breast_cancer, "wine": datasets.load_wine}.items():
        bunch = load()
        found[name] = Table(bunch.data, tuple(bunch.feature_names), bunch.target_names[bunch.target])
    bunch = datasets.load_diabetes(scaled=False)
    found["diabetes"] = Table(bunch.data, tuple(bunch.feature_names), bunch.target, is_regression=True)
    return found | {"houses": houses()}


def houses(num_rows: int = 8_000) -> Table:
    """Made-up districts: income, age, rooms, bedrooms, people, occupancy, place; and the median price, with noise."""
    random = np.random.default_rng(0)
    income = random.lognormal(1.2, 0.5, num_rows)
    age = random.integers(1, 53, num_rows).astype(float)
    rooms = random.lognormal(1.6, 0.3, num_rows)
    bedrooms = rooms * random.uniform(0.15, 0.3, num_rows)
    people = random.lognormal(7.0, 0.7, num_rows).round()
    occupancy = random.lognormal(1.0, 0.3, num_rows)
    latitude, longitude = random.uniform(32.5, 42.0, num_rows), random.uniform(-124.3, -114.3, num_rows)
    coast = np.exp(-np.abs(longitude + 118 + (latitude - 34) * 0.8))
    cities = sum(np.exp(-((latitude - y) ** 2 + (longitude - x) ** 2)) for y, x in ((34.05, -118.25), (37.77, -122.42)))
    price = 0.4 * income + 1.2 * coast + 1.5 * cities + 0.1 * np.sqrt(rooms * income) - 0.15 * occupancy
    price += 0.004 * np.maximum(age - 30, 0) + random.normal(0, 0.25, num_rows)
    columns = (income, age, rooms, bedrooms, people, occupancy, latitude, longitude)
    names = ("income", "age", "rooms", "bedrooms", "people", "occupancy", "latitude", "longitude")
    return Table(np.column_stack(columns), names, np.clip(price, 0.15, 5.0), is_regression=True)


def main() -> None:
    """Measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=list(tables()), metavar="TABLE")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    rows = [compare(name, tables()[name], num_seeds=options.seeds) for name in options.tables]
    if options.save:
        command = f"python bench/table_accuracy.py --seeds {options.seeds} --save"
        results.save("Table accuracy", results.Figures(command, rows, note=" ".join((__doc__ or "").split())))


def compare(name: str, table: Table, *, num_seeds: int) -> dict[str, object]:
    """Both sides on the same splits; the row of results.md."""
    ours, theirs = [], []
    for seed in range(num_seeds):
        everyone = np.arange(len(table.targets))
        stratify = None if table.is_regression else table.targets
        train, test = train_test_split(everyone, test_size=0.2, random_state=seed, stratify=stratify)
        ours.append(ours_once(table, train=train, test=test, seed=seed))
        theirs.append(peer_once(table, train=train, test=test, seed=seed))
        tell(what="table accuracy", table=name, seed=seed, aimodels=ours[-1], sklearn=theirs[-1])
    return {
        "table": name,
        "rows": f"{len(table.targets):,}",
        "score": "R2" if table.is_regression else "accuracy",
        "aimodels": f"{np.mean(ours):.4f} ± {np.std(ours, ddof=1):.4f}",
        "scikit-learn's MLP": f"{np.mean(theirs):.4f} ± {np.std(theirs, ddof=1):.4f}",
        "difference": f"{np.mean(ours) - np.mean(theirs):+.4f}",
        "target": ">= 0",
    }


def ours_once(table: Table, *, train: Any, test: Any, seed: int) -> float:
    """The score on the test rows of the config that `init --from-csv` writes."""
    with tempfile.TemporaryDirectory(prefix="table-accuracy-") as name:
        folder = Path(name)
        write(table, train, folder / "train.csv")
        write(table, test, folder / "test.csv")
        aimodels("init", "table.yaml", "--from-csv", "train.csv", "--target", "target", folder=folder)
        changes = ["data.test_path=test.csv", f"seed={seed}"]
        aimodels("train", "table.yaml", *changes, "-q", "--no-plots", "--run-dir", "run", folder=folder)
        told = aimodels("eval", "run", "--no-plots", "--json", folder=folder)
    metrics = json.loads(told.stdout)["metrics"]
    return float(metrics["r2" if table.is_regression else "accuracy"])


def peer_once(table: Table, *, train: Any, test: Any, seed: int) -> float:
    """The score on the test rows of scikit-learn's network."""
    network = MLPRegressor(random_state=seed) if table.is_regression else MLPClassifier(random_state=seed)
    fitted = make_pipeline(StandardScaler(), network).fit(table.numbers[train], table.targets[train])
    return float(fitted.score(table.numbers[test], table.targets[test]))


def write(table: Table, chosen: Any, path: Path) -> None:
    """Some rows as CSV; every digit of every number."""
    lines = [",".join([*(f'"{name}"' for name in table.names), "target"])]
    for row, target in zip(table.numbers[chosen], table.targets[chosen], strict=True):
        lines.append(",".join([*(repr(float(number)) for number in row), str(target)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
