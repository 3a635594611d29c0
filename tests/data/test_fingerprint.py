"""Fingerprints: equal for equal data, and for no other."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from aimodels.data.fingerprint import FileFacts, TextFacts, of_arrays, of_files, of_texts, sha256_of

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_the_order_of_arrays_does_not_count():
    labels = np.array([0, 1])
    assert of_arrays({"x": IMAGES, "y": labels}) == of_arrays({"y": labels, "x": IMAGES.copy()})


def test_the_layout_in_memory_does_not_count():
    assert of_arrays({"x": np.asfortranarray(IMAGES)}) == of_arrays({"x": IMAGES})


@pytest.mark.parametrize(
    "other",
    [
        {"x": IMAGES + np.eye(3, 4, dtype=np.uint8)},
        {"x": IMAGES.reshape(3, 2, 4)},
        {"x": IMAGES.view(np.int8)},
        {"y": IMAGES},
    ],
    ids=["pixel", "shape", "type", "name"],
)
def test_any_difference_between_arrays_counts(other):
    assert of_arrays(other) != of_arrays({"x": IMAGES})


FILES = [FileFacts("cat/1.png", 10, "aa"), FileFacts("dog/1.png", 20, "bb")]


def test_the_order_of_files_does_not_count():
    assert of_files(FILES) == of_files(reversed(FILES))


@pytest.mark.parametrize(
    "change", [{"name": "cat/2.png"}, {"size": 11}, {"sha256": "ab"}], ids=["name", "size", "content"]
)
def test_any_difference_between_files_counts(change):
    assert of_files([replace(FILES[0], **change), FILES[1]]) != of_files(FILES)


TEXTS = [TextFacts("train", "neg", "Bad."), TextFacts("train", "pos", "Gut – très bien 好")]


@pytest.mark.parametrize(
    "other",
    [
        [replace(TEXTS[0], text="bad."), TEXTS[1]],
        [replace(TEXTS[0], target="pos"), TEXTS[1]],
        [replace(TEXTS[0], split="test"), TEXTS[1]],
        [replace(TEXTS[0], target="neg\0004\0", text=""), TEXTS[1]],
        [replace(TEXTS[0], second=""), TEXTS[1]],
        TEXTS[::-1],
        TEXTS[:1],
    ],
    ids=["letter", "class", "split", "border", "pair", "order", "number"],
)
def test_any_difference_between_texts_counts(other):
    assert of_texts(TEXTS) == of_texts(list(TEXTS))
    assert of_texts(other) != of_texts(TEXTS)


def test_the_hash_of_a_file_is_its_sha256(tmp_path):
    file = tmp_path / "digits"
    file.write_bytes(b"0123456789" * 100_000)
    assert sha256_of(file) == hashlib.sha256(b"0123456789" * 100_000).hexdigest()
