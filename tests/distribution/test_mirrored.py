"""Two replicas give the numbers of one; in a process of its own, since devices are fixed once TensorFlow runs."""

import json
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

PROGRAM = """
import json, sys
from pathlib import Path
from aimodels.config.loading import load
from aimodels.errors import UserError
from aimodels.runs.place import RunPlace
import tensorflow as tf
cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from aimodels.training.train import train
config, unfit = sys.argv[1:]
Path("two.yaml").write_text(config)
found = {}
for strategy in ("single", "mirrored"):
    run = train(load(Path("two.yaml"), overrides=[f"train.strategy={strategy}"]), RunPlace(Path("runs")))
    weights = [weight.tolist() for weight in run.model("best").get_weights()]
    found[strategy] = {"history": run.history(), "device": run.facts()["device"], "weights": weights}
try:
    train(load(Path("two.yaml"), overrides=["train.strategy=mirrored", unfit]), RunPlace(Path("runs")))
except UserError as error:
    found["refused"] = [error.code, error.exit_code, error.message, error.help]
print(json.dumps(found))
"""
IMAGES = """
data: {name: mnist, source: sample, limit: 200}
model: {name: cnn, filters: [4, 8], dense: [16]}
train: {epochs: 2, batch_size: 32, steps_per_execution: 3, optimizer: {name: sgd, clip: {global_norm: 0.05}}}
"""
TEXTS = """
data: {name: imdb, source: sample, limit: 201}
model: {name: lstm, embedding: {size: 8}, units: [8, 8], dense: [], words: {vocabulary: 500, max_length: 40}}
train: {epochs: 2, batch_size: {tokens: 900}, ema: 0.8}
"""
ENCODER = """
data: {name: imdb, source: sample, limit: 200}
model:
  name: bert
  encoder: random
  sizes: {vocabulary: 300, blocks: 2, size: 16, heads: 2, feed_forward: 32, positions: 32}
  wordpieces: {max_length: 24}
  encoder_dropout: 0.0
  dropout: 0.0
  learning_rate_decay: 0.5
train: {epochs: 2, batch_size: 32, optimizer: {name: adamw, schedule: {name: linear, warmup_epochs: 0.5}}}
"""
FROZEN = ENCODER.replace("encoder_dropout: 0.0", "freeze: all").replace("learning_rate_decay: 0.5", "")
# Neither the rows of the last batch nor those of the validation split divide by two.
TABLES = """
data:
  name: csv
  path: sample:penguins
  target: bill_depth_mm
  task: regression
  limit: 203
  clean: {missing_target: drop}
model: {name: mlp, hidden: [16]}
train: {epochs: 2, batch_size: 32}
"""


@pytest.mark.parametrize(
    ("config", "unfit", "says"),
    [
        (IMAGES, "train.batch_size=33", "32 and 34"),
        (TEXTS, "train.batch_size=33", "32 and 34"),
        (ENCODER, "train.batch_size=33", "32 and 34"),
        pytest.param(FROZEN, "train.batch_size=33", "32 and 34", marks=pytest.mark.slow),
        (TABLES, "train.batch_size=33", "32 and 34"),
    ],
    ids=["images", "texts", "encoder", "frozen", "tables"],
)
def test_two_replicas_give_the_numbers_of_one(config: str, unfit: str, says: str) -> None:
    command = [sys.executable, "-c", PROGRAM, config, unfit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["mirrored"]["device"] == "2 logical CPUs"
    for name, values in found["single"]["history"].items():
        assert found["mirrored"]["history"][name] == pytest.approx(values, abs=1e-5), name
    for one, other in zip(found["single"]["weights"], found["mirrored"]["weights"], strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
    code, exit_code, message, help = found["refused"]
    assert (code, exit_code) == ("AM303", 2)
    assert says in message + help
