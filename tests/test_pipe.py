"""The whole way from outside: one YAML to a trained, measured, drawn, asked and exported model, on the command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimodels.cli import main

pytestmark = pytest.mark.tensorflow

SHAPES = """
data: {name: image_folder, path: shapes, size: [12, 16], resize: pad, validation: 0.2, test: 0.2}
model: {name: cnn, filters: [4, 8], dense: [8]}
train: {epochs: 2, batch_size: 8}
"""


def aimodels(*arguments: str) -> int:
    return main(list(arguments))


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command says under --json, after a success."""
    capsys.readouterr()
    code = aimodels(*arguments, "--json")
    shown = capsys.readouterr()
    assert code == 0, shown.out + shown.err
    found: dict[str, Any] = json.loads(shown.out)
    assert found["ok"]
    return found


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Two classes of colour pictures, of many sizes and all four formats."""
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(40):
        name, color = [("dark", 60), ("light", 200)][number % 2]
        pixels = random.integers(color - 50, color + 50, size=(*random.integers(8, 30, 2), 3), dtype=np.uint8)
        path = tmp_path / "shapes" / name / f"{number}.{['png', 'jpg', 'gif', 'bmp'][number // 2 % 4]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "shapes"


def test_from_a_folder_of_pictures_to_a_saved_model(shapes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("shapes.yaml").write_text(SHAPES)
    assert document(capsys, "check", "shapes.yaml")["command"] == "check"
    trained = document(capsys, "train", "shapes.yaml")
    run = Path(trained["run"]["path"])
    assert run == Path("runs/shapes-001")
    assert (run / "plots" / "history.png").stat().st_size > 10_000
    assert (run / "eval" / "validation" / "plots" / "confusion_matrix.png").exists()

    measured = document(capsys, "eval", "latest")
    assert 0 <= measured["metrics"]["accuracy"] <= 1
    assert (run / "eval" / "test" / "plots" / "top_losses.png").exists()

    drawn = document(capsys, "plot", "latest", "--kind", "history", "--format", "svg")
    assert [Path(file).suffix for file in drawn["files"].values()] == [".svg"]

    told = document(capsys, "predict", "latest", "shapes/dark", "shapes/light/1.png")["predictions"]
    assert len(told) == 21
    assert {answer["prediction"] for answer in told} <= {"dark", "light"}

    exported = document(capsys, "export", "latest", "-f", "saved_model", "-f", "keras")["exports"]
    assert [export["format"] for export in exported] == ["saved_model", "keras"]
    assert all(export["max_abs_diff"] <= 1e-5 for export in exported)

    listed = document(capsys, "runs", "ls")["runs"]
    assert [entry["name"] for entry in listed] == ["shapes-001"]


def test_a_run_that_was_moved_can_still_be_used(
    trained_run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    moved = tmp_path / "elsewhere" / "a run"
    shutil.copytree(trained_run.path, moved)
    assert document(capsys, "eval", str(moved), "--no-plots")["metrics"]
    assert document(capsys, "plot", str(moved), "--kind", "history")["files"]
    images = np.zeros((1, 28, 28, 1), np.uint8)
    np.save("image.npy", images)
    assert len(document(capsys, "predict", str(moved), "image.npy")["predictions"]) == 1


def test_quiet_prints_the_path_of_the_run_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    Path("tiny.yaml").write_text(
        "data: {name: mnist, source: sample, limit: 50}\nmodel: mlp\ntrain: {epochs: 1}\nseed: 1\n"
    )
    assert aimodels("train", "tiny.yaml", "-q") == 0
    shown = capfd.readouterr()
    assert shown.out == "runs/tiny-001\n"
    assert shown.err == ""
    assert Path("runs/tiny-001/logs/console.log").read_text().count("epoch 1/1") == 1


def test_a_resolved_config_trains_to_the_same_numbers(trained_run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    again = document(capsys, "train", str(trained_run.resolved_file), "--no-plots")
    assert again["run"]["name"] == "smoke-001"
    history = Path(again["run"]["path"]) / "history.csv"
    assert history.read_bytes() == trained_run.history_file.read_bytes()


OWN = """
import keras
from pydantic import Field

from aimodels.config.schema import ArchitectureOptions

ACCEPTS = ("images",)
SMALLEST_INPUT = (4, 4, 1)


class Options(ArchitectureOptions):
    units: int = Field(4, ge=1, description="Units of the hidden layer.")


@keras.saving.register_keras_serializable(package="mine")
class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return 2.0 * inputs


def build(options, *, tensors, num_outputs):
    inputs = keras.Input(tensors.shape[1:])
    hidden = keras.layers.Dense(options.units)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(num_outputs)(Doubled()(hidden)))
"""


@pytest.mark.slow
def test_an_architecture_of_the_users_own_goes_the_whole_way(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tiny.py").write_text(OWN)
    Path("own.yaml").write_text(
        "data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mine.tiny, units: 8}\ntrain: {epochs: 1}\n"
    )
    assert document(capsys, "train", "own.yaml", "--no-plots")["run"]["status"] == "finished"
    # A new process knows the layer only if the run brings its module along.
    command = [sys.executable, "-m", "aimodels", "eval", "latest", "--no-plots", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["metrics"]


def test_a_mistake_in_an_architecture_of_the_users_own_is_not_called_a_bug_of_ours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    broken = OWN.replace("hidden = keras.layers.Dense(options.units)", 'hidden = keras.layers.Dense("many")')
    (tmp_path / "mine" / "broken.py").write_text(broken.replace('package="mine"', 'package="mine_broken"'))
    Path("own.yaml").write_text("data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mine.broken}\n")
    assert aimodels("train", "own.yaml") == 1
    shown = capsys.readouterr().err
    assert "AM307" in shown
    assert "build() of the architecture mine.broken failed" in shown
    assert "broken.py:" in shown
    assert not Path("runs").exists()
