"""Augmentation of texts: a function of its seed, and each option does what it says, as often as it says."""

import numpy as np
import pytest

from aimodels.config.augmentation import TextAugmentation

pytestmark = pytest.mark.tensorflow

LENGTHS = np.random.default_rng(0).integers(1, 120, size=400)
# Every word of a text has a number of its own, so that every move can be seen; 0 is padding, 1 is unknown.
IDS = np.where(np.arange(120) < LENGTHS[:, None], np.arange(120) + 2, 0).astype(np.int32)
NUM_WORDS = int(LENGTHS.sum())
LETTERS = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 150))
STRINGS = [LETTERS[:length] for length in LENGTHS] + ["", "é", "\0", "ab"]


def words_layer() -> object:
    from aimodels.layers.words import Rules, Words

    return Words(Rules())


def changed_ids(ids: np.ndarray = IDS, *, seed: tuple[int, int] = (1, 2), **options: float) -> np.ndarray:
    import tensorflow as tf

    from aimodels.training.text_augmentation import augmented_ids

    section = TextAugmentation.model_validate(options)
    return np.asarray(augmented_ids(tf.constant(ids), section, seed=tf.constant(seed, tf.int64), layer=words_layer()))


def changed_strings(strings: list[str] = STRINGS, *, seed: tuple[int, int] = (1, 2), **options: float) -> list[str]:
    import tensorflow as tf

    from aimodels.training.text_augmentation import augmented_strings

    section = TextAugmentation.model_validate(options)
    changed = augmented_strings(tf.constant(strings, tf.string), section, seed=tf.constant(seed, tf.int64))
    return [text.decode() for text in changed.numpy()]


def test_the_same_seed_gives_the_same_texts_and_another_one_others() -> None:
    words, characters = {"word_dropout": 0.2, "word_swap": 0.2}, {"char_dropout": 0.2, "char_swap": 0.2}
    np.testing.assert_array_equal(changed_ids(**words), changed_ids(**words))
    assert (changed_ids(**words) != changed_ids(seed=(1, 3), **words)).any()
    assert changed_strings(**characters) == changed_strings(**characters)
    assert changed_strings(**characters) != changed_strings(seed=(1, 3), **characters)


def test_nothing_changes_where_nothing_is_asked_for() -> None:
    np.testing.assert_array_equal(changed_ids(char_dropout=0.5), IDS)
    assert changed_strings(word_dropout=0.5) == STRINGS


@pytest.mark.parametrize(
    "options", [{"word_dropout": 0.9}, {"word_swap": 0.9}, {"word_dropout": 0.3, "word_swap": 0.3}]
)
def test_padding_is_never_touched(options: dict[str, float]) -> None:
    result = changed_ids(**options)
    assert (result.dtype, result.shape) == (np.int32, IDS.shape)
    np.testing.assert_array_equal(result == 0, IDS == 0)


# Of 24,000 words a share of 0.1 has a standard deviation of 0.002; swaps come in pairs, so theirs is 1.4 times that.
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_as_many_words_are_hidden_as_was_asked_for(share: float) -> None:
    result = changed_ids(word_dropout=share)
    is_hidden = (result == 1) & (IDS != 0)
    np.testing.assert_array_equal(result[~is_hidden], IDS[~is_hidden])
    assert is_hidden.sum() / NUM_WORDS == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_as_many_words_move_as_was_asked_for_and_by_one_place(share: float) -> None:
    result = changed_ids(word_swap=share)
    np.testing.assert_array_equal(np.sort(result, axis=1), np.sort(IDS, axis=1))
    assert set(np.unique(result - IDS)) == {-1, 0, 1}
    can_move = IDS[LENGTHS > 1] != 0
    moves = (result != IDS)[LENGTHS > 1]
    assert moves.sum() / can_move.sum() == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("length", [2, 3, 4, 9])
def test_every_place_of_a_short_text_moves_and_the_share_is_still_exact(length: int) -> None:
    ids = np.tile(np.arange(2, 2 + length, dtype=np.int32), (20_000, 1))
    moves = changed_ids(ids, word_swap=0.4) != ids
    assert moves.mean() == pytest.approx(0.4, abs=0.01)
    assert (moves.mean(axis=0) > 0.15).all()


def test_a_text_of_one_word_has_no_neighbours() -> None:
    one = np.full((50, 1), 7, dtype=np.int32)
    np.testing.assert_array_equal(changed_ids(one, word_swap=0.9), one)


def test_as_many_characters_are_left_out_as_was_asked_for() -> None:
    result = changed_strings(char_dropout=0.2)
    assert sum(map(len, result)) / sum(map(len, STRINGS)) == pytest.approx(0.8, abs=0.012)
    # What is left is in its order.
    assert all(list(new) == sorted(new) for new in result[: len(LENGTHS)])


def test_as_many_characters_move_as_was_asked_for() -> None:
    result = changed_strings(char_swap=0.2)
    pairs = [
        (new, old)
        for new_text, text in zip(result, STRINGS, strict=True)
        for new, old in zip(new_text, text, strict=True)
    ]
    assert sum(new != old for new, old in pairs) / len(pairs) == pytest.approx(0.2, abs=0.015)
    assert all(abs(ord(new) - ord(old)) <= 1 for new, old in pairs)


def test_no_text_becomes_empty_and_an_empty_one_stays_so() -> None:
    texts = ["x", "", "yz", "é", "😀"] * 200
    result = changed_strings(texts, char_dropout=0.99, char_swap=0.5)
    assert all(bool(new) == bool(old) for new, old in zip(result, texts, strict=True))
    assert {"x", "", "é", "😀", "y", "z"} <= set(result) <= {"x", "", "é", "😀", "y", "z", "yz", "zy"}


def test_broken_bytes_do_not_stop_it() -> None:
    import tensorflow as tf

    from aimodels.training.text_augmentation import augmented_strings

    options = TextAugmentation(char_swap=0.5)
    [result] = augmented_strings(tf.constant([b"caf\xe9\xff"]), options, seed=tf.constant([1, 2], tf.int64)).numpy()
    assert sorted(result.decode()) == sorted("caf\ufffd\ufffd")


def test_an_empty_batch_stays_empty() -> None:
    assert changed_ids(np.zeros((0, 0), np.int32), word_dropout=0.5, word_swap=0.5).shape == (0, 0)
    assert changed_strings([], char_dropout=0.5, char_swap=0.5) == []


def test_it_runs_inside_a_pipeline_with_the_shapes_it_was_given() -> None:
    import tensorflow as tf

    from aimodels.training.text_augmentation import augmented_ids

    options, layer = TextAugmentation(word_dropout=0.1, word_swap=0.1), words_layer()
    batches = tf.data.Dataset.from_tensors(IDS).map(
        lambda ids: augmented_ids(ids, options, seed=tf.constant([1, 2]), layer=layer)
    )
    assert batches.element_spec.shape == IDS.shape
    [result] = batches.as_numpy_iterator()
    np.testing.assert_array_equal(result, changed_ids(word_dropout=0.1, word_swap=0.1))
