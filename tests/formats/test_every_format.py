"""The contract of export formats, held by every file in the folder: what is exported answers like the run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimodels import discovery
from aimodels.errors import ConfigError, FailedError, UsageError
from aimodels.exporting import ExportRequest, export_run
from aimodels.runs.folder import RunFolder

NAMES = discovery.names("formats")
pytestmark = pytest.mark.tensorflow


def exported(run: RunFolder, format: str, folder: Path, **request: Any) -> Any:
    return export_run(run, ExportRequest(format=format, folder=folder, **request))


def test_there_are_formats() -> None:
    assert {"saved_model", "keras"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_export_answers_like_the_run_in_a_clean_process(name: str, trained_run: RunFolder, tmp_path: Path) -> None:
    result = exported(trained_run, name, tmp_path)
    assert result.max_abs_diff <= 1e-5
    assert result.num_verified == 32
    assert result.path.exists()
    assert result.num_bytes > 0
    assert [path.name for path in result.path.parent.iterdir()] == [result.path.name]


def test_versions_count_up_and_none_is_written_over(trained_run: RunFolder, tmp_path: Path) -> None:
    paths = [exported(trained_run, "keras", tmp_path, num_verified=0).path.name for _ in range(2)]
    assert paths == ["1.keras", "2.keras"]
    assert exported(trained_run, "keras", tmp_path, num_verified=0, version=7).path.name == "7.keras"
    with pytest.raises(UsageError, match="version 7 exists already") as caught:
        exported(trained_run, "keras", tmp_path, version=7)
    assert caught.value.code == "AM603"
    assert "to get 8" in caught.value.help


def test_an_export_that_answers_otherwise_is_not_kept(
    trained_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.formats import keras as format

    verify = format.verify
    monkeypatch.setattr(format, "verify", lambda path, images: {"images": verify(path, images)["images"] + 1e-3})
    with pytest.raises(FailedError, match="does not answer like") as caught:
        exported(trained_run, "keras", tmp_path)
    assert caught.value.code == "AM601"
    assert not list((tmp_path / "keras").iterdir())


def test_an_export_that_does_not_load_is_not_kept(
    trained_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.formats import keras as format

    monkeypatch.setattr(format, "export", lambda run, path, checkpoint: path.write_bytes(b"broken"))
    with pytest.raises(FailedError, match="does not load or answer in a clean process") as caught:
        exported(trained_run, "keras", tmp_path)
    assert caught.value.code == "AM602"
    assert caught.value.notes
    assert not list((tmp_path / "keras").iterdir())


def test_a_format_that_does_not_exist_is_refused(trained_run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no format is called "saved_modle"') as caught:
        exported(trained_run, "saved_modle", tmp_path)
    assert caught.value.problems[0].suggestions[0].replace == "saved_model"


@pytest.fixture(scope="module")
def saved_model(trained_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(trained_run, "saved_model", tmp_path_factory.mktemp("saved"), num_verified=0).path


def test_a_saved_model_holds_every_weight_once(saved_model: Path, trained_run: RunFolder) -> None:
    weights = sum(4 * int(np.prod(weight.shape)) for weight in trained_run.model().weights)
    stored = sum(file.stat().st_size for file in (saved_model / "variables").iterdir())
    assert stored < 1.1 * weights


def test_the_tool_of_tensorflow_runs_a_saved_model(saved_model: Path, trained_run: RunFolder, tmp_path: Path) -> None:
    from aimodels.prediction.predict import Predictor

    images = np.random.default_rng(0).integers(0, 256, size=(3, 28, 28, 1), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    command = [str(Path(sys.executable).with_name("saved_model_cli")), "run", "--dir", str(saved_model)]
    command += ["--tag_set", "serve", "--signature_def", "serving_default"]
    command += ["--inputs", f"images={tmp_path / 'images.npy'}", "--outdir", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    expected = Predictor(trained_run).answer(images)
    np.testing.assert_allclose(np.load(tmp_path / "probabilities.npy"), expected.probabilities, atol=1e-5)
    assert [label.decode() for label in np.load(tmp_path / "label.npy", allow_pickle=True)] == expected.labels


def test_encoded_files_are_decoded_and_resized_as_in_training(saved_model: Path, trained_run: RunFolder) -> None:
    import tensorflow as tf

    from aimodels.preprocessing.images import decode

    photo = np.random.default_rng(1).integers(0, 256, size=(50, 40, 3), dtype=np.uint8)
    encoded = [tf.io.encode_jpeg(photo), tf.io.encode_png(photo)]
    loaded = tf.saved_model.load(str(saved_model))
    answers = loaded.signatures["encoded"](encoded=tf.stack(encoded))
    pixels = tf.stack([decode(file, input=trained_run.input) for file in encoded])
    expected = loaded.signatures["serving_default"](images=pixels)
    np.testing.assert_allclose(answers["probabilities"], expected["probabilities"], atol=1e-6)


def test_the_classes_stand_beside_a_saved_model(saved_model: Path) -> None:
    assert (saved_model / "assets.extra" / "labels.txt").read_text().split() == [str(digit) for digit in range(10)]
    assert json.loads((saved_model / "assets.extra" / "signature.json").read_text())["task"] == "multiclass"
