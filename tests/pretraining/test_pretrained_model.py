"""The heads of pre-training against their formulas, and the loss against what the logits say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.encoders.finding import find_encoder

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def model(tmp_path: Path) -> Any:
    from aimodels.pretraining.model import PretrainedModel

    encoder = find_encoder(str(write_tiny_encoder(tmp_path / "tiny")))
    made = PretrainedModel(encoder.shape, next_sentence=True)
    assert made.load(encoder.weights()) == ()
    return made


def batch(num_pieces: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    random = np.random.default_rng(0)
    ids = random.integers(6, num_pieces, (4, 9)).astype(np.int32)
    ids[0, 6:] = 0
    places = np.array([[1, 4, -1], [2, 3, 8], [5, -1, -1], [-1, -1, -1]], np.int32)
    answers = np.where(places < 0, -1, random.integers(6, num_pieces, places.shape)).astype(np.int32)
    return {"ids": ids, "places": places}, {"answers": answers, "is_next": np.array([1, 0, 1, 1], np.float32)}


def test_the_guesses_are_what_bert_says(model: Any) -> None:
    import tensorflow as tf

    shown, _ = batch(model.shape_of_encoder.pieces)
    states = model.embeddings(shown["ids"])
    for block in model.blocks:
        states = block(states)
    weights, at = model.weights_by_name(), shown["places"]
    chosen = np.stack([states.numpy()[row, at[row, column]] for row, column in np.argwhere(at >= 0)])
    inner = tf.nn.gelu(chosen @ weights["mlm/dense/kernel"] + weights["mlm/dense/bias"]).numpy()
    centred = inner - inner.mean(-1, keepdims=True)
    unit = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + model.shape_of_encoder.epsilon)
    normed = unit * weights["mlm/norm/gamma"] + weights["mlm/norm/beta"]
    expected = normed @ weights["embeddings/word"].T + weights["mlm/bias"]
    found = model(shown)
    assert np.abs(found["pieces"].numpy() - expected).max() < 1e-4
    pooled = np.tanh(states.numpy()[:, 0] @ weights["pooler/kernel"] + weights["pooler/bias"])
    assert np.abs(found["follows"].numpy() - (pooled @ weights["nsp/kernel"] + weights["nsp/bias"])).max() < 1e-4


def test_the_loss_is_the_mean_over_all_guesses(model: Any) -> None:
    import tensorflow as tf

    shown, wanted = batch(model.shape_of_encoder.pieces)
    model.compile()
    one, two = (tf.data.Dataset.from_tensors((shown, wanted)).repeat(times) for times in (1, 2))
    measured = model.evaluate(one, verbose=0, return_dict=True)
    logits = model(shown)
    answers = wanted["answers"][wanted["answers"] >= 0]
    pieces = np.log(np.exp(logits["pieces"].numpy()).sum(-1)) - logits["pieces"].numpy()[np.arange(6), answers]
    halves = logits["follows"].numpy()
    of_halves = np.log(np.exp(halves).sum(-1)) - halves[np.arange(4), [0, 1, 0, 0]]
    assert measured["perplexity"] == pytest.approx(np.exp(pieces.mean()), rel=1e-4)
    assert measured["loss"] == pytest.approx(pieces.mean() + of_halves.mean(), rel=1e-4)
    assert measured["next_accuracy"] == pytest.approx((halves.argmax(-1) == [0, 1, 0, 0]).mean())
    assert model.evaluate(two, verbose=0, return_dict=True)["loss"] == pytest.approx(measured["loss"], rel=1e-5)


def test_a_batch_without_a_guess_is_no_mistake(model: Any) -> None:
    shown, wanted = batch(model.shape_of_encoder.pieces)
    model.compile(optimizer="sgd")
    nothing = {"places": np.full((4, 1), -1, np.int32), "answers": np.full((4, 1), -1, np.int32)}
    told = model.train_on_batch(shown | {"places": nothing["places"]}, wanted | {"answers": nothing["answers"]})
    assert np.isfinite(told).all()


def test_every_weight_of_the_head_trains_and_is_written(model: Any) -> None:
    shown, wanted = batch(model.shape_of_encoder.pieces)
    before = model.weights_by_name()
    model.compile(optimizer="sgd")
    model.train_on_batch(shown, wanted)
    after = model.weights_by_name()
    still = {name for name in before if np.array_equal(before[name], after[name])}
    # What is added to all keys alike changes no softmax over them.
    assert still <= {"block_1/key/bias", "block_2/key/bias"}
    assert sum(values.size for values in after.values()) == model.count_params()
