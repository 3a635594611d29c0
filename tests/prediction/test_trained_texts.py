"""The whole way for texts: a config of each architecture that reads words, trained a little, asked and exported."""

import json
from pathlib import Path

import numpy as np
import pytest

from aimodels.cli import main
from aimodels.data.dataset import Texts
from aimodels.exporting import HARD_TEXTS, ExportRequest, examples_of, export_run
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: reviews
seed: 3
data: {{name: text_folder, path: {folder}, validation: 0.2, test: 0.2}}
model: {{{model}, words: {{vocabulary: 100, max_length: 20}}}}
train: {{epochs: 1, batch_size: 8, device: cpu}}
"""
MODELS = {
    "lstm": "name: lstm, embedding: {size: 8}, units: [8], bidirectional: true, pooling: attention, dense: []",
    "transformer": "name: transformer, embedding: {size: 8}, blocks: 1, heads: 2, feed_forward: 8, pooling: cls",
}
WORDS = {"bad": "bad boring waste worst awful film two hours", "good": "good great wonderful best film two hours"}


@pytest.fixture(scope="module", params=MODELS)
def run(request: pytest.FixtureRequest, text_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder: Path = tmp_path_factory.mktemp("trained")
    random = np.random.default_rng(0)
    for name, words in WORDS.items():
        (folder / "texts" / name).mkdir(parents=True)
        for number in range(20):
            chosen = random.choice(words.split(), size=random.integers(1, 30))
            (folder / "texts" / name / f"{number}.txt").write_text(" ".join(chosen))
    config = CONFIG.format(folder=folder / "texts", model=MODELS[request.param])
    (folder / "reviews.yaml").write_text(config)
    assert main(["train", str(folder / "reviews.yaml"), "--run-dir", str(folder / "run"), "--no-plots"]) == 0
    return RunFolder.open(folder / "run")


@pytest.fixture(scope="module")
def texts(run: RunFolder) -> Texts:
    found = examples_of(run, most=8)
    assert isinstance(found, Texts)
    assert len(found) == 8 + len(HARD_TEXTS)
    return found


def test_what_else_is_in_the_batch_changes_no_answer(run: RunFolder, texts: Texts) -> None:
    from aimodels.prediction.predict import Predictor

    predictor = Predictor(run)
    together = predictor.answer(texts).probabilities
    alone = np.concatenate([predictor.answer(Texts((text,))).probabilities for text in texts.strings])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    padded = predictor._answering.text(np.array([text.encode() for text in texts.strings], dtype=object))
    np.testing.assert_allclose(together, padded["probabilities"], atol=1e-5)
    assert np.ptp(together[:, 0]) > 1e-3, "the answers depend on the texts"


@pytest.mark.usefixtures("verified_here")
@pytest.mark.parametrize("format", ["saved_model", "keras"])
def test_an_export_answers_like_its_run(run: RunFolder, texts: Texts, format: str, tmp_path: Path) -> None:
    exported = export_run(run, ExportRequest(format=format, folder=tmp_path, num_verified=8))
    assert exported.num_verified == len(texts)
    assert exported.max_abs_diff is not None
    assert exported.max_abs_diff <= 1e-5


def test_predict_explains_where_words_have_weights(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    exit_code = main(["predict", str(run.path), "--text", "a wonderful film", "--explain", "--json"])
    document = json.loads(capsys.readouterr().out)
    if run.config.model.name == "transformer":
        assert (exit_code, document["errors"][0]["code"]) == (2, "AM161")
        return
    assert exit_code == 0
    (told,) = document["predictions"]
    assert [entry["word"] for entry in told["attention"]] == ["[UNK]", "wonderful", "film"]
    assert sum(entry["weight"] for entry in told["attention"]) == pytest.approx(1, abs=1e-5)
