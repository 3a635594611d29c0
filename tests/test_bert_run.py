"""The whole way of a text through an encoder, on the command line: folder, run, scores, answers, SavedModel."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.cli import main

pytestmark = pytest.mark.tensorflow

REVIEWS = """
name: reviews
seed: 3
data: {name: text_folder, path: texts, validation: 0.2, test: 0.2}
model: {name: bert, encoder: encoder, wordpieces: {max_length: 12}}
train:
  epochs: 2
  batch_size: 8
  optimizer: {name: adamw, learning_rate: 1e-2, schedule: {name: linear, warmup_epochs: 0.5}}
"""
SIZES = "{vocabulary: 80, size: 16, feed_forward: 32, positions: 32}"
WORDS = {"good": "great best love good".split(), "poor": "awful worst hate bad".split()}


@pytest.fixture
def reviews() -> Path:
    """The config `reviews.yaml`, thirty texts of many lengths in each of two classes, and an untrained encoder."""
    random = np.random.default_rng(0)
    for name, words in WORDS.items():
        Path("texts", name).mkdir(parents=True)
        for number in range(30):
            said = [*random.choice(words, 2), *random.choice(["film", "the", "plot", "actor"], random.integers(1, 14))]
            Path("texts", name, f"{number}.txt").write_text(" ".join(said), encoding="utf-8")
    write_tiny_encoder(Path("encoder"))
    Path("reviews.yaml").write_text(REVIEWS, encoding="utf-8")
    return Path("reviews.yaml")


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command says under --json, after a success."""
    capsys.readouterr()
    code = main([*arguments, "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.out + shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


@pytest.mark.slow
def test_from_a_folder_of_texts_to_a_saved_model(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "check", str(reviews))["ok"]
    run = Path(document(capsys, "train", str(reviews))["run"]["path"])
    assert (run / "plots" / "length_hist.png").exists()
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert facts["words"]["max_length"] == 12
    assert facts["words"]["splits"]["train"]["cut"] > 0
    assert facts["epochs_done"] == 2

    measured = document(capsys, "eval", "latest")
    assert 0 <= measured["metrics"]["accuracy"] <= 1
    drawn = document(capsys, "plot", "latest", "--kind", "history", "--format", "svg")
    assert [Path(file).suffix for file in drawn["files"].values()] == [".svg"]
    [told] = document(capsys, "predict", "latest", "--text", "the best film")["predictions"]
    assert told["prediction"] in WORDS

    # The encoder's folder is not needed any more.
    Path("encoder").rename("elsewhere")
    exported = document(capsys, "export", "latest", "-f", "saved_model", "-f", "keras")["exports"]
    assert [export["format"] for export in exported] == ["saved_model", "keras"]
    assert all(export["max_abs_diff"] <= 1e-5 for export in exported)
    assert document(capsys, "eval", "latest", "--no-plots")["metrics"] == measured["metrics"]


@pytest.mark.usefixtures("verified_here")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(("model.freeze=all", "model.dense=[8]"), marks=pytest.mark.slow),
        ("model.lora.rank=2", "model.pooling=attention"),
        pytest.param(
            (
                "model.unfreeze_every=1",
                "model.learning_rate_decay=0.8",
                "model.pooling=max",
                "train.batch_size={tokens: 60}",
            ),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("model.freeze=1", "model.pooling=cls", "train.class_weights=balanced", "train.precision=mixed_bfloat16"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("model.encoder=random", f"model.sizes={SIZES}", "train.augment={word_dropout: 0.2, char_swap: 0.1}"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["frozen", "lora", "unfreezing", "bfloat16", "random"],
)
def test_every_way_to_train_it_ends_in_answers_and_an_export(
    reviews: Path, changes: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    trained = document(capsys, "train", str(reviews), *changes, "--no-plots")
    assert trained["run"]["status"] == "finished"
    [told] = document(capsys, "predict", "latest", "--text", "the best film")["predictions"]
    assert told["prediction"] in WORDS
    [exported] = document(capsys, "export", "latest", "-f", "saved_model")["exports"]
    assert exported["max_abs_diff"] <= (1e-2 if "bfloat16" in changes[-1] else 1e-5)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = (
        Path(document(capsys, "train", str(reviews), "--no-plots")["run"]["path"], "history.csv") for _ in range(2)
    )
    assert one.read_bytes() == other.read_bytes()


def test_it_learns_what_tells_the_classes_apart(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document(capsys, "train", str(reviews), "train.epochs=10", "model.dropout=0", "--no-plots")
    assert document(capsys, "eval", "latest", "--no-plots")["metrics"]["accuracy"] == 1.0


@pytest.mark.slow
def test_it_is_cross_validated(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = document(capsys, "train", str(reviews), "data.test=0", "train.epochs=1", "--folds", "2", "--no-plots")
    assert told["ok"]
