"""Two workers, each a process of its own, give the numbers of one; and what happens when they differ or one dies."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

SECONDS = 600
IMAGES = """
seed: 3
data: {name: mnist, source: sample, limit: 205}
model: {name: cnn, filters: [4, 8], dense: [16], dropout: 0.0}
train: {epochs: 2, batch_size: 32, optimizer: {name: sgd, clip: {global_norm: 0.05}}}
"""
DENSE = """
data: {name: mnist, source: sample, limit: 205}
model: {name: mlp, hidden: [16], dropout: 0.0}
train: {epochs: 2, batch_size: 32, accumulate: 2, class_weights: balanced}
"""
RECURRENT = """
data: {name: imdb, source: sample, limit: 201}
model: {name: lstm, embedding: {size: 8}, units: [8], dense: [], words: {vocabulary: 500, max_length: 40}, dropout: 0.0}
train: {epochs: 2, batch_size: {tokens: 900}, ema: 0.8}
"""
ATTENTION = """
data: {name: imdb, source: sample, limit: 201}
model: {name: transformer, embedding: {size: 8}, blocks: 1, heads: 2, words: {vocabulary: 500, max_length: 40},
        dropout: 0.0}
train: {epochs: 2, batch_size: 32}
"""
ENCODER = """
data: {name: imdb, source: sample, limit: 101}
model:
  name: bert
  encoder: random
  sizes: {vocabulary: 300, blocks: 1, size: 16, heads: 2, feed_forward: 32, positions: 32}
  wordpieces: {max_length: 24}
  encoder_dropout: 0.0
  dropout: 0.0
train: {epochs: 2, batch_size: 32, optimizer: {name: adamw, schedule: {name: linear, warmup_epochs: 0.5}}}
"""
TABLE = """
data: {name: csv, path: "sample:penguins", target: bill_depth_mm, task: regression, limit: 203,
       clean: {missing_target: drop}}
model: {name: mlp, hidden: [16]}
train: {epochs: 2, batch_size: 32, early_stopping: {patience: 1}}
"""


def aimodels(folder: Path, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a folder."""
    command = [sys.executable, "-m", "aimodels", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False, **options)


def trained(folder: Path, run: str) -> tuple[dict[str, list[float]], list[Any]]:
    """History and best weights of a run."""
    from aimodels.runs.folder import RunFolder

    found = RunFolder(folder / "runs" / run)
    return found.history(), found.model("best").get_weights()


def expect_equal(folder: Path, config: str) -> None:
    """One process and two workers give the same numbers."""
    (folder / "c.yaml").write_text(config)
    for number, start in enumerate(((), ("launch", "--workers", "2", "--")), start=1):
        done = aimodels(folder, *start, "train", "c.yaml", "--no-plots")
        assert done.returncode == 0, done.stderr[-3000:]
        assert (folder / "runs" / f"c-{number:03d}" / "run.json").exists()
    (alone, weights), (together, others) = (trained(folder, f"c-00{number}") for number in (1, 2))
    assert alone.keys() == together.keys()
    for name, values in alone.items():
        assert together[name] == pytest.approx(values, abs=1e-5), name
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
    assert sorted(path.name for path in (folder / "runs").iterdir()) == ["c-001", "c-002", "latest"]
    assert "epoch 2/2" in (folder / "runs" / "c-002" / "logs" / "worker-1.log").read_text()


def test_two_workers_give_the_numbers_of_one(tmp_path: Path) -> None:
    expect_equal(tmp_path, IMAGES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "config", [DENSE, RECURRENT, ATTENTION, ENCODER, TABLE], ids=["mlp", "lstm", "transformer", "bert", "table"]
)
def test_two_workers_give_the_numbers_of_one_whatever_they_train(tmp_path: Path, config: str) -> None:
    expect_equal(tmp_path, config)
