"""Two folds for real, in processes of their own, from the command line to the table."""

import csv
import json

import pytest

from aimodels.cli import main
from aimodels.config.loading import load

CONFIG = """
name: tiny
seed: 3
data: {name: mnist, source: sample, limit: 60}
model: {name: mlp, hidden: [4]}
train: {epochs: 1, batch_size: 16, folds: 2}
"""

pytestmark = pytest.mark.tensorflow


def test_two_folds_from_config_to_table(tmp_path, runs_dir, root, monkeypatch, capfd):
    monkeypatch.setenv("PYTHONPATH", str(root))
    (tmp_path / "c.yaml").write_text(CONFIG)
    assert main(["train", "c.yaml", "--tag", "tried", "--no-plots", "--events", "events.jsonl"]) == 0
    shown = capfd.readouterr()
    assert shown.out.startswith("✓ tiny-001: 2 folds trained and scored")
    assert "fold 1/2  accuracy" in shown.err
    run = runs_dir / "tiny-001"
    facts = json.loads((run / "run.json").read_text())
    assert [facts[name] for name in ("kind", "status", "folds_done", "tags")] == [
        "cross_validation",
        "finished",
        2,
        ["tried"],
    ]
    folds = json.loads((run / "folds.json").read_text())
    tested = [load(run / "folds" / number / "config.resolved.yaml").config.data.fold.number for number in "12"]
    assert tested == [1, 2]
    with (run / "out_of_fold.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["example"] for row in rows] == [f"train[{position}]" for position in range(60)]
    right = [[row["correct"] == "true" for row in rows if row["fold"] == number] for number in "12"]
    assert [sum(fold) / len(fold) for fold in right] == [fold["metrics"]["accuracy"] for fold in folds["folds"]]
    for number in "12":
        assert json.loads((run / "folds" / number / "run.json").read_text())["status"] == "finished"
        assert (run / "folds" / number / "logs" / "console.log").read_text().count("epoch 1/1") == 1
    kinds = [json.loads(line)["type"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert kinds.count("fold_ended") == 2
    assert kinds[-1] == "cross_validation_ended"
    assert (runs_dir / "latest").resolve() == run.resolve()
