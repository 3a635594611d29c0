"""Two workers, each a process of its own, give the numbers of one; and what happens when they differ or one dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
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


LONG = IMAGES.replace("epochs: 2", "epochs: 100000")


def start_two(
    folders: Sequence[Path], stack: ExitStack, *words: str, configs: tuple[str, str] = (LONG, LONG), **variables: str
) -> list[subprocess.Popen[str]]:
    """Two workers, as a cluster's own program would start them, each in a folder."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    workers = []
    for index, (folder, config) in enumerate(zip(folders, configs, strict=True)):
        (folder / f"w{index}.yaml").write_text(config)
        spec = {"worker": [f"127.0.0.1:{port}" for port in ports]}
        told = {"TF_CONFIG": json.dumps({"cluster": spec, "task": {"type": "worker", "index": index}})}
        worker = subprocess.Popen(
            [sys.executable, "-m", "aimodels", "train", f"w{index}.yaml", "name=w", "--no-plots", *words],
            cwd=folder, env=os.environ | told | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        workers.append(stack.enter_context(worker))
        stack.callback(worker.kill)
    return workers


def until_it_trains(folder: Path) -> dict[str, Any]:
    """Wait for the first epoch; what `run.json` says then."""
    run = folder / "runs" / "w-001"
    ends_at = time.monotonic() + SECONDS
    while time.monotonic() < ends_at and not (run / "history.csv").exists():
        time.sleep(0.2)
    return json.loads((run / "run.json").read_text())


@pytest.mark.slow
def test_a_signal_to_one_worker_stops_all_of_them_after_the_same_step(tmp_path: Path) -> None:
    with ExitStack() as stack:
        workers = start_two([tmp_path] * 2, stack)
        until_it_trains(tmp_path)
        workers[1].send_signal(signal.SIGTERM)
        said = [worker.communicate(timeout=SECONDS)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [143, 143], said
    facts = json.loads((tmp_path / "runs" / "w-001" / "run.json").read_text())
    assert (facts["status"], facts["reason"]) == ("interrupted", "interrupted by SIGTERM")


@pytest.mark.slow
def test_workers_that_were_stopped_go_on_and_end_as_if_they_had_not(tmp_path: Path) -> None:
    config = IMAGES.replace("epochs: 2", "epochs: 60, checkpoint: {every_steps: 5}").replace(
        "dropout: 0.0", "dropout: 0.2"
    )
    (tmp_path / "w.yaml").write_text(config)
    together = ("launch", "--workers", "2", "--", "train", "w.yaml", "--no-plots")
    whole = aimodels(tmp_path, *together)
    assert whole.returncode == 0, whole.stderr[-3000:]
    left = aimodels(tmp_path, *together, "--max-time", "2s")
    assert left.returncode == 0, left.stderr[-3000:]
    again = aimodels(tmp_path, *together, "--resume", "w-002", "--unset", "train.max_time")
    assert again.returncode == 0, again.stderr[-3000:]
    (history, weights), (others, other_weights) = (trained(tmp_path, f"w-00{number}") for number in (1, 2))
    assert others == history
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_array_equal(other, one)


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0, 1])
def test_no_worker_outlives_another(tmp_path: Path, lost: int) -> None:
    with ExitStack() as stack:
        workers = start_two([tmp_path] * 2, stack)
        until_it_trains(tmp_path)
        workers[lost].kill()
        _, said = workers[1 - lost].communicate(timeout=60)
    assert workers[1 - lost].returncode == 1
    assert f"error[AM421]: worker {lost} (127.0.0.1:" in said
    facts = json.loads((tmp_path / "runs" / "w-001" / "run.json").read_text())
    assert facts["status"] == ("running" if lost == 0 else "failed")


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [0, 1])
def test_a_worker_that_is_frozen_is_not_waited_for(tmp_path: Path, frozen: int) -> None:
    with ExitStack() as stack:
        workers = start_two([tmp_path] * 2, stack, AIMODELS_WORKERS_SILENT="5")
        until_it_trains(tmp_path)
        workers[frozen].send_signal(signal.SIGSTOP)
        _, said = workers[1 - frozen].communicate(timeout=60)
        assert workers[1 - frozen].returncode == 1
        assert f"error[AM421]: worker {frozen} (127.0.0.1:" in said
        workers[frozen].send_signal(signal.SIGCONT)
        assert workers[frozen].wait(timeout=60) == 1


@pytest.mark.slow
def test_states_by_the_clock_are_kept_by_all_and_one_without_the_disk_goes_on(tmp_path: Path) -> None:
    """The steps of the two take turns at waiting for each other; the clock of each says another moment."""
    config = IMAGES.replace("epochs: 2", "epochs: 40, checkpoint: {every_epochs: null, every: 0.2s}").replace(
        "dropout: 0.0", "dropout: 0.2, batch_norm: true"
    )
    folders = [tmp_path / "chief", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    for name, words in {"whole": ("--run-dir", "whole"), "left": ("--run-dir", "left", "--max-time", "3s")}.items():
        with ExitStack() as stack:
            workers = start_two(folders, stack, *words, configs=(config, config))
            said = [worker.communicate(timeout=SECONDS)[1] for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], (name, said)
    left = folders[0] / "left"
    assert json.loads((left / "run.json").read_text())["status"] == "stopped_early"
    # What the other worker has been told of lies where it cannot see it.
    again = ("--run-dir", "left", "--resume", "auto", "--unset", "train.max_time")
    with ExitStack() as stack:
        workers = start_two(folders, stack, *again, configs=(config, config))
        said = [worker.communicate(timeout=SECONDS)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert len(json.loads((left / "run.json").read_text())["resumed"]) == 1
    assert (left / "history.csv").read_bytes() == (folders[0] / "whole" / "history.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "code"), [("1e-31", 0), ("0.5", 1)], ids=["mended", "given up"])
def test_workers_go_back_together(tmp_path: Path, factor: str, code: int) -> None:
    config = IMAGES.replace("{name: sgd, clip: {global_norm: 0.05}}", "{name: sgd, learning_rate: 1e30}").replace(
        "epochs: 2", f"epochs: 2, on_nan: {{name: rollback, times: 1, factor: {factor}}}"
    )
    with ExitStack() as stack:
        workers = start_two([tmp_path] * 2, stack, configs=(config, config))
        said = [worker.communicate(timeout=SECONDS)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [code, code], said
    facts = json.loads((tmp_path / "runs" / "w-001" / "run.json").read_text())
    assert all("AM409" in each for each in said), said
    assert (facts["status"], (facts["error"] or {}).get("code")) == (("finished", None), ("failed", "AM401"))[code]


@pytest.mark.slow
def test_workers_with_different_configs_do_not_train(tmp_path: Path) -> None:
    with ExitStack() as stack:
        workers = start_two([tmp_path] * 2, stack, configs=(LONG, LONG.replace("0.05", "0.06")))
        said = [worker.communicate(timeout=SECONDS)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [2, 2], said
    assert all("error[AM419]" in each and "another config" in each for each in said), said
    assert not (tmp_path / "runs").exists()


def test_several_workers_must_be_described(tmp_path: Path) -> None:
    from aimodels.config.schema import Train
    from aimodels.distribution.strategy import cluster_for
    from aimodels.errors import UsageError

    several = {"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}})}
    with pytest.raises(UsageError, match="nothing says who the workers are") as caught:
        cluster_for(Train(strategy="multi_worker"), {})
    assert (caught.value.code, caught.value.exit_code) == ("AM425", 2)
    assert cluster_for(Train(), {}) is None
    assert cluster_for(Train(strategy="single"), several) is None
    found = cluster_for(Train(), several)
    assert found is not None
    assert (found.size, found.index) == (2, 1)


def test_folds_are_not_for_several_workers() -> None:
    from aimodels.config.schema import Train
    from aimodels.distribution.strategy import cluster_for
    from aimodels.errors import ConfigError

    several = {"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}})}
    with pytest.raises(ConfigError) as caught:
        cluster_for(Train(folds=3), several)
    assert [problem.code for problem in caught.value.problems] == ["AM426"]
    assert cluster_for(Train(folds=3), {}) is None
