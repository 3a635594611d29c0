"""An encoder of a folder: every family, whatever files it has; what is missing is named."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny_encoder import tiny_vocabulary, write_tiny_encoder

from aimodels.config.wordpieces import EncoderSizes
from aimodels.encoders.encoder import EncoderShape, PieceRules
from aimodels.encoders.finding import find_encoder
from aimodels.encoders.random_encoder import random_encoder
from aimodels.errors import EncoderError, MissingError

SIZES = {"pieces": 186, "positions": 512, "size": 16, "blocks": 2, "heads": 2, "feed_forward": 32}


@pytest.mark.parametrize("tokenizer", ["vocab.txt", "tokenizer.json"])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_every_family_is_read(family: str, lower: bool, tokenizer: str) -> None:
    folder = write_tiny_encoder(Path("encoder"), family=family, lower=lower, tokenizer=tokenizer)
    found = find_encoder("encoder")
    vocabulary = tiny_vocabulary(lower=lower)
    sizes = SIZES | {"pieces": len(vocabulary)}
    special = {"segments": 0 if family == "distilbert" else 2, "embedding": 8 if family == "electra" else 16}
    assert found.shape == EncoderShape(**sizes, **special)
    assert (found.family, found.name, found.folder) == (family, "encoder", folder.absolute())
    assert found.vocabulary == vocabulary
    assert sorted(found.rules.special) == sorted(PieceRules().special)
    assert (found.rules.lower, found.rules.strip_accents, found.rules.clean) == (lower, lower, True)
    assert found.shape.weights.items() <= {name: values.shape for name, values in found.weights().items()}.items()


def test_a_folder_is_read_once_until_a_file_changes() -> None:
    folder = write_tiny_encoder(Path("encoder"))
    assert find_encoder("encoder") is find_encoder("encoder")
    before = find_encoder("encoder")
    write_tiny_encoder(folder, max_position_embeddings=64)
    assert before.shape.positions == 512
    assert find_encoder("encoder").shape.positions == 64


@pytest.mark.parametrize(
    ("removed", "missing"),
    [
        (["config.json"], "config.json"),
        (["vocab.txt"], "vocab.txt or tokenizer.json"),
        (["model.safetensors"], "model.safetensors"),
        (["config.json", "vocab.txt", "model.safetensors", "tokenizer_config.json"], "config.json, vocab.txt or tok"),
    ],
)
def test_missing_files_are_named_and_what_is_there(removed: list[str], missing: str) -> None:
    folder = write_tiny_encoder(Path("encoder"))
    for file in removed:
        (folder / file).unlink()
    with pytest.raises(MissingError, match=f"the encoder encoder lacks {missing}") as told:
        find_encoder("encoder")
    assert told.value.code == "AM340"
    left = sorted(path.name for path in folder.iterdir())
    assert told.value.notes == (f"in the folder: {', '.join(left) or 'nothing'}",)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "bert-base-uncased", "~/nowhere/of/mine", "a b/c"])
def test_no_such_folder(name: str) -> None:
    with pytest.raises(MissingError, match="there is no folder") as told:
        find_encoder(name)
    assert told.value.code == "AM340"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bert-base-uncased", "did you mean model.encoder=google-bert/bert-base-uncased?"),
        ("distilbert-base-cased", "did you mean model.encoder=distilbert/distilbert-base-cased?"),
        ("all-MiniLM-L6-v2", "did you mean model.encoder=sentence-transformers/all-MiniLM-L6-v2?"),
        ("mine", "owner/name: such as google-bert/bert-base-uncased;"),
    ],
)
def test_a_name_without_its_owner(name: str, meant: str) -> None:
    with pytest.raises(MissingError, match=re.escape(f"looked for {Path(name).absolute()}")) as told:
        find_encoder(name)
    assert meant in told.value.help


def test_a_file_is_no_folder() -> None:
    write_tiny_encoder(Path("encoder"))
    with pytest.raises(MissingError, match="is a file, and a folder is expected") as told:
        find_encoder("encoder/model.safetensors")
    assert "model.encoder=encoder" in told.value.help


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("pytorch_model.bin", "AM341"),
        ("weights.pt", "AM341"),
        ("tf_model.h5", "AM342"),
        ("flax_model.msgpack", "AM342"),
    ],
)
def test_weights_in_another_form_are_refused(file: str, code: str) -> None:
    folder = write_tiny_encoder(Path("encoder"))
    (folder / "model.safetensors").rename(folder / file)
    (folder / "training_args.bin").write_bytes(b"")
    with pytest.raises(EncoderError, match=f"only there as {file}, which is not read") as told:
        find_encoder("encoder")
    assert told.value.code == code
    assert code in told.value.help


def test_the_arguments_of_a_training_are_no_weights() -> None:
    folder = write_tiny_encoder(Path("encoder"))
    (folder / "model.safetensors").rename(folder / "training_args.bin")
    with pytest.raises(MissingError, match="lacks model.safetensors"):
        find_encoder("encoder")


@pytest.mark.parametrize(
    "pointers",
    [["model.safetensors"], ["config.json"], ["tokenizer_config.json"], ["tokenizer.json", "model.safetensors"]],
    ids=str,
)
def test_what_git_lfs_has_not_fetched_is_named(pointers: list[str]) -> None:
    folder = write_tiny_encoder(Path("encoder"), tokenizer="tokenizer.json")
    for file in pointers:
        (folder / file).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 90868376\n")
    with pytest.raises(EncoderError, match=f"^{', '.join(pointers)} of the encoder encoder") as told:
        find_encoder("encoder")
    assert (told.value.code, told.value.exit_code) == ("AM577", 2)
    assert "git -C encoder lfs pull" in told.value.help


def test_a_pointer_that_is_not_read_does_no_harm() -> None:
    folder = write_tiny_encoder(Path("encoder"))
    (folder / "pytorch_model.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
    (folder / "other.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert find_encoder("encoder").shape.blocks == 2


def test_parts_of_weights_that_git_lfs_has_not_fetched() -> None:
    folder = write_tiny_encoder(Path("encoder"))
    part = "model-00001-of-00001.safetensors"
    (folder / "model.safetensors").unlink()
    (folder / part).write_text("version https://git-lfs.github.com/spec/v1\n")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": part}}))
    with pytest.raises(EncoderError, match=f"{part} of the encoder encoder is a pointer of Git LFS") as told:
        find_encoder("encoder")
    assert told.value.code == "AM577"


@pytest.mark.parametrize("difference", [-1, 1])
def test_vocabulary_and_embeddings_of_different_sizes(difference: int) -> None:
    folder = write_tiny_encoder(Path("encoder"))
    pieces = [*tiny_vocabulary(), "further"][: len(tiny_vocabulary()) + difference]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    with pytest.raises(
        EncoderError, match=f"186 pieces have an embedding, and the vocabulary has {len(pieces)}"
    ) as told:
        find_encoder("encoder")
    assert told.value.code == "AM348"


def test_config_and_vocabulary_agree_and_the_weights_do_not() -> None:
    folder = write_tiny_encoder(Path("encoder"))
    pieces = [*tiny_vocabulary(), "further"]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(pieces)}))
    with pytest.raises(EncoderError, match="186 pieces have an embedding, and the vocabulary has 187") as told:
        find_encoder("encoder")
    assert told.value.code == "AM348"


def test_a_random_encoder_has_sizes_and_no_weights() -> None:
    sizes = EncoderSizes(size=8, heads=2, blocks=3, positions=40, feed_forward=12, lower=False)
    found = random_encoder(sizes, ["[PAD]", "[UNK]", "a"])
    assert found.shape == EncoderShape(
        pieces=3, positions=40, segments=2, embedding=8, size=8, blocks=3, heads=2, feed_forward=12
    )
    assert (found.name, found.folder, found.weights()) == ("random", None, {})
    assert (found.rules.lower, found.rules.strip_accents) == (False, False)


def test_a_folder_of_the_name_of_one_on_the_hub_comes_first() -> None:
    shutil.copytree(write_tiny_encoder(Path("encoder")), Path("org/name"))
    assert find_encoder("org/name").folder == Path("org/name").absolute()
