"""`check` of a config with an encoder: what is said of it, and that it is looked at without data too."""

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.cli import main

TRAINING = """
data: {name: text_folder, path: texts}
model: {name: bert, encoder: tiny, wordpieces: {max_length: 12}, freeze: 1}
"""
UNLABELLED = """
data: {name: texts, path: notes.txt}
model: {name: bert, encoder: tiny, wordpieces: {max_length: 12}}
"""


@pytest.fixture(autouse=True)
def encoder() -> Path:
    """An encoder, a config to train on it and one to pre-train it; no data."""
    Path("train.yaml").write_text(TRAINING, encoding="utf-8")
    Path("pretrain.yaml").write_text(UNLABELLED, encoding="utf-8")
    return write_tiny_encoder(Path("tiny"))


def document(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def test_what_is_said_of_an_encoder(capfd: pytest.CaptureFixture[str], encoder: Path) -> None:
    assert main(["check", "train.yaml", "--no-data"]) == 0
    shown = capfd.readouterr().out
    assert "✓ encoder  BERT, 2 blocks, hidden size 16, 512 positions, 186 pieces, uncased\n" in shown
    for says in (
        "kB of weights; at least ",
        "trains the last 1 of 2 blocks and the head",
        "reads 12 pieces of a text, from its start; a text becomes the mean of its states",
    ):
        assert says in shown
    found = document(capfd, "check", "train.yaml", "--no-data")["encoder"]
    assert (found["family"], found["blocks"], found["vocabulary"], found["cased"]) == ("BERT", 2, 186, False)
    assert found["file_bytes"] == (encoder / "model.safetensors").stat().st_size
    assert (found["trains"], found["pooling"]) == ("the last 1 of 2 blocks and the head", "mean")


def test_a_random_encoder(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "train.yaml", "--no-data", "model.encoder=random"]) == 0
    assert (
        "✓ encoder  random weights, 2 blocks, hidden size 128, 512 positions, at most 8,000" in capfd.readouterr().out
    )


def test_an_encoder_to_be_pretrained(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "pretrain.yaml", "--no-data"]) == 0
    shown = capfd.readouterr().out
    assert "trains the whole encoder, by guessing hidden pieces\n" in shown
    assert "reads 12 pieces of a text, from its start\n" in shown


def test_other_models_have_none(capfd: pytest.CaptureFixture[str]) -> None:
    Path("other.yaml").write_text("data: {name: text_folder, path: texts}\nmodel: lstm\n", encoding="utf-8")
    assert main(["check", "other.yaml", "--no-data"]) == 0
    assert "encoder" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "exit_code"),
    [
        ("model.freeze=99", "AM365", 2),
        ("model.wordpieces.max_length=1000", "AM360", 2),
        ("model.encoder=./nowhere", "AM340", 3),
    ],
)
def test_it_is_looked_at_without_data(
    change: str, code: str, exit_code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "train.yaml", "--no-data", change]) == exit_code
    assert f"error[{code}]" in capfd.readouterr().err


def test_a_model_without_an_encoder_cannot_be_pretrained(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "pretrain.yaml", "--no-data", "model={name: lstm}"]) == 2
    assert "error[AM562]" in capfd.readouterr().err


def test_what_only_the_hub_has_is_not_looked_at_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    found = document(capfd, "check", "train.yaml", "--no-data", "model.encoder=some/encoder")
    assert (found["ok"], "encoder" in found) == (True, False)
    assert [warning["code"] for warning in found["warnings"]] == ["AM578"]
