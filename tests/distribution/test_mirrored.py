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
found = {}
for strategy in ("single", "mirrored"):
    run = train(load(Path("two.yaml"), overrides=[f"train.strategy={strategy}"]), RunPlace(Path("runs")))
    found[strategy] = {"history": run.history(), "device": run.facts()["device"]}
try:
    train(load(Path("two.yaml"), overrides=["train.strategy=mirrored", "train.batch_size=33"]), RunPlace(Path("runs")))
except UserError as error:
    found["refused"] = [error.code, error.exit_code, error.help]
print(json.dumps(found))
"""


def test_two_replicas_give_the_numbers_of_one() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["mirrored"]["device"] == "2 logical CPUs"
    for name, values in found["single"]["history"].items():
        assert found["mirrored"]["history"][name] == pytest.approx(values, abs=1e-5), name
    code, exit_code, help = found["refused"]
    assert (code, exit_code) == ("AM303", 2)
    assert "32 and 34" in help
