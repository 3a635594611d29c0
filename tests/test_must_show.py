"""What the project promises, shown on real data from outside: by commands in processes of their own."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from aimodels.config.examples import find
from aimodels.config.loading import load
from aimodels.data.dataset import Texts
from aimodels.data.loading import load_dataset
from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import all_runs

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / "bench" / "peers" / "saved_model_client.py"
TEXT_CLIENT = ROOT / "bench" / "peers" / "text_client.py"
AIMODELS = (sys.executable, "-m", "aimodels")
SMALL = """
name: small
seed: 5
data: {name: mnist, source: sample, limit: 300}
model: {name: cnn, filters: [8], batch_norm: true, dropout: 0.3}
train: {epochs: 2, batch_size: 32, augment: {rotate: 0.03, shift: 0.1}}
"""
SMOKE = """
name: smoke
data: {name: mnist, source: sample, limit: 100}
model: {name: mlp, hidden: [8]}
train: {epochs: 1, batch_size: 50}
"""
# Makes a run folder without training; waits for the end of its input, so that all begin together.
STARTER = """
import sys
from pathlib import Path
from aimodels.config.loading import load
from aimodels.runs.folder import RunFolder

loaded = load(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
run = RunFolder.create(Path(sys.argv[2]), stem=loaded.name)
run.start(loaded.config, stem=loaded.name, source=loaded.source, facts={"of": sys.argv[3]})
run.become_latest(run.path.parent)
print(run.name)
"""


def aimodels(*arguments: object, folder: Path) -> str:
    """What a command that went well printed."""
    ended = subprocess.run([*AIMODELS, *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `aimodels train quickstart` was run."""
    folder = tmp_path_factory.mktemp("quickstart")
    aimodels("train", "quickstart", "--no-plots", folder=folder)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A config with everything random in it: dropout, augmentation, order, initial weights."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_the_quickstart_reaches_what_it_says(quickstart: Path) -> None:
    told = aimodels("eval", "latest", "--json", "--no-plots", "--min", "accuracy=0.965", folder=quickstart)
    document = json.loads(told)
    assert document["num_examples"] == 1000
    assert document["metrics"]["accuracy"] >= 0.965


def test_an_export_answers_like_its_run_where_aimodels_is_not(quickstart: Path, tmp_path: Path) -> None:
    from aimodels.prediction.predict import Predictor

    aimodels("export", "latest", "-f", "saved_model", "-o", tmp_path / "out", folder=quickstart)
    with np.load(ROOT / "aimodels" / "data" / "samples" / "mnist_sample.npz") as arrays:
        images = arrays["x_test"][..., None]
    assert len(images) == 1000
    np.save(tmp_path / "images.npy", images)
    files = [tmp_path / "out" / "saved_model" / "1", tmp_path / "images.npy", tmp_path / "answers.npz"]
    asked = subprocess.run([sys.executable, "-I", CLIENT, *files], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    wanted = Predictor(RunFolder.open(quickstart / "runs" / "quickstart-001")).answer(images)
    with np.load(tmp_path / "answers.npz") as answers:
        assert np.abs(answers["probabilities"] - wanted.probabilities).max() <= 1e-5
        assert answers["label"].tolist() == list(wanted.labels)
    # The network has learnt something, so equal labels are no accident.
    assert len(set(wanted.labels)) == 10


@pytest.fixture(scope="module")
def text_quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `aimodels train text_quickstart` was run."""
    folder = tmp_path_factory.mktemp("text_quickstart")
    aimodels("train", "text_quickstart", "--no-plots", folder=folder)
    return folder


def test_the_text_quickstart_learns_to_tell_reviews_apart(text_quickstart: Path) -> None:
    told = aimodels("eval", "latest", "--json", "--no-plots", "--min", "accuracy=0.78", folder=text_quickstart)
    assert json.loads(told)["num_examples"] == 1000


def test_a_text_export_answers_500_reviews_like_its_run_where_aimodels_is_not(
    text_quickstart: Path, tmp_path: Path
) -> None:
    from aimodels.prediction.predict import Predictor

    aimodels("export", "latest", "-f", "saved_model", "-o", tmp_path / "out", folder=text_quickstart)
    reviews = load_dataset(load(find("text_quickstart")).config.data, seed=7).test
    assert reviews is not None
    texts = reviews.take(range(500)).examples
    assert isinstance(texts, Texts)
    (tmp_path / "texts.json").write_text(json.dumps(texts.strings))
    files = [tmp_path / "out" / "saved_model" / "1", tmp_path / "texts.json", tmp_path / "answers.npz"]
    asked = subprocess.run([sys.executable, "-I", TEXT_CLIENT, *files], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    wanted = Predictor(RunFolder.open(text_quickstart / "runs" / "text-quickstart-001")).answer(texts)
    with np.load(tmp_path / "answers.npz") as answers:
        assert np.abs(answers["probabilities"] - wanted.probabilities).max() <= 1e-5
        assert answers["label"].tolist() == list(wanted.labels)
    assert len(set(wanted.labels)) == 2


def test_the_same_seed_in_two_processes_gives_the_same_run(small: Path) -> None:
    folders = [small.parent / name for name in ("one", "other", "third")]
    for folder, seed in zip(folders, (5, 5, 6), strict=True):
        aimodels("train", small, "--run-dir", folder, "--no-plots", "--seed", seed, folder=small.parent)
    one, other, third = map(RunFolder.open, folders)
    assert one.history_file.read_bytes() == other.history_file.read_bytes()
    for checkpoint in ("best", "last"):
        assert weights(one, checkpoint) == weights(other, checkpoint)
        assert weights(one, checkpoint) != weights(third, checkpoint)
    assert third.history_file.read_bytes() != one.history_file.read_bytes()


def weights(run: RunFolder, checkpoint: str) -> bytes:
    """Every weight of a checkpoint, with the state of the optimizer where it is kept, as it is in the file."""
    with zipfile.ZipFile(run.checkpoint(checkpoint)) as archive:
        return archive.read("model.weights.h5")


def test_runs_of_one_name_that_start_at_once_get_folders_of_their_own(small: Path, runs_dir: Path) -> None:
    names = [str(number) for number in range(20)]
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, small, runs_dir, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.close()
    # Not communicate(): it would close the input once more.
    made = [starter.stdout.read().strip() for starter in starters if starter.stdout is not None]
    assert [starter.wait() for starter in starters] == [0] * 20
    for starter in starters:
        assert starter.stdout is not None
        starter.stdout.close()
    assert sorted(made) == [f"small-{number:03d}" for number in range(1, 21)]
    facts = [RunFolder(runs_dir / name).facts() for name in made]
    assert [fact["of"] for fact in facts] == names
    assert [fact["name"] for fact in facts] == made
    assert len({fact["id"] for fact in facts}) == 20
    assert all((runs_dir / name / "config.yaml").read_text(encoding="utf-8") == SMALL for name in made)
    assert (runs_dir / "latest").readlink().name in made
    assert not list(runs_dir.rglob("*.tmp*"))


def test_trainings_of_one_name_at_once_are_whole(tmp_path: Path, runs_dir: Path) -> None:
    """Six, since each takes the memory of TensorFlow; what decides about folders is tried with twenty above."""
    (tmp_path / "smoke.yaml").write_text(SMOKE, encoding="utf-8")
    command = [*AIMODELS, "train", "smoke.yaml", "--no-plots", "-q"]
    trainings = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    printed = [training.communicate()[0].strip() for training in trainings]
    assert [training.returncode for training in trainings] == [0] * 6
    assert sorted(printed) == [f"runs/smoke-{number:03d}" for number in range(1, 7)]
    runs = all_runs(runs_dir)
    assert len(runs) == 6
    for run in runs:
        facts = run.facts()
        assert (facts["name"], facts["status"], facts["epochs_done"]) == (run.name, "finished", 1)
        kinds = [json.loads(line)["type"] for line in run.events_file.read_text(encoding="utf-8").splitlines()]
        assert (kinds[0], kinds[-1]) == ("run_started", "run_ended")
        assert run.history() == runs[0].history()
        assert run.checkpoint("best").exists()
        assert run.checkpoint("last").exists()
    assert not list(runs_dir.rglob("*.tmp*"))
