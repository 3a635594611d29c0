"""What each of several replicas has for itself: the sums of the metrics, random numbers; and what all have alike."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: two
seed: 3
data: {name: mnist, source: sample, limit: 205}
model: {name: cnn, filters: [4], dropout: 0.3, batch_norm: true}
train: {epochs: 2, batch_size: 32, strategy: mirrored, steps_per_execution: 1, optimizer: {name: adam}}
"""
# Devices are fixed once TensorFlow runs: in a process of its own.
PROGRAM = """
import json
from pathlib import Path
import numpy as np
import tensorflow as tf
cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from aimodels.config.loading import load
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace
from aimodels.runs.resuming import going_on
from aimodels.training import checkpointing
from aimodels.training.state_files import newest_state
from aimodels.training.stopping import StepWatcher, stopped_by
from aimodels.training.train import train

loaded = load(Path("two.yaml"))
whole = train(loaded, RunPlace(Path("runs")))
end_of_step, values_of, alike = StepWatcher.on_train_batch_end, checkpointing.values_of, []

def leave(self, batch, logs=None):
    end_of_step(self, batch, logs)
    if self._epoch == 2 and batch == 2:
        StepWatcher.on_train_batch_end = end_of_step
        raise stopped_by(15)

def looked_at(model, **options):
    strategy = model.distribute_strategy
    for variable in model.non_trainable_variables:
        parts = [part.numpy() for part in strategy.experimental_local_results(variable.value)]
        if "moving" in variable.name:
            alike.append(len(parts) == 2 and bool(np.array_equal(*parts)))
    return values_of(model, **options)

StepWatcher.on_train_batch_end, checkpointing.values_of = leave, looked_at
left = RunFolder(train(loaded, RunPlace(Path("runs"))).path)
kept = {name: values.shape for name, values in newest_state(left).values.items() if name.startswith("metrics/")}
again = train(going_on(left, left.config), RunPlace(Path("runs"), resumed=left))
pairs = zip(whole.model("last").get_weights(), again.model("last").get_weights(), strict=True)
print(json.dumps({
    "alike": alike,
    "kept": [shape[:1] for shape in kept.values()],
    "history": whole.history_file.read_text() == again.history_file.read_text(),
    "weights": all(np.array_equal(one, other) for one, other in pairs),
}))
"""


RANDOM = """
import json
import numpy as np
import tensorflow as tf
cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from aimodels.layers.encoder_block import EncoderBlock
from aimodels.training.replica_seeds import differ_between_replicas

def made():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4, 8))
    block = EncoderBlock(heads=2, feed_forward=16, dropout=0.5, attention_dropout=0.5)
    return keras.Model(inputs, keras.layers.Dropout(0.5)(block(inputs)))

given = tf.random.stateless_uniform([16, 4, 8], [1, 2])
alone = made()(given, training=True).numpy()
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = made()
differ_between_replicas(model)
differ_between_replicas(model)
step = tf.function(lambda: model(given, training=True))
first, second = ([part.numpy() for part in strategy.experimental_local_results(strategy.run(step))] for _ in range(2))
print(json.dumps({
    "first as alone": bool(np.allclose(first[0], alone, atol=1e-5)),
    "replicas differ": [float(np.mean((one == 0) != (other == 0))) for one, other in (first, second)],
    "steps differ": float(np.mean((first[1] == 0) != (second[1] == 0))),
}))
"""


def printed(program: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_dropout_draws_other_numbers_on_each_replica(tmp_path: Path) -> None:
    found = printed(RANDOM, tmp_path)
    assert found["first as alone"]
    # Of two independent masks of one half every second number differs.
    assert found["replicas differ"] == pytest.approx([0.5, 0.5], abs=0.1)
    assert found["steps differ"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_a_run_of_two_replicas_that_was_left_ends_as_the_one_that_was_not(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(CONFIG)
    found = printed(PROGRAM, tmp_path)
    assert found["alike"]
    assert all(found["alike"])
    assert found["kept"]
    assert {tuple(shape) for shape in found["kept"]} == {(2,)}
    assert (found["history"], found["weights"]) == (True, True)
