"""Two replicas give the numbers of one; in a process of its own, since devices are fixed once TensorFlow runs."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

PROGRAM = """
import json, sys
from pathlib import Path
from aimodels.config.loading import load
from aimodels.data.loading import load_dataset
from aimodels.errors import UserError
from aimodels.prediction.predict import Predictor
from aimodels.runs.place import RunPlace
import tensorflow as tf
cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from aimodels.distribution.answering_devices import answering_devices
from aimodels.training.train import train

def trained(*overrides):
    return train(load(Path("two.yaml"), overrides=overrides), RunPlace(Path("runs")))

def compared():
    found = {}
    for strategy in ("single", "mirrored"):
        run = trained(f"train.strategy={strategy}")
        weights = [weight.tolist() for weight in run.model("best").get_weights()]
        found[strategy] = {"history": run.history(), "device": run.facts()["device"], "weights": weights}
    examples = load_dataset(run.config.data, seed=run.config.seed).train.examples
    for name, devices in (("alone", ()), ("together", answering_devices("mirrored").names)):
        answers = Predictor(run, devices=devices).answer(examples, batch_size=32)
        found[name] = (answers.probabilities if answers.values is None else answers.values).tolist()
    try:
        trained("train.strategy=mirrored", "train.batch_size=33")
    except UserError as error:
        found["refused"] = [error.code, error.exit_code, error.message + error.help]
    return found

found = {}
for name, config in json.loads(sys.argv[1]).items():
    Path("two.yaml").write_text(config)
    found[name] = compared()
print(json.dumps(found))
"""
IMAGES = """
data: {name: mnist, source: sample, limit: 200}
model: {name: cnn, filters: [4, 8], dense: [16]}
train: {epochs: 2, batch_size: 32, steps_per_execution: 3, optimizer: {name: sgd, clip: {global_norm: 0.05}}}
"""
DENSE = """
data: {name: mnist, source: sample, limit: 200}
model: {name: mlp, hidden: [16], dropout: 0.0}
train: {epochs: 2, batch_size: 32, accumulate: 2, class_weights: balanced, early_stopping: {patience: 1}}
"""
TEXTS = """
data: {name: imdb, source: sample, limit: 201}
model: {name: lstm, embedding: {size: 8}, units: [8], dense: [], words: {vocabulary: 500, max_length: 24}}
train: {epochs: 2, batch_size: {tokens: 900}, ema: 0.8}
"""
ATTENTION = """
data: {name: imdb, source: sample, limit: 201}
model: {name: transformer, embedding: {size: 8}, blocks: 1, heads: 2, words: {vocabulary: 500, max_length: 40},
        dropout: 0.0}
train: {epochs: 2, batch_size: 32, sampling: over}
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
OTHERS = {"mlp": DENSE, "lstm": TEXTS, "bert": ENCODER, "transformer": ATTENTION, "table": TABLES, "frozen": FROZEN}


def run_in_process(configs: dict[str, str]) -> Any:
    """What the program found about each of these configs. One process for all: models of different shapes follow one
    another in it, which a strategy for each of them would not survive."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(configs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def expect_equal(found: Any) -> None:
    """Two replicas give the numbers of one: when they train, and when they answer."""
    assert found["mirrored"]["device"] == "2 logical CPUs"
    for name, values in found["single"]["history"].items():
        assert found["mirrored"]["history"][name] == pytest.approx(values, abs=1e-5), name
    for one, other in zip(found["single"]["weights"], found["mirrored"]["weights"], strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
    np.testing.assert_array_equal(found["together"], found["alone"])
    code, exit_code, said = found["refused"]
    assert (code, exit_code) == ("AM303", 2)
    assert "32 and 34" in said


def test_two_replicas_give_the_numbers_of_one() -> None:
    expect_equal(run_in_process({"cnn": IMAGES})["cnn"])


@pytest.mark.slow
def test_two_replicas_give_the_numbers_of_one_on_anything_else() -> None:
    found = run_in_process(OTHERS)
    for name in OTHERS:
        expect_equal(found[name])


@pytest.mark.slow
def test_two_replicas_train_in_half_precision_with_scaled_losses_and_clipped_gradients() -> None:
    clipped = DENSE.replace(
        "train: {", "train: {optimizer: {name: adam, clip: {global_norm: 0.5}}, precision: PRECISION, "
    )
    names = ("mixed_float16", "mixed_bfloat16")
    found = run_in_process({name: clipped.replace("PRECISION", name) for name in names})
    for name in names:
        single, mirrored = (found[name][strategy]["history"] for strategy in ("single", "mirrored"))
        for metric in ("loss", "val_loss"):
            # Half precision rounds sums over 16 rows and over 32 differently: bfloat16 keeps 8 bits.
            assert mirrored[metric] == pytest.approx(single[metric], rel=2e-3), (name, metric)
        assert single["loss"][-1] < single["loss"][0]
