"""Texts and pairs as the pieces of an encoder; the pieces of a random one, chosen from the training texts."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import tiny_vocabulary, write_tiny_encoder

from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.errors import ConfigError, DataError
from aimodels.events import Event, Warned, listening
from aimodels.preprocessing import wordpieces, words
from aimodels.preprocessing.wordpieces import Options

pytestmark = pytest.mark.tensorflow

REVIEWS = Texts(("a good film, a very good film", "a bad film", ""))
PAIRS = Texts(("the film", "", "a good film"), seconds=("was it good?", "no", "never again, not a good film at all"))


@pytest.fixture
def encoder(tmp_path: Path) -> str:
    return str(write_tiny_encoder(tmp_path / "encoder"))


def fitted(texts: Texts = REVIEWS, **options: Any) -> Any:
    split = Split("train", texts, np.zeros(len(texts), dtype=np.int64))
    is_pair = bool(texts.seconds)
    return wordpieces.fit(Options.model_validate(options), input=TextInput(is_pair=is_pair), train=split)


def corpus(count: int) -> tuple[str, ...]:
    """Texts of very different lengths, some of them empty."""
    random_ = random.Random(count)
    known = ["good", "films", "Größe", "好", "👍", "[SEP]", "don't", "unmade", "é\u0301"]
    return tuple(" ".join(random_.choices(known, k=random_.choice([0, 1, 5, 30]))) for _ in range(count))


def test_a_text_goes_in_and_the_ids_of_its_pieces_come_out(encoder: str) -> None:
    model = fitted(encoder=encoder)
    assert (model.input.name, model.input.dtype, model.input.shape) == ("text", "string", (None,))
    assert (model.output.dtype, model.output.shape) == ("int32", (None, None))
    assert wordpieces.vocabulary(model) == tiny_vocabulary()
    read = words.words_read(model, ["The film, a good one!", ""])
    assert read == [["[CLS]", "the", "film", ",", "a", "good", "one", "!", "[SEP]"], ["[CLS]", "[SEP]"]]


def test_two_texts_go_in_by_name(encoder: str) -> None:
    model = fitted(PAIRS, encoder=encoder)
    assert {name: each.shape for name, each in model.input.items()} == {"text": (None,), "text_pair": (None,)}
    encoded = words.encode(model, PAIRS)
    [first, *_] = np.split(encoded.ids, encoded.starts[1:-1])
    assert words.readable(model, first).tolist() == "[CLS] the film [SEP] was it good ? [SEP]".split()
    assert (first // len(tiny_vocabulary())).tolist() == [0] * 4 + [1] * 5
    assert encoded.num_tokens[:2].tolist() == [9, 4]


@pytest.mark.parametrize("is_pair", [False, True])
def test_encoded_in_chunks_as_the_model_reads_them(
    encoder: str, is_pair: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    texts = Texts(corpus(200), seconds=corpus(201)[:200] if is_pair else ())
    model = fitted(texts, encoder=encoder, wordpieces={"max_length": 40})
    monkeypatch.setattr(words, "CHARACTERS_PER_CHUNK", 2_000)
    encoded = words.encode(model, texts)
    first = tf.constant(texts.strings)
    padded = model({"text": first, "text_pair": tf.constant(texts.seconds)} if is_pair else first).numpy()
    lengths = np.diff(encoded.starts)
    assert lengths.max() == 40 < encoded.num_tokens.max()
    np.testing.assert_array_equal(np.minimum(encoded.num_tokens, 40), lengths)
    for row, length, ids in zip(padded, lengths, np.split(encoded.ids, encoded.starts[1:-1]), strict=True):
        np.testing.assert_array_equal(row[:length], ids)
        assert not row[length:].any()


def test_no_text_is_no_ids(encoder: str) -> None:
    for texts in (REVIEWS, PAIRS):
        encoded = words.encode(fitted(texts, encoder=encoder), Texts(()))
        assert (encoded.ids.size, encoded.starts.tolist(), encoded.num_tokens.size) == (0, [0], 0)


def test_the_end_is_read_where_it_is_kept(encoder: str) -> None:
    options = {"encoder": encoder, "wordpieces": {"max_length": 4, "keep": "end"}}
    assert words.words_read(fitted(**options), ["the plot was great fun"]) == [["[CLS]", "great", "fun", "[SEP]"]]


def test_more_pieces_than_positions_are_refused(encoder: str) -> None:
    with pytest.raises(
        ConfigError, match=r"asks for 513 pieces, and the encoder .*encoder has 512 positions"
    ) as caught:
        fitted(encoder=encoder, wordpieces={"max_length": 513})
    assert (caught.value.code, caught.value.problems[0].path) == ("AM360", "model.wordpieces.max_length")
    with pytest.raises(ConfigError, match="asks for 256 pieces, and the random encoder .* has 64 positions"):
        fitted(encoder="random", sizes={"positions": 64})
    fitted(encoder=encoder, wordpieces={"max_length": 512})


def test_the_pieces_of_a_random_encoder_are_characters_and_the_most_frequent_words() -> None:
    model = fitted(encoder="random", sizes={"vocabulary": 17})
    assert wordpieces.vocabulary(model) == (
        *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        *("a", "o", "d"),
        *("##a", "##o", "##d"),
        *("film", "good", "bad", "very"),
    )


def test_small_letters_are_those_of_the_random_encoder() -> None:
    texts = Texts(("Über uber",))
    small = fitted(texts, encoder="random", sizes={"vocabulary": 40})
    assert "uber" in wordpieces.vocabulary(small)
    assert words.words_read(small, ["ÜBER"]) == [["[CLS]", "uber", "[SEP]"]]
    as_written = fitted(texts, encoder="random", sizes={"vocabulary": 40, "lower": False})
    assert {"Über", "uber"} < set(wordpieces.vocabulary(as_written))


def test_the_words_of_both_texts_of_a_pair_are_counted() -> None:
    known = wordpieces.vocabulary(fitted(PAIRS, encoder="random", sizes={"vocabulary": 200}))
    assert {"the", "was", "never"} < set(known)


def test_neither_an_endless_word_nor_a_special_piece_becomes_a_piece_by_counting() -> None:
    texts = Texts(("a [SEP] b", "x" * 101, "y" * 100, "\u0301"))
    known = wordpieces.vocabulary(fitted(texts, encoder="random", sizes={"vocabulary": 100}))
    assert known == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "y", "a", "b", "##y", "y" * 100)


def test_a_vocabulary_larger_than_the_texts_is_told() -> None:
    events: list[Event] = []
    with listening(events.append):
        fitted(encoder="random", sizes={"vocabulary": 1000})
    [warning] = [event for event in events if isinstance(event, Warned)]
    assert warning.code == "AM330"


def test_texts_without_a_word_have_no_pieces_to_choose() -> None:
    with pytest.raises(DataError, match="no word in any of the training texts") as caught:
        fitted(Texts(("", " \t", "\u0301")), encoder="random")
    assert caught.value.code == "AM361"


def test_a_saved_network_of_pairs_reads_the_same(encoder: str, tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    model = fitted(PAIRS, encoder=encoder)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    asked = {"text": tf.constant(PAIRS.strings), "text_pair": tf.constant(PAIRS.seconds)}
    np.testing.assert_array_equal(again(asked), model(asked))
    assert words.words_layer(again).is_pair
