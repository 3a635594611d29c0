"""`doctor --scaling`: options that are refused, tables that fit, and one whole prediction of a tiny training."""

import json
from io import StringIO
from pathlib import Path

import pytest

from aimodels.cli import scaling
from aimodels.cli.console import Console
from aimodels.cli.options import Shared
from aimodels.config.loading import load
from aimodels.config.schema import Train
from aimodels.distribution.scaling import Gradients, Measured, StepTime, Together
from aimodels.errors import UsageError

CONFIG = """
data: {name: mnist, source: sample, limit: 64}
model: {name: mlp, hidden: [8]}
train: {batch_size: 32}
"""


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.fixture
def config(tmp_path):
    (tmp_path / "my.yaml").write_text(CONFIG)


@pytest.mark.parametrize(
    ("text", "speed"), [("10Gbit", 1.25e9), ("400 Gbps", 5e10), ("1.25GB/s", 1.25e9), ("100Mbit/s", 1.25e7)]
)
def test_speeds_of_networks(text, speed):
    assert scaling.bytes_per_second(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "10", "-1Gbit", "0Gbit", "10 Gbit per hour"])
def test_what_is_no_speed(text):
    with pytest.raises(UsageError) as error:
        scaling.bytes_per_second(text)
    assert error.value.code == "AM441"


def test_what_does_not_divide_is_left_out_unless_it_is_asked_for():
    train = Train(batch_size=48)
    asked = scaling.wanted(train, workers=None, network="10Gbit", local=True)
    assert (asked.replicas, asked.left_out) == ((1, 2, 8), (64,))
    with pytest.raises(UsageError, match=r"`train.batch_size` 48 does not divide by 64 replicas") as error:
        scaling.wanted(train, workers="2,64", network="10Gbit", local=True)
    assert "train.batch_size=64" in error.value.help


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (["--scaling", "none.yaml"], 3, "AM"),
        (["--scaling", "my.yaml", "train.batch=3"], 2, "AM"),
        (["--scaling", "my.yaml", "--workers", "3"], 2, "AM440"),
        (["--scaling", "my.yaml", "--network", "quick"], 2, "AM441"),
        (["--scaling", "my.yaml", "--workers", "two"], 2, "AM442"),
        (["--scaling", "my.yaml", "--workers", "0"], 2, "AM442"),
        (["--workers", "2"], 2, "AM444"),
        (["latest", "train.epochs=3"], 2, "AM444"),
    ],
)
def test_bad_input(program, config, arguments, exit_code, code):
    ended = program("doctor", *arguments)
    assert ended.returncode == exit_code
    assert f"[{code}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_tables_fit_into_80_columns(monkeypatch, config):
    steps = {num: StepTime(4096 / num, 0.1 / num, 0.001 / num) for num in (1, 2, 8, 64)}
    gradients = Gradients(60, dense_bytes=440_000_000, num_sparse=1, row_bytes_per_example=100_000)
    together = Together(2, StepTime(2048, 0.09, 0.001), sum_seconds=0.5, tiny_seconds=0.003)
    measured = Measured(steps, gradients, input_bytes_per_example=784, kind="cpu", cores=2, together=together)
    monkeypatch.setattr(scaling, "measured_here", lambda loaded, *, asked: measured)
    console = Console(Shared(), environ={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm"})
    console.stdout = Terminal()
    asked = scaling.wanted(Train(batch_size=4096), workers=None, network="10Gbit", local=True)
    document = scaling.predict_scaling(console, load(Path("my.yaml")), asked=asked)
    text = console.stdout.getvalue()
    assert "2 here" in text
    assert [line for line in text.splitlines() if len(line.rstrip()) > 80] == []
    assert [each["replicas"] for each in document["same_batch"]] == [1, 2, 2, 8, 64]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_tiny_training_is_measured_and_predicted(program, config):
    ended = program("doctor", "--scaling", "my.yaml", "--workers", "1,2", "--no-local", "--json")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    # 784 x 8 + 8 weights, and 8 x 10 + 10.
    assert document["gradient_bytes"] == 4 * (784 * 8 + 8 + 8 * 10 + 10)
    alone, two = document["same_batch"]
    assert (alone["share"], two["share"]) == (32, 16)
    assert alone["efficiency"] == 1
    assert 0 < alone["step_seconds"] < 60
    assert two["step_seconds"] > two["all_reduce_seconds"] > 0
    [larger] = document["larger_batch"]
    assert larger["options"] == "--batch-size 64 --lr 0.00141"


@pytest.mark.slow
@pytest.mark.tensorflow
def test_local_workers_add_up_real_gradients(program, config):
    ended = program("doctor", "--scaling", "my.yaml", "--workers", "1,2", "--json")
    assert ended.returncode == 0, ended.stderr
    here = json.loads(ended.stdout)["same_batch"][1]
    assert (here["here"], here["replicas"], here["share"]) == (True, 2, 16)
    assert here["all_reduce_seconds"] > 0
