"""What is said of an encoder before anything is built."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.architectures import bert
from aimodels.encoders.facts import EncoderFacts, FineTuning, encoder_facts
from aimodels.encoders.finding import encoder_of
from aimodels.encoders.memory import bytes_needed


def facts(encoder: str, **options: Any) -> EncoderFacts:
    model = bert.Options.model_validate({"encoder": encoder, **options})
    reading = bert.reading(model, "wordpieces")
    return encoder_facts(encoder_of(reading), reading=reading, training=model, epochs=10)


def test_sizes_and_files() -> None:
    folder = write_tiny_encoder(Path("tiny"), family="electra", lower=False, max_position_embeddings=64)
    found = facts("tiny", wordpieces={"max_length": 20, "keep": "end"}, pooling="cls")
    assert (found.family, found.blocks, found.size, found.positions, found.cased) == ("ELECTRA", 2, 16, 64, True)
    assert found.file_bytes == (folder / "model.safetensors").stat().st_size
    assert found.vocabulary == len((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())
    assert (found.max_length, found.keep, found.pooling) == (20, "end", "cls")


def test_weights_in_several_files_are_counted_together() -> None:
    folder = write_tiny_encoder(Path("tiny"))
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    (folder / "model-00002-of-00002.safetensors").write_bytes(bytes(100))
    options = bert.Options(encoder="random")
    reading = bert.reading(options, "wordpieces")
    found = encoder_facts(replace(encoder_of(reading), folder=folder), reading=reading, training=options, epochs=10)
    assert found.file_bytes == (folder / "model-00001-of-00002.safetensors").stat().st_size + 100


def test_a_random_encoder_counts_the_pieces_that_it_may_have() -> None:
    found = facts("random", sizes={"vocabulary": 1000, "size": 32, "lower": False})
    assert (found.vocabulary, found.file_bytes, found.cased) == (1000, 0, True)
    assert found.memory_bytes > 4 * 4 * 1000 * 32


def test_memory_follows_what_trains() -> None:
    write_tiny_encoder(Path("tiny"))
    shape = encoder_of(bert.reading(bert.Options(encoder="tiny"), "wordpieces")).shape
    assert facts("tiny").memory_bytes == bytes_needed(shape)
    assert facts("tiny", freeze="all").memory_bytes == bytes_needed(shape, trains=False)
    assert facts("tiny", lora={}).memory_bytes == bytes_needed(shape, trains=False)


@pytest.mark.parametrize(
    ("options", "trains"),
    [
        ({}, "the whole encoder and the head"),
        ({"freeze": "all"}, "the head alone"),
        ({"freeze": 2}, "the head alone"),
        ({"freeze": 1}, "the last 1 of 2 blocks and the head"),
        ({"freeze": "embeddings"}, "all 2 blocks and the head"),
        ({"lora": {"rank": 3, "on": ["key", "inner"]}}, "changes of rank 3 to key, inner of each block, and the head"),
        (
            {"unfreeze_every": 2, "learning_rate_decay": 0.9},
            "the whole encoder and the head; the head alone at first, one block more every 2 epochs; each block at 0.9 "
            "times the learning rate of the one above it",
        ),
        (
            {"unfreeze_every": 5},
            "the whole encoder and the head; the head alone at first, one block more every 5 epochs, so that in 10 "
            "epochs 1 of 2 begins to",
        ),
        (
            {"unfreeze_every": 1},
            "the whole encoder and the head; the head alone at first, one block more every epoch",
        ),
    ],
)
def test_what_trains(options: dict[str, Any], trains: str) -> None:
    write_tiny_encoder(Path("tiny"))
    assert facts("tiny", **options).trains == trains


def test_the_options_of_bert_say_how_it_is_fine_tuned() -> None:
    assert isinstance(bert.Options(encoder="random"), FineTuning)
