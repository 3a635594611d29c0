"""Bad input through the command line: one clear error, the right exit code, no traceback, nothing half-written."""

import errno
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aimodels.cli import main
from aimodels.runs.folder import RunFolder

MNIST = """\
name: bad
seed: 3
data: {name: mnist, source: sample, limit: 100}
model: {name: mlp, hidden: [8]}
train: {epochs: 2, batch_size: 32, device: cpu}
"""
PHOTOS = """\
name: bad
seed: 3
data: {name: image_folder, path: photos, size: 8, channels: 3, validation: 0.25, test: 0}
model: {name: mlp, hidden: [8]}
train: {epochs: 1, batch_size: 4, device: cpu}
"""


class CommandLine:
    """Runs commands in this process, where TensorFlow is loaded once for all of them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def refuses(self, *arguments: object, code: str, exit_code: int, says: tuple[str, ...] = ()) -> str:
        """The command ends with this exit code and this error, which says these words and how to mend it."""
        found = main([str(argument) for argument in arguments])
        shown = self._capsys.readouterr()
        assert f"error[{code}]: " in shown.err
        assert found == exit_code
        for words in says:
            assert words in shown.err
        assert "= help: " in shown.err
        assert "Traceback" not in shown.err + shown.out
        assert temporaries() == []
        return shown.err

    def answers(self, *arguments: object) -> dict[str, object]:
        """The JSON document of a command, whether it worked or not."""
        main([*map(str, arguments), "--json"])
        document: dict[str, object] = json.loads(self._capsys.readouterr().out)
        return document


@pytest.fixture
def aimodels(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    if request.node.get_closest_marker("tensorflow"):
        request.getfixturevalue("trained_run")  # TensorFlow is loaded before anything is watched
    (tmp_path / "mnist.yaml").write_text(MNIST)
    (tmp_path / "photos.yaml").write_text(PHOTOS)
    return CommandLine(capsys)


def temporaries() -> list[Path]:
    """What is left of files that were being written, in the folder of the test."""
    return [path for path in Path.cwd().rglob("*") if any(part in path.name for part in (".tmp", ".part"))]


@pytest.fixture
def run(trained_run: RunFolder, runs_dir: Path) -> RunFolder:
    """A finished run of this test alone: `smoke-001`."""
    shutil.copytree(trained_run.path, runs_dir / trained_run.name)
    return RunFolder(runs_dir / trained_run.name)


def arrays(**changed: object) -> dict[str, object]:
    """Ten images to train on and ten to test on, as in Keras's mnist.npz."""
    images, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10)
    return {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels} | changed


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


def idx_folder(folder: Path) -> Path:
    folder.mkdir()
    images, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10, dtype=np.uint8)
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    return folder


def photos(folder: Path = Path("photos"), *, mode: str = "RGB", per_class: int = 8) -> Path:
    """Two classes of noise, 8 x 8 pixels, each image another one."""
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = random.integers(256, size=(8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{number}.png")
    return folder


def cut(path: Path, *, to: float = 0.5) -> Path:
    """Leave only the beginning of a file, as a copy that broke off does."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * to)])
    return path


# --- data that is not there, broken, or something else ------------------------------------------------------------


@pytest.fixture(params=["check", pytest.param("train", marks=pytest.mark.tensorflow)])
def command(request: pytest.FixtureRequest) -> str:
    """Both commands that read the data of a config. `check` finds bad data: its answer is no, which is 4."""
    return str(request.param)


def for_data(command: str) -> int:
    return {"check": 4, "train": 1}[command]


@pytest.mark.parametrize("source", ["digits.npz", "nowhere/digits.npz", "nowhere"])
def test_data_that_is_not_there(source: str, command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    Path("digit.npz").touch()
    said = aimodels.refuses(command, "mnist.yaml", f"data.source={source}", code="AM201", exit_code=3, says=(source,))
    assert ("near names" in said) == (source == "digits.npz")
    assert not runs_dir.exists()


def test_an_npz_file_that_was_cut_off(command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    np.savez("digits.npz", **arrays())
    cut(Path("digits.npz"))
    says = ("cannot read digits.npz", "fetch it again")
    aimodels.refuses(
        command, "mnist.yaml", "data.source=digits.npz", code="AM206", exit_code=for_data(command), says=says
    )
    assert not runs_dir.exists()


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"])
def test_an_idx_file_that_was_cut_off(name: str, command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    cut(idx_folder(Path("digits")) / name, to=0.7)
    says = (f"cannot read digits/{name}", "fetch it again")
    aimodels.refuses(command, "mnist.yaml", "data.source=digits", code="AM206", exit_code=for_data(command), says=says)
    assert not runs_dir.exists()


def test_an_idx_file_that_is_missing(command: str, aimodels: CommandLine) -> None:
    (idx_folder(Path("digits")) / "t10k-labels-idx1-ubyte.gz").unlink()
    says = ("digits/t10k-labels-idx1-ubyte", "plain or as")
    aimodels.refuses(command, "mnist.yaml", "data.source=digits", code="AM201", exit_code=3, says=says)


def test_another_file_in_the_cache_of_keras(
    command: str, aimodels: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    cached = tmp_path / "keras" / "datasets" / "mnist.npz"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"a log-in page")
    says = (str(cached), "delete that file", "expected SHA-256 731c5ac6", "found SHA-256")
    aimodels.refuses(command, "mnist.yaml", "data.source=auto", code="AM205", exit_code=for_data(command), says=says)
    assert cached.read_bytes() == b"a log-in page"


WRONG_ARRAYS = {
    "one image flat": (arrays(x_train=np.zeros((10, 784), np.uint8)), "AM207", "x_train has shape 10 x 784"),
    "two channels": (arrays(x_test=np.zeros((10, 28, 28, 2), np.uint8)), "AM207", "28 x 28 x 2"),
    "two sizes": (arrays(x_test=np.zeros((10, 14, 14), np.uint8)), "AM207", "test images 14 x 14 x 1"),
    "floats": (arrays(x_train=np.zeros((10, 28, 28))), "AM207", "has type float64, expected uint8"),
    "fewer labels": (arrays(y_train=np.arange(9)), "AM207", "x_train has 10 images, and y_train has shape 9"),
    "a label too large": (arrays(y_test=np.arange(1, 11)), "AM208", "y_test[9] is 10"),
    "a name missing": ({"x_train": np.zeros(3)}, "AM207", "it has no y_train, x_test, y_test"),
    "objects": (arrays(x_train=np.array([{}] * 10)), "AM206", "digits.npz"),
    "one class": (arrays(y_train=np.zeros(10, int)), "AM210", "one class only"),
}


@pytest.mark.parametrize("wrong", WRONG_ARRAYS)
def test_arrays_that_are_not_labelled_images(wrong: str, command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    content, code, words = WRONG_ARRAYS[wrong]
    np.savez("digits.npz", **content)
    exit_code = for_data(command)
    said = aimodels.refuses(command, "mnist.yaml", "data.source=digits.npz", code=code, exit_code=exit_code)
    assert words in said
    assert not runs_dir.exists()


# --- folders of images ----------------------------------------------------------------------------------------------


def test_a_class_folder_without_an_image(command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    (photos() / "eel").mkdir()
    says = ("without an image: eel", "delete the folder")
    aimodels.refuses(command, "photos.yaml", code="AM212", exit_code=for_data(command), says=says)
    assert not runs_dir.exists()


def test_one_class_only(command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    shutil.rmtree(photos() / "dog")
    says = ("one class only: 'cat'",)
    aimodels.refuses(command, "photos.yaml", code="AM210", exit_code=for_data(command), says=says)
    assert not runs_dir.exists()


def test_an_image_in_colour_where_one_channel_was_asked_for(command: str, aimodels: CommandLine) -> None:
    folder = photos(mode="L")
    Image.new("RGB", (8, 8), "red").save(folder / "cat" / "red.png")
    says = ("1 of the images in photos are in colour", "cat/red.png", "channels: 3", "on_error: skip")
    exit_code = for_data(command)
    aimodels.refuses(command, "photos.yaml", "data.channels=1", code="AM217", exit_code=exit_code, says=says)


def test_images_that_are_broken_are_named(command: str, aimodels: CommandLine, runs_dir: Path) -> None:
    cut(photos() / "cat" / "3.png")
    Path("photos/dog/text.jpg").write_text("a dog")
    says = ("2 of the images in photos cannot be read", "cat/3.png: ", "dog/text.jpg: not a PNG", "on_error: skip")
    aimodels.refuses(command, "photos.yaml", code="AM211", exit_code=for_data(command), says=says)
    assert not runs_dir.exists()


@pytest.mark.tensorflow
def test_images_that_are_skipped_are_counted(aimodels: CommandLine, runs_dir: Path) -> None:
    cut(photos() / "cat" / "3.png")
    document = aimodels.answers("train", "photos.yaml", "data.on_error=skip", "--no-plots")
    assert document["ok"] is True
    assert [(entry["code"], "cat/3.png" in entry["message"]) for entry in document["warnings"]] == [("AM219", True)]
    facts = RunFolder(runs_dir / "bad-001").facts()
    assert facts["data_counts"] == {"images that cannot be read, skipped": 1}
    assert sum(facts["num_examples"].values()) == 15


@pytest.mark.tensorflow
@pytest.mark.parametrize("scale", ["unit", "standardize"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_broken_image_that_only_training_meets(
    streamed: bool,
    scale: str,
    aimodels: CommandLine,
    runs_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from aimodels.training import image_source

    monkeypatch.setattr(image_source, "fits_in_memory", lambda split, input: not streamed)
    for image in photos().glob("cat/*"):
        cut(image)
    changes = ("data.verify=header", f"model.images.scale={scale}")
    says = ("error[AM230]: photos/cat/", "cannot be decoded: Invalid PNG data, size", "data.verify: decode")
    aimodels.refuses("train", "photos.yaml", *changes, code="AM230", exit_code=1, says=says)
    assert not runs_dir.exists() or list(runs_dir.iterdir()) == []


@pytest.mark.tensorflow
def test_an_image_that_breaks_while_training_goes_on(
    aimodels: CommandLine, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import fitting, image_source

    monkeypatch.setattr(image_source, "fits_in_memory", lambda split, input: False)
    after_epoch = fitting.after_epoch

    def cut_one(*arguments: object, **options: object) -> object:
        cut(Path("photos/dog/0.png"))
        return after_epoch(*arguments, **options)

    monkeypatch.setattr(fitting, "after_epoch", cut_one)
    photos()
    says = ("photos/dog/0.png cannot be decoded",)
    aimodels.refuses("train", "photos.yaml", "train.epochs=3", code="AM230", exit_code=1, says=says)
    run = RunFolder(runs_dir / "bad-001")
    assert run.facts()["status"] == "failed"
    assert run.facts()["error"]["code"] == "AM230"
    assert run.history()["epoch"] == [1]
    assert run.model().output_shape == (None, 1)


@pytest.mark.tensorflow
def test_nothing_but_the_error_reaches_the_terminal(aimodels: CommandLine, root: Path) -> None:
    cut(photos() / "cat" / "3.png")
    done = subprocess.run(
        [sys.executable, "-m", "aimodels", "train", "photos.yaml", "data.verify=header", "data.validation=0"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    loading, *checking, error, help = done.stderr.splitlines()
    assert loading.startswith("loading TensorFlow ")
    # Told only where it takes longer than a moment, as on a machine with much else to do.
    assert all(line.startswith(("checking images ", "loading TensorFlow ", "reading data ")) for line in checking)
    assert error.startswith("error[AM230]: photos/cat/3.png cannot be decoded: Invalid PNG data")
    assert help.startswith("  = help: repair or remove the file")
    assert not Path("runs").exists() or not any(Path("runs").iterdir())


# --- the machine -----------------------------------------------------------------------------------------------------


def full_disk(*arguments: object, **options: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.tensorflow
def test_a_disk_that_is_full_when_the_run_begins(
    aimodels: CommandLine, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", full_disk)
    says = ("the disk is full: cannot write runs/bad-001/", "--runs-dir")
    aimodels.refuses("train", "mnist.yaml", code="AM704", exit_code=5, says=says)
    assert list(runs_dir.iterdir()) == []


@pytest.mark.tensorflow
def test_a_disk_that_is_full_when_a_checkpoint_is_saved(
    aimodels: CommandLine, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, saved = os.fsync, []

    def full_at_the_second(descriptor: int) -> None:
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if name.endswith(".safetensors"):
            saved.append(name)
            if len(saved) == 2:  # after the state of the first epoch
                full_disk()
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_second)
    says = ("the disk is full: cannot write runs/bad-001/checkpoints/states",)
    aimodels.refuses("train", "mnist.yaml", code="AM704", exit_code=5, says=says)
    run = RunFolder(runs_dir / "bad-001")
    assert run.facts()["status"] == "failed"
    assert run.facts()["error"]["code"] == "AM704"
    assert run.history()["epoch"] == [1, 2]
    assert run.model("best").output_shape == (None, 10)
    assert [path.name[:4] for path in run.states.iterdir()] == ["1-0-"]


@pytest.mark.tensorflow
def test_a_log_on_a_disk_that_is_full(aimodels: CommandLine, runs_dir: Path) -> None:
    says = ("the disk is full: cannot write /dev/full",)
    aimodels.refuses("train", "mnist.yaml", "--events", "/dev/full", code="AM704", exit_code=5, says=says)
    assert not runs_dir.exists()


@pytest.mark.parametrize("arguments", [["check", "quickstart", "--no-data"], ["--help"], ["ls", "examples", "--json"]])
def test_an_answer_that_the_disk_has_no_room_for(arguments: list[str], root: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "aimodels", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(root)},
            check=False,
        )
    assert done.returncode == 5
    assert "error[AM704]: the disk is full: cannot write the output" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.tensorflow
def test_a_file_in_the_place_of_the_runs(aimodels: CommandLine, runs_dir: Path) -> None:
    runs_dir.touch()
    says = ("cannot write runs: ", "--runs-dir")
    aimodels.refuses("train", "mnist.yaml", code="AM703", exit_code=5, says=says)


@pytest.mark.tensorflow
def test_a_folder_that_belongs_to_someone_else(
    aimodels: CommandLine, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(self: Path, *arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    says = ("cannot write runs: Permission denied", "check the permissions")
    aimodels.refuses("train", "mnist.yaml", code="AM703", exit_code=5, says=says)
    assert not runs_dir.exists()


@pytest.mark.tensorflow
def test_an_output_that_cannot_be_written(run: RunFolder, aimodels: CommandLine) -> None:
    np.save("digits.npy", np.zeros((1, 28, 28), np.uint8))
    Path("file").touch()
    says = ("cannot write file/answers.csv",)
    arguments = ("predict", "latest", "digits.npy", "-o", "file/answers.csv")
    aimodels.refuses(*arguments, code="AM703", exit_code=5, says=says)
    says = ("cannot write file/log.jsonl",)
    aimodels.refuses("train", "mnist.yaml", "--events", "file/log.jsonl", code="AM703", exit_code=5, says=says)


@pytest.mark.tensorflow
def test_a_gpu_that_is_not_there(aimodels: CommandLine, runs_dir: Path) -> None:
    says = ("`gpu:63` was asked for", "--device cpu")
    aimodels.refuses("train", "mnist.yaml", "--device", "gpu:63", code="AM702", exit_code=5, says=says)
    assert not runs_dir.exists()


@pytest.mark.tensorflow
@pytest.mark.parametrize("from_tensorflow", [True, False])
def test_a_network_too_large_for_the_memory(
    from_tensorflow: bool,
    aimodels: CommandLine,
    runs_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import tensorflow as tf

    from aimodels.training import preparing

    def too_large(*arguments: object, **_: object) -> None:
        # TensorFlow itself tries for ten seconds before it gives up.
        raise tf.errors.ResourceExhaustedError(None, None, "OOM") if from_tensorflow else MemoryError

    monkeypatch.setattr(preparing, "assemble", too_large)
    says = ("out of memory while the model mlp was built on CPU", "fewer units")
    aimodels.refuses("train", "mnist.yaml", code="AM402", exit_code=1, says=says)
    assert not runs_dir.exists()


# --- a loss that is not a number -------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_a_loss_that_is_not_finite(aimodels: CommandLine, runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimodels.training import fitting

    after_epoch = fitting.after_epoch
    # After a good first epoch the rate becomes absurd.
    monkeypatch.setattr(fitting, "after_epoch", lambda *args, **kw: replace(after_epoch(*args, **kw), reduction=1e30))
    says = ("not a finite number in epoch", "try train.optimizer.learning_rate=", "last good epoch are kept: runs/bad")
    arguments = ("train", "mnist.yaml", "train.epochs=20", "train.optimizer={name: sgd}")
    aimodels.refuses(*arguments, code="AM401", exit_code=1, says=says)
    run = RunFolder(runs_dir / "bad-001")
    assert run.facts()["status"] == "failed"
    for which in ("best", "last"):
        assert all(np.isfinite(weight).all() for weight in run.model(which).get_weights())


@pytest.mark.tensorflow
def test_programs_are_told_of_a_loss_that_is_not_finite(aimodels: CommandLine) -> None:
    document = aimodels.answers("train", "mnist.yaml", "train.optimizer={name: sgd, learning_rate: 1e30}")
    assert (document["ok"], document["exit_code"]) == (False, 1)
    [error] = document["errors"]
    assert (error["code"], error["kind"]) == ("AM401", "failed")
    assert "learning_rate=" in error["help"]


# --- runs and their files ------------------------------------------------------------------------------------------


USES = [["eval", "smoke-001"], ["predict", "smoke-001", "digits.npy"], ["export", "smoke-001"]]


@pytest.mark.parametrize("arguments", USES, ids=["eval", "predict", "export"])
def test_a_run_that_is_not_there(arguments: list[str], aimodels: CommandLine) -> None:
    says = ("there is no run smoke-001 in runs", "aimodels runs ls")
    aimodels.refuses(*arguments, code="AM502", exit_code=3, says=says)


def training(**facts: object) -> RunFolder:
    """A run whose `run.json` says that it goes on."""
    run = RunFolder(Path("runs/smoke-001"))
    run.path.mkdir(parents=True)
    run.run_file.write_text(json.dumps({"status": "running", "host": socket.gethostname()} | facts))
    return run


@pytest.mark.parametrize("arguments", USES, ids=["eval", "predict", "export"])
def test_a_run_that_is_still_trained(arguments: list[str], aimodels: CommandLine) -> None:
    from aimodels.runs.folder import now

    training(pid=os.getpid(), heartbeat=now())
    says = ("runs/smoke-001 is not a finished run: it is being trained by process", str(os.getpid()))
    aimodels.refuses(*arguments, code="AM503", exit_code=1, says=says)


@pytest.mark.parametrize("arguments", USES, ids=["eval", "predict", "export"])
def test_a_run_that_was_killed(arguments: list[str], aimodels: CommandLine) -> None:
    from written_runs import NOBODY

    training(pid=NOBODY, heartbeat="2026-01-01T00:00:00Z")
    says = ("its training was killed", "2026-01-01T00:00:00Z", "aimodels runs show smoke-001")
    aimodels.refuses(*arguments, code="AM503", exit_code=1, says=says)


def test_a_run_that_failed(aimodels: CommandLine) -> None:
    training(status="failed", error={"code": "AM401", "message": "the loss is not a finite number"})
    says = ("its training failed with AM401: the loss is not a finite number",)
    aimodels.refuses("eval", "smoke-001", code="AM503", exit_code=1, says=says)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["run.json", "signature.json", "metrics.json", "config.resolved.yaml"])
def test_a_file_of_the_run_that_is_gone(name: str, run: RunFolder, aimodels: CommandLine) -> None:
    (run.path / name).unlink()
    code, exit_code = ("AM502", 3) if name == "run.json" else ("AM506", 1)
    aimodels.refuses("eval", run.path, "--no-plots", code=code, exit_code=exit_code, says=(name,))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["run.json", "signature.json", "metrics.json"])
def test_a_file_of_the_run_that_was_cut_off(name: str, run: RunFolder, aimodels: CommandLine) -> None:
    cut(run.path / name)
    says = (f"{name} cannot be read", "aimodels doctor")
    aimodels.refuses("eval", run.path, "--no-plots", code="AM506", exit_code=1, says=says)


@pytest.mark.tensorflow
def test_a_history_that_is_no_table(run: RunFolder, aimodels: CommandLine) -> None:
    run.history_file.write_text("epoch,loss\n1,fast\n")
    aimodels.refuses("plot", run.path, code="AM506", exit_code=1, says=("history.csv cannot be read",))


OTHERS = {
    "another shape": ((8, 8, 3), 10, "it takes (8, 8, 3) and gives 10 outputs, smoke-001 has (28, 28, 1) and 10"),
    "other classes": ((28, 28, 1), 3, "it takes (28, 28, 1) and gives 3 outputs"),
    "another network": ((28, 28, 1), 10, "it has 7,850 parameters, smoke-001 has 12,730"),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_config(other: str, run: RunFolder, aimodels: CommandLine) -> None:
    import keras

    shape, num_outputs, words = OTHERS[other]
    layers = [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(num_outputs)]
    keras.Sequential(layers).save("other.keras")
    says = ("other.keras belongs to another config", words, "--checkpoint best")
    aimodels.refuses("eval", "smoke-001", "--checkpoint", "other.keras", code="AM508", exit_code=1, says=says)
    assert not run.evaluation("test").exists()


@pytest.mark.tensorflow
@pytest.mark.parametrize("arguments", USES, ids=["eval", "predict", "export"])
def test_a_checkpoint_that_is_broken(arguments: list[str], run: RunFolder, aimodels: CommandLine) -> None:
    np.save("digits.npy", np.zeros((1, 28, 28), np.uint8))
    cut(run.checkpoint("best"))
    says = ("checkpoints/best.keras cannot be read as a Keras model", "--checkpoint last")
    aimodels.refuses(*arguments, code="AM507", exit_code=1, says=says)
    assert not any(path.is_file() for path in run.exports.rglob("*"))


@pytest.mark.tensorflow
def test_a_checkpoint_that_is_not_there(run: RunFolder, aimodels: CommandLine) -> None:
    arguments = ("eval", "smoke-001", "--checkpoint", "nothing.keras")
    aimodels.refuses(*arguments, code="AM504", exit_code=3, says=("nothing.keras", "best, last"))
    run.checkpoint("best").unlink()
    aimodels.refuses("eval", "smoke-001", code="AM504", exit_code=3, says=("aimodels doctor smoke-001",))


@pytest.mark.tensorflow
def test_data_that_has_changed_since_training(aimodels: CommandLine, trained_run: RunFolder) -> None:
    photos()
    assert main(["train", "photos.yaml", "--no-plots", "-q"]) == 0
    Image.new("RGB", (8, 8), "red").save("photos/cat/0.png")
    says = ("the data has changed since bad-001 was trained", "fingerprint", "--data PATH")
    aimodels.refuses("eval", "bad-001", "--split", "validation", code="AM510", exit_code=1, says=says)


# --- predict and export ---------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_one_broken_image_among_others(run: RunFolder, aimodels: CommandLine) -> None:
    digits = photos(Path("digits"), mode="L")
    cut(digits / "cat" / "1.png")
    says = ("1 of 16 inputs could not be read: digits/cat/1.png: cannot be decoded", "the others were answered")
    arguments = ("predict", "smoke-001", "digits", "-o", "answers.jsonl")
    aimodels.refuses(*arguments, code="AM230", exit_code=1, says=says)
    answers = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    assert [("prediction" in answer, "error" in answer) for answer in answers].count((True, False)) == 15
    assert [answer["input"] for answer in answers if "error" in answer] == ["digits/cat/1.png"]
    document = aimodels.answers("predict", "smoke-001", "digits")
    assert document["exit_code"] == 1
    assert len(document["predictions"]) == 16


WRONG_INPUTS = {
    "another shape": (np.zeros((2, 14, 14), np.uint8), "AM231", "uint8 (2, 14, 14), and the model takes uint8 (N, 28"),
    "floats": (np.zeros((2, 28, 28)), "AM231", "float64 (2, 28, 28)"),
    "a number": (np.uint8(3), "AM231", "uint8 ()"),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("wrong", WRONG_INPUTS)
def test_arrays_that_the_model_does_not_take(wrong: str, run: RunFolder, aimodels: CommandLine) -> None:
    array, code, words = WRONG_INPUTS[wrong]
    np.save("wrong.npy", array)
    aimodels.refuses("predict", "smoke-001", "wrong.npy", code=code, exit_code=1, says=("wrong.npy", words))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["wrong.npy", "wrong.npz"])
def test_arrays_that_were_cut_off(name: str, run: RunFolder, aimodels: CommandLine) -> None:
    array = np.zeros((2, 28, 28), np.uint8)
    if name.endswith("z"):
        np.savez_compressed(name, images=np.random.default_rng(0).integers(256, size=array.shape, dtype=np.uint8))
        content = bytearray(Path(name).read_bytes())
        content[200:900] = bytes(700)  # the table of contents at the end stays whole
        Path(name).write_bytes(content)
    else:
        np.save(name, array)
        cut(Path(name))
    says = (f"{name} cannot be read as a NumPy array", "cut off")
    aimodels.refuses("predict", "smoke-001", name, code="AM232", exit_code=1, says=says)


@pytest.mark.tensorflow
def test_a_version_that_is_exported_already(run: RunFolder, aimodels: CommandLine) -> None:
    export = ("export", "smoke-001", "--format", "keras", "--verify", "0", "--version", "3")
    assert main(list(export)) == 0
    before = {path: path.read_bytes() for path in run.exports.rglob("*") if path.is_file()}
    says = ("version 3 exists already", "leave out --version to get 4")
    aimodels.refuses(*export, code="AM603", exit_code=2, says=says)
    assert {path: path.read_bytes() for path in run.exports.rglob("*") if path.is_file()} == before
