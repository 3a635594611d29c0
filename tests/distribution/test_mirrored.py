"""Two replicas give the numbers of one; in a process of its own, since devices are fixed once TensorFlow runs."""

import json
import subprocess
import sys

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
Path("two.yaml").write_text('''
data: {name: mnist, source: sample, limit: 200}
model: {name: cnn, filters: [4, 8], dense: [16]}
train: {epochs: 2, batch_size: 32}
''')
Path("texts.yaml").write_text('''
data: {name: imdb, source: sample, limit: 200}
model: {name: lstm, embedding: {size: 8}, units: [8, 8], dense: [], words: {vocabulary: 500, max_length: 40}}
train: {epochs: 2, batch_size: 32, augment: {word_dropout: 0.2}}
''')
found = {}
for kind in ("two", "texts"):
    for strategy in ("single", "mirrored"):
        run = train(load(Path(f"{kind}.yaml"), overrides=[f"train.strategy={strategy}"]), RunPlace(Path("runs")))
        found[f"{kind} {strategy}"] = {"history": run.history(), "device": run.facts()["device"]}
try:
    train(load(Path("two.yaml"), overrides=["train.strategy=mirrored", "train.batch_size=33"]), RunPlace(Path("runs")))
except UserError as error:
    found["refused"] = [error.code, error.exit_code, error.help]
try:
    train(load(Path("texts.yaml"), overrides=["train.strategy=mirrored", "train.batch_size={tokens: 900}"]),
          RunPlace(Path("runs")))
except UserError as error:
    found["no budget"] = [error.code, error.message]
print(json.dumps(found))
"""


def test_two_replicas_give_the_numbers_of_one() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for kind in ("two", "texts"):
        single, mirrored = found[f"{kind} single"], found[f"{kind} mirrored"]
        assert mirrored["device"] == "2 logical CPUs"
        for name, values in single["history"].items():
            assert mirrored["history"][name] == pytest.approx(values, abs=1e-5), (kind, name)
    assert found["no budget"][0] == "AM303"
    code, exit_code, help = found["refused"]
    assert (code, exit_code) == ("AM303", 2)
    assert "32 and 34" in help
