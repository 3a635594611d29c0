"""Answers: what they hold, and that every way of asking gives the same."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from aimodels.data.dataset import ImageFiles
from aimodels.errors import DataError
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

IMAGES = np.random.default_rng(0).integers(0, 256, size=(7, 28, 28, 1), dtype=np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> ImageFiles:
    from PIL import Image

    paths = []
    for number, image in enumerate(IMAGES):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number}.png")
        paths.append(tmp_path / f"{number}.png")
    return ImageFiles(tuple(paths))


def test_an_answer_is_a_probability_per_class(trained_run: RunFolder) -> None:
    from aimodels.prediction.predict import Predictor

    answers = Predictor(trained_run).answer(IMAGES)
    assert answers.probabilities.shape == (7, 10)
    assert answers.probabilities.dtype == np.float32
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1, atol=1e-6)
    assert answers.labels == [str(number) for number in answers.probabilities.argmax(axis=1)]


def test_files_batches_and_single_images_get_the_same_answers(trained_run: RunFolder, files: ImageFiles) -> None:
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(trained_run)
    whole = predictor.answer(IMAGES).probabilities
    np.testing.assert_allclose(predictor.answer(IMAGES, batch_size=3).probabilities, whole, atol=1e-6)
    np.testing.assert_allclose(predictor.answer(IMAGES[:1]).probabilities, whole[:1], atol=1e-6)
    np.testing.assert_array_equal(predictor.answer(files).probabilities, whole)


def test_the_answers_are_those_of_the_trained_network(trained_run: RunFolder) -> None:
    import keras

    from aimodels.prediction.predict import Predictor

    network = keras.saving.load_model(trained_run.checkpoint("best"))
    expected = keras.ops.softmax(network(IMAGES, training=False))
    np.testing.assert_allclose(Predictor(trained_run).answer(IMAGES).probabilities, np.asarray(expected), atol=1e-6)


def test_nothing_asked_is_nothing_answered(trained_run: RunFolder) -> None:
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(trained_run)
    assert predictor.answer(IMAGES[:0]).probabilities.shape == (0, 10)
    assert np.asarray(predictor._answering.images(IMAGES[:0])["label"]).shape == (0,)


def test_images_of_another_shape_are_refused(trained_run: RunFolder) -> None:
    from aimodels.prediction.predict import Predictor

    with pytest.raises(DataError, match=r"\(N, 28, 28, 1\), got float32 \(7, 28, 28, 1\)"):
        Predictor(trained_run).answer(IMAGES.astype(np.float32))


def test_a_broken_file_does_not_cost_the_others_their_answers(trained_run: RunFolder, files: ImageFiles) -> None:
    from aimodels.prediction.answered import about_images, as_csv, as_jsonl
    from aimodels.prediction.image_inputs import Images
    from aimodels.prediction.predict import Predictor

    files.paths[2].write_bytes(b"not an image")
    group = Images(files, tuple(path.name for path in files.paths))
    answered = list(about_images(Predictor(trained_run), [group, Images(IMAGES[:1], ("array[0]",))]))
    assert [answer.input for answer in answered] == [*group.names, "array[0]"]
    assert [bool(answer.error) for answer in answered] == [False, False, True, *[False] * 5]
    rows = list(csv.DictReader(io.StringIO(as_csv(answered))))
    assert rows[2]["error"]
    assert rows[2]["prediction"] == ""
    assert float(rows[0]["p_3"]) == pytest.approx(float(answered[0].probabilities[3]))
    documents = [json.loads(line) for line in as_jsonl(answered, top_k=2).splitlines()]
    assert set(documents[2]) == {"input", "error"}
    best, second = documents[0]["scores"]
    assert best["label"] == documents[0]["prediction"]
    assert best["probability"] >= second["probability"]


def test_names_of_files_never_break_the_lines_of_a_plain_answer(
    trained_run: RunFolder, files: ImageFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    from aimodels.cli import main

    odd = files.paths[0].rename(files.paths[0].with_name("a\tb\nc.png"))
    assert main(["predict", str(trained_run.path), str(odd)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    name, _, probability = line.split("\t")
    assert name.endswith(r"a\tb\nc.png")
    assert 0 <= float(probability) <= 1
