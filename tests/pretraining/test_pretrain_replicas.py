"""Pre-training on two replicas gives the numbers of one; in a process of its own, since devices are fixed early."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import WORDS, write_tiny_encoder

pytestmark = pytest.mark.tensorflow

PROGRAM = """
import json, sys
from pathlib import Path
from aimodels.config.loading import load
from aimodels.runs.place import RunPlace
import tensorflow as tf
cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from aimodels.pretraining.pretrain import pretrain
found = {}
for strategy in ("single", "mirrored"):
    run = pretrain(load(Path("notes.yaml"), overrides=[f"train.strategy={strategy}"]), RunPlace(Path("runs")))
    found[strategy] = {"history": run.history(), "device": run.facts()["device"], "encoder": str(run.encoder)}
print(json.dumps(found))
"""
# Without dropout, whose random numbers the replicas draw each for itself.
CONFIG = """
name: notes
seed: 4
data: {name: texts, path: notes.txt, validation: 0.25}
model: {name: bert, encoder: tiny, encoder_dropout: 0.0, wordpieces: {max_length: 24}}
pretrain: {next_sentence: %s}
train: {epochs: 2, batch_size: 16, optimizer: {name: adam, learning_rate: 5e-3}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("next_sentence", ["false", "true"])
def test_two_replicas_learn_what_one_does(next_sentence: str, tmp_path: Path) -> None:
    chosen = random.Random(1)
    texts = [" ".join(chosen.choices([word for word in WORDS if len(word) > 1], k=12)) for _ in range(128)]
    Path("notes.txt").write_text("\n".join(texts), encoding="utf-8")
    Path("notes.yaml").write_text(CONFIG % next_sentence, encoding="utf-8")
    write_tiny_encoder(Path("tiny"))
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    one, two = found["single"], found["mirrored"]
    assert two["device"] == "2 logical CPUs"
    assert two["history"]["val_perplexity"][0] > 1.5 * two["history"]["val_perplexity"][-1]
    for name, values in one["history"].items():
        np.testing.assert_allclose(two["history"][name], values, rtol=1e-5, atol=1e-5, err_msg=name)
