"""Encoders that are written are found again as they were; nothing is left half-written."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_encoder import tiny_tensors, tiny_tokenizer, tiny_vocabulary, write_tiny_encoder

from aimodels.encoders.encoder import Encoder, PieceRules, Weights
from aimodels.encoders.finding import find_encoder
from aimodels.encoders.writing import write_encoder
from aimodels.errors import FailedError, MachineError

NEW = Path("made/new")


def write(encoder: Encoder, weights: Weights, *, folder: Path = NEW) -> None:
    write_encoder(folder, shape=encoder.shape, rules=encoder.rules, vocabulary=encoder.vocabulary, weights=weights)


def equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_what_is_written_is_found_again(family: str, lower: bool) -> None:
    activation = {"activation" if family == "distilbert" else "hidden_act": "gelu_new"}
    encoder = find_encoder(str(write_tiny_encoder(Path("old"), family=family, lower=lower, **activation)))
    weights = encoder.weights()
    write(encoder, weights)
    again = find_encoder(str(NEW))
    assert replace(again, rules=encoder.rules) == replace(encoder, name=str(NEW), folder=NEW.absolute())
    assert replace(again.rules, special=()) == replace(encoder.rules, special=())
    assert sorted(again.rules.special) == sorted(encoder.rules.special)
    assert equal(again.weights(), weights)
    assert again.shape.activation == "gelu_tanh"
    assert len({path.stat().st_mode for path in NEW.iterdir()}) == 1


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_its_tensors_have_the_names_of_the_family(family: str) -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"), family=family)))
    write(encoder, encoder.weights())
    config = json.loads((NEW / "config.json").read_text())
    stored, expected = load_file(NEW / "model.safetensors"), tiny_tensors(config)
    assert stored.keys() == expected.keys()
    assert all(np.array_equal(stored[name], values) for name, values in expected.items())
    former = json.loads(Path("old/config.json").read_text())
    not_said_again = {"sinusoidal_pos_embds"}  # the table of positions is stored, whatever it was made from
    assert {key: value for key, value in former.items() if config.get(key) != value}.keys() <= not_said_again


def test_the_architecture_says_which_heads_there_are() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    weights, named = encoder.weights(), {}
    for heads in ((), ("mlm",), ("nsp",), ("mlm", "nsp")):
        left_out = {"mlm", "nsp", "pooler"} - set(heads)
        some = {name: values for name, values in weights.items() if name.partition("/")[0] not in left_out}
        write(encoder, some)
        named[heads] = json.loads((NEW / "config.json").read_text())["architectures"][0]
        assert equal(find_encoder(str(NEW)).weights(), some)
    assert list(named.values()) == [
        "BertModel",
        "BertForMaskedLM",
        "BertForNextSentencePrediction",
        "BertForPreTraining",
    ]


RULES = PieceRules(
    lower=False,
    strip_accents=True,
    clean=False,
    chinese_characters=False,
    longest_word=17,
    prefix="@@",
    unknown="<unk>",
    special=("[PAD]", "<unk>", "[CLS]", "[SEP]", "[MASK]", "[NAME]"),
)


def test_every_rule_is_kept() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    vocabulary = ["[NAME]" if piece == "the" else piece.replace("[UNK]", "<unk>") for piece in encoder.vocabulary]
    changed = replace(encoder, vocabulary=tuple(vocabulary), rules=RULES)
    write(changed, encoder.weights())
    again = find_encoder(str(NEW))
    assert again.rules == RULES
    assert again.vocabulary == tuple(vocabulary)


def test_pieces_that_no_line_can_hold() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    vocabulary = tuple("a\nb" if piece == "the" else piece for piece in encoder.vocabulary)
    write(replace(encoder, vocabulary=vocabulary), encoder.weights())
    assert find_encoder(str(NEW)).vocabulary == vocabulary
    assert not (NEW / "vocab.txt").exists()


def test_the_tokenizer_file_is_that_of_the_family() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"), tokenizer="tokenizer.json")))
    write(encoder, encoder.weights())
    written = json.loads((NEW / "tokenizer.json").read_text(encoding="utf-8"))
    expected = tiny_tokenizer(tiny_vocabulary(), lower=True)
    expected["normalizer"]["strip_accents"] = True  # what null means with lower-casing, said outright
    assert written == expected


def test_an_encoder_that_is_there_is_replaced_as_a_whole() -> None:
    first = find_encoder(str(write_tiny_encoder(Path("old"))))
    other = find_encoder(str(write_tiny_encoder(Path("other"), family="distilbert", seed=1)))
    write(first, first.weights())
    (NEW / "special_tokens_map.json").write_text('{"unk_token": "<stale>"}')
    write(other, other.weights())
    assert find_encoder(str(NEW)).family == "distilbert"
    assert sorted(path.name for path in NEW.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    assert [path.name for path in NEW.parent.iterdir()] == ["new"]


def test_something_else_is_not_replaced() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    weights = encoder.weights()
    NEW.mkdir(parents=True)
    write(encoder, weights)
    (NEW / "config.json").unlink()
    Path("file").write_text("mine")
    for folder in (NEW, Path("file")):
        with pytest.raises(FailedError, match="something else than an encoder is there") as told:
            write(encoder, weights, folder=folder)
        assert told.value.code == "AM357"
    assert Path("file").read_text() == "mine"
    assert [path.name for path in NEW.parent.iterdir()] == ["new"]


def test_a_folder_that_cannot_be_made() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    weights = encoder.weights()
    Path("file").write_text("mine")
    with pytest.raises(MachineError, match="cannot write file/new") as told:
        write(encoder, weights, folder=Path("file/new"))
    assert told.value.code == "AM703"


def test_a_full_disk_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    weights = encoder.weights()
    write(encoder, weights)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.raises(MachineError, match="the disk is full") as told:
        write(encoder, {name: values + 1 for name, values in weights.items()})
    assert told.value.code == "AM704"
    assert equal(find_encoder(str(NEW)).weights(), weights)
    assert [path.name for path in NEW.parent.iterdir()] == ["new"]


def test_weights_that_are_not_those_of_the_shape_are_a_mistake_of_the_caller() -> None:
    encoder = find_encoder(str(write_tiny_encoder(Path("old"))))
    weights = encoder.weights()
    some = {name: values for name, values in weights.items() if name != "block_2/outer/bias"}
    with pytest.raises(ValueError, match="1 weights are missing, first block_2/outer/bias"):
        write(encoder, some)
    with pytest.raises(ValueError, match=r"pooler/bias must be \(16,\), got \(15,\)"):
        write(encoder, weights | {"pooler/bias": weights["pooler/bias"][1:]})
    without_segments = replace(encoder, shape=replace(encoder.shape, segments=0))
    with pytest.raises(ValueError, match="an encoder of DistilBERT has"):
        write(without_segments, weights)
    other_epsilon = replace(without_segments, shape=replace(without_segments.shape, epsilon=1e-5))
    with pytest.raises(ValueError, match="an encoder of DistilBERT has the epsilon 1e-12, got 1e-05"):
        write(other_epsilon, weights)
    assert not NEW.exists()
