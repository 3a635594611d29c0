"""Answers about texts: neither the others in a batch, nor the order, nor the way of asking changes one."""

import random
from pathlib import Path

import numpy as np
import pytest
from text_runs import MAX_LENGTH, TEXTS, untrained_text_run

from aimodels.data.dataset import Texts
from aimodels.errors import UsageError
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

ODD = ("", "   \n", "zzz qqq", "good " * 200_000, "<br />", "no\0thing", "\ufeffgood", "half of a character: \ud800")


@pytest.fixture(scope="module")
def predictor(text_run: RunFolder):
    from aimodels.prediction.predict import Predictor

    return Predictor(text_run)


def test_an_answer_is_a_probability_per_class(predictor) -> None:
    answers = predictor.answer(Texts(TEXTS))
    assert answers.probabilities.shape == (len(TEXTS), 2)
    assert answers.probabilities.dtype == np.float32
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1, atol=1e-6)
    assert answers.labels == [("neg", "pos")[number] for number in answers.probabilities.argmax(axis=1)]
    assert len({*map(float, answers.probabilities[:, 0])}) == len(TEXTS)


def test_a_text_alone_and_among_others_gets_the_same_answer(predictor) -> None:
    texts = [*TEXTS, *ODD] * 3
    random.Random(0).shuffle(texts)
    together = predictor.answer(Texts(tuple(texts)), batch_size=4).probabilities
    alone = np.concatenate([predictor.answer(Texts((text,))).probabilities for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_answers_come_in_the_order_of_the_texts_however_they_are_batched(
    predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.prediction import text_answering

    texts = Texts(tuple(" ".join(["good", "film", "two", "hours"][: 1 + number % 4]) for number in range(50)))
    whole = predictor.answer(texts)
    monkeypatch.setattr(text_answering, "CHARACTERS_PER_CHUNK", 40)
    monkeypatch.setattr(text_answering, "TOKENS_PER_BATCH", 5)
    parts = predictor.answer(texts)
    np.testing.assert_allclose(parts.probabilities, whole.probabilities, atol=1e-6)
    np.testing.assert_array_equal(parts.num_tokens, whole.num_tokens)
    assert len({*map(float, whole.probabilities[:, 0])}) == 4


def test_no_batch_holds_more_tokens_than_allowed_unless_it_is_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    from aimodels.prediction import text_answering
    from aimodels.preprocessing.words import Encoded

    lengths = np.array([3, 1, 30, 2, 2, 9, 1], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    encoded = Encoded(ids=np.arange(1, starts[-1] + 1, dtype=np.int32), starts=starts, num_tokens=lengths)
    monkeypatch.setattr(text_answering, "TOKENS_PER_BATCH", 8)
    batches = [(rows.tolist(), ids.numpy()) for rows, ids in text_answering.padded(encoded, batch_size=4)]
    assert [rows for rows, _ in batches] == [[1, 6, 3, 4], [0], [5], [2]]
    for rows, ids in batches:
        assert ids.size <= 8 or len(rows) == 1
        for row, padded in zip(rows, ids, strict=True):
            expected = np.arange(starts[row] + 1, starts[row + 1] + 1)
            np.testing.assert_array_equal(padded[: lengths[row]], expected)
            assert not padded[lengths[row] :].any()


def test_the_answers_are_those_of_the_network_asked_with_raw_text(predictor, text_run: RunFolder) -> None:
    import keras
    import tensorflow as tf

    from aimodels.runs.loading import register_layers

    register_layers()
    network = keras.saving.load_model(text_run.checkpoint("best"))
    positive = keras.ops.sigmoid(network(tf.constant(TEXTS), training=False))
    answers = predictor.answer(Texts(TEXTS))
    np.testing.assert_allclose(answers.probabilities[:, 1:], np.asarray(positive), atol=1e-6)


def test_nothing_asked_is_nothing_answered(predictor) -> None:
    import tensorflow as tf

    answers = predictor.answer(Texts(()))
    assert answers.probabilities.shape == (0, 2)
    assert answers.num_tokens.shape == (0,)
    graph = predictor._answering.text(tf.constant([], dtype=tf.string))
    assert (graph["probabilities"].shape, graph["label"].shape) == ((0, 2), (0,))


def test_words_are_counted_before_the_cut(predictor) -> None:
    texts = ("", "a", "two good hours", "good " * (MAX_LENGTH + 5))
    counted = predictor.answer(Texts(texts)).num_tokens
    assert counted.dtype == np.int64
    assert counted.tolist() == [0, 1, 3, MAX_LENGTH + 5]


def test_three_classes_have_a_probability_each(tmp_path: Path) -> None:
    from aimodels.prediction.predict import Predictor

    run = untrained_text_run(tmp_path / "runs", class_names=("bad", "so so", "good"))
    answers = Predictor(run).answer(Texts((*TEXTS, *ODD)))
    assert answers.probabilities.shape == (len(TEXTS) + len(ODD), 3)
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1, atol=1e-6)


def test_a_run_is_only_asked_about_what_it_takes(predictor, trained_run: RunFolder) -> None:
    from aimodels.prediction.predict import Predictor

    with pytest.raises(UsageError, match="reviews-001 takes texts, not images") as caught:
        predictor.answer(np.zeros((1, 28, 28, 1), np.uint8))
    assert (caught.value.code, caught.value.exit_code) == ("AM160", 2)
    with pytest.raises(UsageError, match=f"{trained_run.name} takes images, not texts"):
        Predictor(trained_run).answer(Texts(TEXTS))


def test_a_network_without_attention_has_no_weights_to_tell(predictor) -> None:
    with pytest.raises(UsageError, match="does not pool by attention") as caught:
        predictor.attention(Texts(TEXTS))
    assert caught.value.code == "AM161"


def test_a_network_that_computed_in_half_precision_answers_in_single(tmp_path: Path) -> None:
    import keras

    from aimodels.prediction.predict import Predictor

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        run = untrained_text_run(tmp_path / "runs")
    finally:
        keras.config.set_dtype_policy("float32")
    predictor = Predictor(run)
    policies = {layer.dtype_policy.name for layer in predictor._answering.model._flatten_layers()}
    assert policies <= {"float32", "int32"}
    alone = np.concatenate([predictor.answer(Texts((text,))).probabilities for text in TEXTS])
    np.testing.assert_allclose(predictor.answer(Texts(TEXTS)).probabilities, alone, atol=1e-5)


# --- attention --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attentive(tmp_path_factory: pytest.TempPathFactory):
    from aimodels.prediction.predict import Predictor

    return Predictor(untrained_text_run(tmp_path_factory.mktemp("attentive") / "runs", pooled_by="attention"))


def test_attention_gives_a_weight_to_each_word_that_is_read(attentive) -> None:
    texts = ("Good hours, good zzz", "", "good " * (MAX_LENGTH + 3))
    good, empty, long = attentive.attention(Texts(tuple(texts)))
    assert good.words == ("good", "hours", "good", "[UNK]")
    assert empty.words == ("[UNK]",)
    assert long.words == ("good",) * MAX_LENGTH
    for attention in (good, empty, long):
        assert attention.weights.shape == (len(attention.words),)
        assert attention.weights.sum() == pytest.approx(1, abs=1e-6)
    assert good.weights[0] == pytest.approx(good.weights[2])
    assert len({*map(float, good.weights)}) == 3
    words = [word for word, _ in good.highest(3)]
    assert [weight for _, weight in good.highest(3)] == sorted(good.weights.tolist(), reverse=True)[:3]
    assert sorted(words) != ["good"] * 3


def test_the_weights_are_those_of_the_published_formula(attentive) -> None:
    model = attentive._answering.architecture
    _, embedding, pooling, _ = model.layers
    vocabulary = attentive._answering.tables[0].vocabulary
    (attention,) = attentive.attention(Texts(("two good hours",)))
    states = np.asarray(embedding.embeddings)[[vocabulary.index(word) for word in attention.words]]
    scores = states @ np.asarray(pooling.kernel)[:, 0] + float(pooling.bias)
    np.testing.assert_allclose(attention.weights, np.exp(scores) / np.exp(scores).sum(), rtol=1e-5)


def test_attention_is_the_same_alone_and_among_others(attentive) -> None:
    texts = [*TEXTS, *ODD]
    together = attentive.attention(Texts(tuple(texts)))
    for text, attention in zip(texts, together, strict=True):
        (alone,) = attentive.attention(Texts((text,)))
        assert alone.words == attention.words
        np.testing.assert_allclose(alone.weights, attention.weights, atol=1e-6)
