"""Batches of pieces: pairs, and what augmentation may change in them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.config.augmentation import TextAugmentation
from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.preprocessing import wordpieces, words

pytestmark = pytest.mark.tensorflow

LETTERS = "abcdefghijklmnop"
# Every piece of a text is another one, so that every move can be seen.
FIRST = tuple(" ".join(LETTERS[: 1 + number % 16]) for number in range(60))
SECOND = tuple(" ".join("qrstuvwxyz"[: number % 11]) for number in range(60))


def source(folder: Path, *, is_pair: bool, **augment: float) -> Any:
    from aimodels.training.text_source import text_source

    write_tiny_encoder(folder / "encoder")
    texts = Texts(FIRST, seconds=SECOND if is_pair else ())
    split = Split("train", texts, np.zeros(len(texts), np.int64))
    options = wordpieces.Options.model_validate({"encoder": str(folder / "encoder")})
    reading = wordpieces.fit(options, input=TextInput(is_pair=is_pair), train=split)
    return text_source(split, reading=reading, batch_size=60, augment=TextAugmentation.model_validate(augment))


def one_batch(source: Any) -> tuple[np.ndarray, np.ndarray]:
    """The ids of all texts as they are, and as they were changed."""
    import tensorflow as tf

    [(examples, _)] = source.batches(source.in_sequence(), targets=(tf.zeros(60),))
    graph = tf.function(
        lambda texts, seed: source.augmented(texts, seed=seed),
        input_signature=[source.signature, tf.TensorSpec([2], tf.int64)],
    )
    return examples.numpy(), graph(examples, tf.constant([1, 2], tf.int64)).numpy()


@pytest.mark.parametrize("is_pair", [False, True])
def test_hidden_pieces_are_masks_of_their_text_and_the_frame_stays(tmp_path: Path, is_pair: bool) -> None:
    found = source(tmp_path, is_pair=is_pair, word_dropout=0.5)
    before, after = one_batch(found)
    layer = words.words_layer(found.reading)
    fixed, number = layer.is_fixed(before).numpy(), len(layer.vocabulary)
    changed = before != after
    np.testing.assert_array_equal(before[fixed], after[fixed])
    np.testing.assert_array_equal(before // number, after // number)
    assert set(after[changed] % number) == {layer.numbers["[MASK]"]}
    assert 0.4 < changed.sum() / (~fixed).sum() < 0.6


@pytest.mark.parametrize("is_pair", [False, True])
def test_neighbours_change_places_inside_their_text_alone(tmp_path: Path, is_pair: bool) -> None:
    found = source(tmp_path, is_pair=is_pair, word_swap=0.5)
    before, after = one_batch(found)
    layer = words.words_layer(found.reading)
    fixed, number = layer.is_fixed(before).numpy(), len(layer.vocabulary)
    np.testing.assert_array_equal(before[fixed], after[fixed])
    np.testing.assert_array_equal(before // number, after // number)
    np.testing.assert_array_equal(np.sort(before, axis=1), np.sort(after, axis=1))
    assert 0.3 < (before != after).sum() / (~fixed).sum() < 0.6
    for old, new in zip(before, after, strict=True):
        moved = [
            abs(int(np.flatnonzero(old == each)[0]) - place) for place, each in enumerate(new) if each not in (0, 4)
        ]
        assert max(moved) <= 1


@pytest.mark.parametrize("is_pair", [False, True])
def test_characters_are_changed_before_the_pieces_are_read(tmp_path: Path, is_pair: bool) -> None:
    found = source(tmp_path, is_pair=is_pair, char_dropout=0.3)
    texts, after = one_batch(found)
    layer = words.words_layer(found.reading)
    assert texts.shape == (60, 2 if is_pair else 1)
    columns = [texts[:, side] for side in range(texts.shape[1])]
    before = layer(columns if is_pair else columns[0]).numpy()
    assert after.shape[1] < before.shape[1]
    assert (after[:, 0] == layer.numbers["[CLS]"]).all()
    ends = (after % len(layer.vocabulary) == layer.numbers["[SEP]"]).sum(axis=1)
    assert (ends == (2 if is_pair else 1)).all()
    as_they_were = one_batch(source(tmp_path, is_pair=is_pair, char_swap=1e-9))
    np.testing.assert_array_equal(before, as_they_were[1])
