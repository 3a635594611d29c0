"""The vocabulary of the training texts, and texts as its numbers."""

import random
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.errors import DataError
from aimodels.events import Event, Warned, listening
from aimodels.preprocessing import words
from aimodels.preprocessing.words import Options

REVIEWS = ("a good film, a very good film", "a bad film", "Good acting. GOOD plot!")


def fitted(*texts: str, **options: object) -> object:
    split = Split("train", Texts(texts or REVIEWS), np.zeros(len(texts or REVIEWS), dtype=np.int64))
    return words.fit(Options.model_validate(options), input=TextInput(), train=split)


def corpus(count: int = 300) -> list[str]:
    """Texts of very different lengths, some of them empty."""
    random_ = random.Random(0)
    known = [f"word{number}" for number in range(500)] + ["好", "ครับ", "Größe", "👍", "don't", "<br />"]
    return [" ".join(random_.choices(known, k=random_.choice([0, 1, 5, 30, 200]))) for _ in range(count)]


def test_an_option_out_of_its_limits_is_refused() -> None:
    for wrong in ({"max_length": 0}, {"vocabulary": 2}, {"ngrams": 0}, {"stop_words": ["two words"]}, {"split": "no"}):
        with pytest.raises(ValidationError):
            Options.model_validate(wrong)


@pytest.mark.tensorflow
def test_the_vocabulary_is_by_count_and_then_by_alphabet() -> None:
    model = fitted()
    assert words.vocabulary(model) == ("", "[UNK]", "good", "a", "film", "acting", "bad", "plot", "very")
    assert model.input.name == "text"
    assert (model.input.dtype, model.input.shape) == ("string", (None,))
    assert (model.output.dtype, model.output.shape) == ("int32", (None, None))


@pytest.mark.tensorflow
def test_the_vocabulary_is_no_larger_than_asked_for_padding_and_unknown_included() -> None:
    events: list[Event] = []
    with listening(events.append):
        assert words.vocabulary(fitted(vocabulary=4)) == ("", "[UNK]", "good", "a")
    assert not [event for event in events if isinstance(event, Warned)]


@pytest.mark.tensorflow
def test_a_vocabulary_larger_than_the_corpus_is_told() -> None:
    events: list[Event] = []
    with listening(events.append):
        fitted(vocabulary=1000)
    [warning] = [event for event in events if isinstance(event, Warned)]
    assert warning.code == "AM330"
    assert "fill 9 of the 1,000 places" in warning.message


@pytest.mark.tensorflow
def test_rare_words_stay_unknown() -> None:
    assert words.vocabulary(fitted(min_count=2)) == ("", "[UNK]", "good", "a", "film")


@pytest.mark.tensorflow
def test_what_will_be_cut_off_is_counted_all_the_same() -> None:
    assert "very" in words.vocabulary(fitted(max_length=1))


@pytest.mark.tensorflow
def test_neither_an_endless_word_nor_the_literal_unknown_one_gets_a_number() -> None:
    texts = ("x" * 101 + " " + "y" * 100, "[UNK] [UNK]", "z\x85z")
    model = fitted(*texts, punctuation="keep", lower=False)
    assert words.vocabulary(model) == ("", "[UNK]", "z", "y" * 100)


@pytest.mark.tensorflow
@pytest.mark.parametrize("texts", [("",), ("...", " \t", "<br />"), ()])
def test_texts_without_any_word_are_an_error(texts: tuple[str, ...]) -> None:
    split = Split("train", Texts(texts), np.zeros(len(texts), dtype=np.int64))
    with pytest.raises(DataError, match="no word in any of the training texts") as caught:
        words.fit(Options(), input=TextInput(), train=split)
    assert caught.value.code == "AM331"


@pytest.mark.tensorflow
def test_a_min_count_that_no_word_reaches_is_an_error() -> None:
    with pytest.raises(DataError, match="no word occurs 5 times .* the most frequent: 4") as caught:
        fitted(min_count=5)
    assert caught.value.code == "AM331"


@pytest.mark.tensorflow
def test_stop_words_have_no_number_and_take_no_place() -> None:
    model = fitted(stop_words=["a", "The"])
    assert "a" not in words.vocabulary(model)
    assert words.words_read(model, ["The film, a good one"]) == [["film", "good", "[UNK]"]]


@pytest.mark.tensorflow
def test_the_english_stop_words_are_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    model = fitted("the film was not " + " ".join(ENGLISH_STOP_WORDS), stop_words="english")
    assert words.vocabulary(model) == ("", "[UNK]", "film")


@pytest.mark.tensorflow
def test_a_stop_word_is_read_like_the_texts() -> None:
    model = fitted("Don\u2019t go", stop_words=["don't"])
    assert words.vocabulary(model) == ("", "[UNK]", "go")


@pytest.mark.tensorflow
@pytest.mark.parametrize(("word", "number"), [("well-known", 2), ("...", 0)])
def test_a_stop_word_that_is_no_word_is_an_error(word: str, number: int) -> None:
    with pytest.raises(DataError, match=f'"{word}" reads as {number} words') as caught:
        fitted(stop_words=[word], ngrams=2)
    assert caught.value.code == "AM332"


@pytest.mark.tensorflow
def test_ngrams_are_words_of_the_vocabulary() -> None:
    model = fitted("not good", "not good", "good", ngrams=2)
    assert words.vocabulary(model) == ("", "[UNK]", "good", "not", "not good")
    assert words.words_read(model, ["good, not good"]) == [["good", "not", "[UNK]", "good", "not good"]]


@pytest.mark.tensorflow
def test_encoded_texts_are_the_rows_of_the_model_without_padding() -> None:
    model = fitted(max_length=4)
    texts = ["a good film, a very good film", "", "...", "unknown film"]
    encoded = words.encode(model, Texts(tuple(texts)))
    assert (encoded.ids.dtype, encoded.starts.dtype, encoded.num_tokens.dtype) == (np.int32, np.int64, np.int64)
    np.testing.assert_array_equal(encoded.starts, [0, 4, 5, 6, 8])
    np.testing.assert_array_equal(encoded.ids, [3, 2, 4, 3, 1, 1, 1, 4])
    np.testing.assert_array_equal(encoded.num_tokens, [7, 0, 0, 2])
    rows = np.asarray(model(np.array(texts, dtype=object)))
    np.testing.assert_array_equal(rows[rows != 0], encoded.ids)


@pytest.mark.tensorflow
def test_the_end_of_a_text_can_be_kept() -> None:
    model = fitted(max_length=2, keep="end")
    assert words.words_read(model, ["a very good film"]) == [["good", "film"]]


@pytest.mark.tensorflow
def test_no_texts_are_encoded_as_none() -> None:
    encoded = words.encode(fitted(), Texts(()))
    assert (len(encoded.ids), encoded.starts.tolist(), len(encoded.num_tokens)) == (0, [0], 0)
    assert words.words_read(fitted(), []) == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("ngrams", [1, 2])
def test_chunks_change_nothing(ngrams: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = corpus()
    at_once = fitted(*texts, ngrams=ngrams, max_length=50)
    expected = words.encode(at_once, Texts(tuple(texts)))
    monkeypatch.setattr(words, "CHARACTERS_PER_CHUNK", 5_000)
    in_chunks = fitted(*texts, ngrams=ngrams, max_length=50)
    assert words.vocabulary(in_chunks) == words.vocabulary(at_once)
    encoded = words.encode(in_chunks, Texts(tuple(texts)))
    for name in ("ids", "starts", "num_tokens"):
        np.testing.assert_array_equal(getattr(encoded, name), getattr(expected, name))


@pytest.mark.tensorflow
def test_counts_are_those_of_a_plain_loop() -> None:
    texts = corpus()
    counts = Counter(word for text in texts for word in text.split() if word.startswith("word"))
    expected = sorted(counts, key=lambda word: (-counts[word], word))
    found = [word for word in words.vocabulary(fitted(*texts)) if word.startswith("word")]
    assert found == expected


@pytest.mark.tensorflow
def test_half_of_a_surrogate_pair_is_no_character() -> None:
    assert words.words_read(fitted(), ["good\ud83dfilm", "a" + "\udc00"]) == [["good", "film"], ["a"]]


@pytest.mark.tensorflow
def test_the_layer_is_found_in_a_whole_network_too() -> None:
    import keras

    model = fitted()
    core = keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(9, 2)])
    network = keras.Model(model.input, core(model.output))
    assert words.words_layer(network) is words.words_layer(model)
    assert words.vocabulary(network)[2] == "good"


@pytest.mark.tensorflow
def test_words_are_counted_in_texts_only() -> None:
    images = Split("train", np.zeros((2, 3, 3, 1), dtype=np.uint8), np.zeros(2, dtype=np.int64))
    with pytest.raises(TypeError, match="not in ndarray"):
        words.fit(Options(), input=TextInput(), train=images)
