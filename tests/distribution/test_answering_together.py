"""Several workers that answer together give the answers and the report of one process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimodels.data.dataset import ImageFiles, Texts
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.launching import free_ports
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

SECONDS = 600
WORDS = ("good", "film", "two", "hours", "bad", "waste", "cry", "laughed")


def answers_of_two(run: RunFolder, ask: Any) -> list[Any]:
    """What two workers get, in threads of this process."""
    from aimodels.prediction.predict import Predictor
    from aimodels.prediction.sharing import together

    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(2))

    def of(index: int) -> Any:
        with together(Cluster(workers, index=index, source="the test"), {}) as share:
            return ask(Predictor(run, share=share)), share.part.num_answered

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(of, range(2)))


def test_two_workers_answer_images_as_one_does(trained_run: RunFolder) -> None:
    from aimodels.prediction.predict import Predictor

    images = np.random.default_rng(0).integers(0, 256, size=(37, 28, 28, 1), dtype=np.uint8)
    alone = Predictor(trained_run).answer(images, batch_size=5)
    (chief, first), (other, second) = answers_of_two(trained_run, lambda one: one.answer(images, batch_size=5))
    np.testing.assert_array_equal(chief.probabilities, alone.probabilities)
    assert (first, second) == (20, 17)
    assert np.isnan(other.probabilities[:, 0]).sum() == first


def test_two_workers_read_the_files_that_can_be_read(trained_run: RunFolder, tmp_path: Path) -> None:
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, size=(9, 28, 28), dtype=np.uint8)
    files = ImageFiles(tuple(tmp_path / f"{number}.png" for number in range(9)))
    for image, path in zip(images, files.paths, strict=True):
        Image.fromarray(image).save(path)
    for broken in (0, 4):
        files.paths[broken].write_bytes(b"no image")
    (chief, _), _ = answers_of_two(trained_run, lambda one: one.answer_readable(files, batch_size=2))
    assert sorted(chief.problems) == [0, 4]
    assert all("cannot be decoded" in problem for problem in chief.problems.values())
    np.testing.assert_array_equal(np.isnan(chief.probabilities[:, 0]), [number in (0, 4) for number in range(9)])


def test_two_workers_answer_texts_as_one_does(text_run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimodels.prediction import text_answering
    from aimodels.prediction.predict import Predictor

    monkeypatch.setattr(text_answering, "CHARACTERS_PER_CHUNK", 200)
    random = np.random.default_rng(0)
    texts = Texts(tuple(" ".join(random.choice(WORDS, size=size)) for size in random.integers(0, 12, size=60)))
    alone = Predictor(text_run).answer(texts, batch_size=8)
    (chief, first), (_, second) = answers_of_two(text_run, lambda one: one.answer(texts, batch_size=8))
    for name in ("probabilities", "num_tokens", "num_unknown"):
        np.testing.assert_array_equal(getattr(chief, name), getattr(alone, name))
    assert first + second == 60
    assert min(first, second) > 15


def test_two_workers_answer_rows_as_one_does(table_run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from table_runs import some_rows

    from aimodels.prediction import table_answering
    from aimodels.prediction.predict import Predictor

    monkeypatch.setattr(table_answering, "ROWS_PER_BATCH", 1)
    rows = some_rows(50)
    alone = Predictor(table_run).answer(rows, batch_size=8)
    (chief, first), (_, second) = answers_of_two(table_run, lambda one: one.answer(rows, batch_size=8))
    np.testing.assert_array_equal(chief.probabilities, alone.probabilities)
    assert (first, second) == (26, 24)


def aimodels(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a folder."""
    command = [sys.executable, "-m", "aimodels", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


TOGETHER = ("launch", "--workers", "2", "--")
CONFIGS = {
    "images": "data: {name: mnist, source: sample, limit: 400}\nmodel: {name: cnn, filters: [4, 8], dense: [16]}\n",
    "texts": "data: {name: imdb, source: sample, limit: 200}\nmodel: {name: lstm, embedding: {size: 8}, units: [8], "
    "dense: [], words: {vocabulary: 500, max_length: 40}}\n",
    "rows": 'data: {name: csv, path: "sample:penguins", target: species}\nmodel: {name: mlp, hidden: [16]}\n',
}


def inputs_of(kind: str, folder: Path) -> str:
    """Something to ask about, one of which is broken where that can be."""
    random = np.random.default_rng(0)
    if kind == "texts":
        lines = [" ".join(random.choice(WORDS, size=200)) for _ in range(300)]
        (folder / "reviews.csv").write_text("\n".join(["text", *lines]))
        return "reviews.csv"
    if kind == "rows":
        line = "Biscoe,{:.1f},18.0,200,4000,male,2008"
        lines = [line.format(30 + length) for length in 20 * random.random(9_000)]
        header = "island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year"
        (folder / "rows.csv").write_text("\n".join([header, *lines, line.replace("{:.1f}", "long")]))
        return "rows.csv"
    np.save(folder / "images.npy", random.integers(0, 256, size=(600, 28, 28), dtype=np.uint8))
    return "images.npy"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["images", "texts", "rows"])
def test_two_processes_give_the_report_and_the_answers_of_one(tmp_path: Path, kind: str) -> None:
    (tmp_path / "c.yaml").write_text(f"{CONFIGS[kind]}train: {{epochs: 1, batch_size: 32}}\n")
    assert aimodels(tmp_path, "train", "c.yaml", "--no-plots").returncode == 0
    said = []
    for start in ((), TOGETHER):
        done = aimodels(tmp_path, *start, "eval", "latest", "--no-plots", "--batch-size", "64")
        assert done.returncode == 0, done.stderr[-3000:]
        folder = tmp_path / "runs" / "latest" / "eval" / "test"
        files = {path.name: path.read_text() for path in folder.iterdir()}
        said.append((done.stdout, files.pop("report.json"), files))
    (alone, report, files), (chief, other_report, other_files) = said
    assert (chief, other_files) == (alone, files)
    reports = [json.loads(text) | {"evaluated": None} for text in (report, other_report)]
    assert reports[0] == reports[1]
    assert "[worker 1] worker 1 is done" in done.stderr

    inputs = inputs_of(kind, tmp_path)
    codes = []
    for start, output in (((), "alone.csv"), (TOGETHER, "together.csv")):
        done = aimodels(tmp_path, *start, "predict", "latest", inputs, "-o", output)
        codes.append(done.returncode)
    assert codes == [int(kind == "rows")] * 2, done.stderr[-3000:]
    assert (tmp_path / "together.csv").read_text() == (tmp_path / "alone.csv").read_text()
    assert "worker 1 is done: 0 answers" not in done.stderr


@pytest.mark.slow
def test_a_worker_that_does_not_come_is_named(trained_run: RunFolder, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "AIMODELS_WORKERS": f"127.0.0.1:{port},127.0.0.1:{port + 1}",
        "AIMODELS_WORKERS_WAIT": "2",
        "JOB_COMPLETION_INDEX": "0",
    }
    command = ["env", *(f"{name}={value}" for name, value in variables.items()), sys.executable, "-m", "aimodels"]
    done = subprocess.run(
        [*command, "eval", str(trained_run.path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"error[AM418]: worker 1 (127.0.0.1:{port + 1}) did not come to the chief" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1], ids=["the chief", "worker 1"])
def test_a_worker_that_is_killed_while_it_answers_ends_the_other_and_leaves_no_answers(
    text_run: RunFolder, tmp_path: Path, killed: int
) -> None:
    (tmp_path / "reviews.csv").write_text("\n".join(["text", *[" ".join(WORDS * 50)] * 20_000]))
    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    command = [sys.executable, "-m", "aimodels", "predict", str(text_run.path), "reviews.csv", "-o", "answers.csv"]
    processes = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=os.environ | {"TF_CONFIG": Cluster(workers, index=index, source="the test").tf_config},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    victim, other = processes[killed], processes[1 - killed]
    for process in processes:
        assert process.stderr is not None
        assert any(line.startswith("device  2 workers") for line in process.stderr)
    time.sleep(3)  # they have met by now, and have much to do
    victim.kill()
    _, said = other.communicate(timeout=SECONDS)
    victim.communicate()
    assert (victim.returncode, other.returncode) == (-signal.SIGKILL, 1), said
    assert f"error[AM421]: worker {killed} ({workers[killed]}) was lost" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reviews.csv"]
