"""Encoders that cannot work, from the command line: a clear message, the exit code, nothing left behind."""

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.cli import main
from aimodels.encoders import memory

CONFIG = """
name: bad
data: {name: text_folder, path: texts, validation: 0.2, test: 0.2}
model: {name: bert, encoder: encoder, wordpieces: {max_length: 12}}
train: {epochs: 1, batch_size: 8}
"""


@pytest.fixture
def encoder() -> Path:
    """A whole encoder, a folder of ten texts in each of two classes, and the config `bad.yaml` for them."""
    for name in ("good", "poor"):
        Path("texts", name).mkdir(parents=True)
        for number in range(10):
            Path("texts", name, f"{number}.txt").write_text(f"a {name} film number {number}", encoding="utf-8")
    Path("bad.yaml").write_text(CONFIG, encoding="utf-8")
    return write_tiny_encoder(Path("encoder"))


def refused(
    capsys: pytest.CaptureFixture[str], *changes: str, code: str, exit_code: int, says: tuple[str, ...]
) -> None:
    """`train` ends with this code and exit code, says all of that, and leaves nothing."""
    before = {path for path in Path().rglob("*") if path.suffix != ".log"}
    assert main(["train", "bad.yaml", *changes]) == exit_code
    told = capsys.readouterr().err
    assert f"error[{code}]" in told
    unwrapped = " ".join(told.split())
    assert [part for part in says if part not in unwrapped] == []
    assert "Traceback" not in told
    assert {path for path in Path().rglob("*") if path.suffix != ".log"} == before


@pytest.fixture
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data are read, and TensorFlow is not loaded."""
    for name in ("aimodels.data.loading._loaded", "aimodels.distribution.tensorflow_start.start_tensorflow"):
        monkeypatch.setattr(name, lambda *_, name=name, **__: pytest.fail(f"{name} was called"))


def change_config(encoder: Path, **changes: Any) -> None:
    path = encoder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


@pytest.mark.usefixtures("encoder")
def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    says = ("there is no folder ./nowhere", "model.safetensors")
    refused(capsys, "model.encoder=./nowhere", code="AM340", exit_code=3, says=says)


@pytest.mark.usefixtures("encoder")
def test_a_file_in_place_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    says = ("is a file", "model.encoder=encoder")
    refused(capsys, "model.encoder=encoder/config.json", code="AM340", exit_code=3, says=says)


@pytest.mark.parametrize("file", ["config.json", "vocab.txt", "model.safetensors"])
def test_a_missing_file(encoder: Path, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    (encoder / file).unlink()
    refused(capsys, code="AM340", exit_code=3, says=("the encoder encoder lacks", file))


@pytest.mark.parametrize("content", ["<html>404</html>", "[]", '{"model_type": "bert"}', '{"vocab_size": 7'])
def test_a_config_that_is_none(encoder: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    (encoder / "config.json").write_text(content, encoding="utf-8")
    refused(capsys, code="AM344", exit_code=2, says=("encoder/config.json",))


def test_an_encoder_of_another_family(encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_config(encoder, model_type="roberta")
    says = ("'roberta'", "bert (BERT)", "distilbert (DistilBERT)", "electra (ELECTRA)")
    refused(capsys, code="AM343", exit_code=2, says=says)


@pytest.mark.parametrize("more", [-1, 2])
def test_a_vocabulary_that_is_not_that_of_the_weights(
    encoder: Path, more: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = (encoder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    changed = [*pieces, "##one", "##more"][: len(pieces) + more]
    (encoder / "vocab.txt").write_text("\n".join(changed) + "\n", encoding="utf-8")
    says = (f"{len(pieces)} pieces have an embedding, and the vocabulary has {len(changed)}",)
    refused(capsys, code="AM348", exit_code=2, says=says)


def test_sizes_that_the_weights_do_not_have(encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_config(encoder, intermediate_size=48)
    refused(capsys, code="AM350", exit_code=2, says=("[32, 16]", "[48, 16]"))


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_file_of_weights(encoder: Path, share: float, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (encoder / "model.safetensors").read_bytes()
    (encoder / "model.safetensors").write_bytes(whole[: int(share * len(whole))])
    refused(capsys, code="AM349", exit_code=2, says=("encoder/model.safetensors", "cut off"))


def test_weights_that_are_only_there_as_a_pickle(encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")
    refused(
        capsys, code="AM341", exit_code=2, says=("pytorch_model.bin", "can run any program", "aimodels explain AM341")
    )
    assert main(["explain", "AM341"]) == 0
    assert "save_pretrained" in capsys.readouterr().out


@pytest.mark.usefixtures("encoder")
def test_an_encoder_larger_than_memory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda *_: 100_000)
    read = pytest.fail
    monkeypatch.setattr("aimodels.encoders.weights.read_weights", lambda encoder: read("weights were read"))
    says = ("the encoder encoder needs at least", "of memory to train, and 0.1 MB are available")
    refused(capsys, code="AM352", exit_code=5, says=says)


def test_a_maximum_length_over_the_positions(encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says = ("513", "512")
    refused(capsys, "model.wordpieces.max_length=513", code="AM360", exit_code=2, says=says)


@pytest.mark.usefixtures("nothing_else")
@pytest.mark.parametrize(
    "command",
    [["train"], ["train", "--dry-run"], ["train", "--folds", "2"], ["pretrain"], ["pretrain", "--dry-run"], ["check"]],
    ids=" ".join,
)
def test_a_broken_encoder_is_told_before_anything_else(
    encoder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (encoder / "model.safetensors").write_bytes(b"cut off")
    assert main([command[0], "bad.yaml", *command[1:]]) == 2
    assert "error[AM349]" in capsys.readouterr().err
    assert not Path("runs").exists()


@pytest.mark.usefixtures("nothing_else", "encoder")
@pytest.mark.parametrize("command", [["train"], ["train", "--dry-run"], ["train", "--folds", "2"]], ids=" ".join)
def test_texts_without_targets_are_refused_before_they_are_read(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command[0], "bad.yaml", "data={name: texts, path: nowhere.txt}", *command[1:]]) == 2
    assert "error[AM395]: the dataset texts has no targets to learn" in capsys.readouterr().err


@pytest.mark.usefixtures("nothing_else", "encoder")
def test_what_is_said_of_memory_to_pretrain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda *_: 100_000)
    # It trains everything, whatever is frozen in a training.
    assert main(["pretrain", "bad.yaml", "model.freeze=all"]) == 5
    told = capsys.readouterr().err
    assert "error[AM352]" in told
    assert "help: take a smaller encoder, or a machine with more memory\n" in told


@pytest.mark.usefixtures("nothing_else")
def test_what_an_encoder_cannot_be_pretrained_for_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    write_tiny_encoder(Path("distil"), family="distilbert")
    Path("bad.yaml").write_text(CONFIG + "pretrain: {next_sentence: true}\n", encoding="utf-8")
    assert main(["pretrain", "bad.yaml", "model.encoder=distil"]) == 2
    assert "error[AM565]" in capsys.readouterr().err


@pytest.mark.usefixtures("encoder")
def test_no_network_for_a_name_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    says = ("cannot download the encoder some/encoder", "config.json", "model.safetensors", "model.encoder=FOLDER")
    refused(capsys, "model.encoder=some/encoder", code="AM354", exit_code=5, says=says)
