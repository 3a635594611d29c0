"""What is predicted for several replicas, from numbers that were measured; and what a larger batch calls for."""

import math
import sys
from dataclasses import replace

import pytest

from aimodels.config.loading import load
from aimodels.config.optimizers import Adam, AdamW, RMSprop, Sgd
from aimodels.config.schema import TokenBudget, Train
from aimodels.distribution import measuring_together
from aimodels.distribution.larger_batches import larger_batch, offer
from aimodels.distribution.scaling import Gradients, Measured, StepTime, Together, predict, predict_here
from aimodels.errors import FailedError

# 1 ms however few examples there are, and 0.1 ms for each.
STEPS = {num: StepTime(64 / num, 1e-3 + 1e-4 * 64 / num, input_seconds=1e-5) for num in (1, 2, 8, 64)}
MEASURED = Measured(STEPS, Gradients(4, dense_bytes=8_000_000), input_bytes_per_example=784, kind="gpu", cores=2)


def predicted(measured=MEASURED, *, bytes_per_second=1e15, grows=False):
    found = predict(measured, replicas=[1, 2, 8, 64], bytes_per_second=bytes_per_second, grows=grows)
    return {each.num_replicas: each for each in found}


def test_a_step_is_the_share_of_one_replica_and_then_the_ring():
    found = predicted(bytes_per_second=1e9)
    assert found[1].seconds == pytest.approx(7.4e-3)
    # 2 (N - 1) / N of 8 MB at 1 GB/s, and 2 (N - 1) rounds of 50 microseconds.
    assert found[2].seconds == pytest.approx(4.2e-3 + 8e-3 + 1e-4)
    assert found[8].seconds == pytest.approx(1.8e-3 + 14e-3 + 7e-4)
    assert found[8].examples_per_second == pytest.approx(64 / 16.5e-3)
    assert found[8].efficiency == pytest.approx(7.4 / 16.5 / 8)


def test_a_batch_that_grows_keeps_each_replica_as_busy_as_one():
    found = predicted(bytes_per_second=1e9, grows=True)
    assert found[8].step == STEPS[1]
    assert found[8].efficiency == pytest.approx(7.4 / (7.4 + 14 + 0.7))


def test_rows_of_tables_are_sent_to_everyone():
    gradients = Gradients(0, 0, num_sparse=1, row_bytes_per_example=100.0)
    assert gradients.sent(share=32, num_replicas=2) == 3200
    assert gradients.sent(share=8, num_replicas=8) == 7 * 800


def test_what_a_step_takes_for_any_number_of_examples():
    assert MEASURED.overhead_seconds == pytest.approx(1e-3)
    assert replace(MEASURED, steps={1: STEPS[1]}).overhead_seconds == 0


def test_the_largest_part_limits():
    assert predicted()[2].limit == "compute"
    assert predicted()[64].limit == "all-reduce"  # 126 rounds
    assert predicted(replace(MEASURED, together=together(tiny_seconds=1e-9)))[64].limit == "all-reduce"
    assert predicted(replace(MEASURED, steps={**STEPS, 8: StepTime(8, 1.1e-3, 1e-5)}))[8].limit == "overhead"
    starved = {num: replace(step, input_seconds=0.95 * step.seconds) for num, step in STEPS.items()}
    assert predicted(replace(MEASURED, steps=starved))[2].limit == "input"
    assert "cache" in predicted(replace(MEASURED, steps=starved))[2].advice


def together(*, tiny_seconds=4e-4):
    return Together(2, StepTime(32, 6e-3, 1e-5), sum_seconds=2e-3, tiny_seconds=tiny_seconds)


def test_workers_of_this_machine_are_predicted_by_what_they_took_side_by_side():
    assert predict_here(MEASURED) is None
    found = predict_here(replace(MEASURED, kind="cpu", together=together()))
    assert found.is_here
    assert found.seconds == pytest.approx(8e-3)
    assert found.efficiency == pytest.approx(7.4 / 8 / 2)
    assert found.limit == "cores"


def test_rounds_between_processes_cost_what_was_measured():
    measured = replace(MEASURED, kind="cpu", together=together(tiny_seconds=1e-3))
    assert measured.round_seconds == 5e-4
    assert replace(measured, together=together(tiny_seconds=1e-9)).round_seconds == 5e-5


@pytest.mark.parametrize(
    ("optimizer", "rate", "rule"),
    [
        (Sgd(name="sgd", learning_rate=0.1), 0.4, "linear"),
        (Adam(name="adam", learning_rate=0.001), 0.002, "square root"),
        (AdamW(name="adamw", learning_rate=0.001), 0.002, "square root"),
        (RMSprop(name="rmsprop", learning_rate=0.001), 0.002, "square root"),
    ],
)
def test_the_rate_grows_by_the_rule_of_its_optimizer(optimizer, rate, rule):
    larger = larger_batch(Train(batch_size=64, optimizer=optimizer), factor=4)
    assert (larger.batch_size, larger.rule) == (256, rule)
    assert math.isclose(larger.learning_rate, rate)


def test_the_offer_is_a_line_to_paste():
    train = Train(batch_size=64, optimizer=Sgd(name="sgd", learning_rate=0.1))
    assert offer(train, num_replicas=1) == ""
    told = offer(train, num_replicas=2)
    assert told == "unchanged; on offer: --batch-size 128 --lr 0.2 (linear rule)"
    assert len(f"chosen batch: {told}") <= 80
    tokens = train.model_copy(update={"batch_size": TokenBudget(tokens=4096)})
    assert offer(tokens, num_replicas=2) == "unchanged; on offer: train.batch_size.tokens=8192 --lr 0.2 (linear rule)"


WORKER = """
import json, os, sys
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
open(sys.argv[1]).read()
if index == 1 and {fails}:
    sys.exit("no memory")
step = dict(examples=32.0, seconds=0.01 * (1 + index), input_seconds=0.001)
print("loading")
print(json.dumps(dict(num_replicas=2, step=step, sum_seconds=0.003 - 0.001 * index, tiny_seconds=0.001)))
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "my.yaml").write_text("data: {name: mnist, source: sample}\nmodel: {name: mlp}\n")
    return load(tmp_path / "my.yaml").config


def test_workers_measure_side_by_side_and_the_slowest_counts(config):
    program = [sys.executable, "-c", WORKER.format(fails=False)]
    found = measuring_together.measure_together(config, num_workers=2, program=program)
    assert found == Together(2, StepTime(32.0, 0.02, 0.001), sum_seconds=0.003, tiny_seconds=0.001)


def test_a_worker_that_fails_is_named_with_what_it_said(config):
    program = [sys.executable, "-c", WORKER.format(fails=True)]
    with pytest.raises(FailedError, match="worker 1 ended with exit code 1: no memory") as error:
        measuring_together.measure_together(config, num_workers=2, program=program)
    assert error.value.code == "AM443"


def test_workers_that_do_not_end_are_ended(config, monkeypatch):
    monkeypatch.setattr(measuring_together, "LONGEST_SECONDS", 0.5)
    program = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(FailedError, match="did not end within"):
        measuring_together.measure_together(config, num_workers=2, program=program)
