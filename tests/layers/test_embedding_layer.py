"""The vectors of words: looked up, trained, and started from a file."""

from pathlib import Path

import numpy as np
import pytest

from aimodels.config.embedding import Embedding as Options
from aimodels.events import Event, Warned, listening

pytestmark = pytest.mark.tensorflow

VOCABULARY = ("", "[UNK]", "good", "bad", "film")


def test_it_looks_up_and_learns_what_keras_does() -> None:
    import keras
    import tensorflow as tf

    from aimodels.layers.embedding import Embedding

    ids = np.array([[1, 2, 2, 0], [4, 0, 0, 0]], dtype="int32")
    outputs, gradients = [], []
    for made in (Embedding, keras.layers.Embedding):
        layer = made(5, 3, mask_zero=True)
        layer.build()
        layer.set_weights([np.arange(15, dtype="float32").reshape(5, 3)])
        with tf.GradientTape() as tape:
            outputs.append(layer(ids))
            total = tf.reduce_sum(outputs[-1] * tf.reshape(tf.range(24, dtype=tf.float32), (2, 4, 3)))
        gradients.append(tf.convert_to_tensor(tape.gradient(total, layer.trainable_variables[0].value)))
        np.testing.assert_array_equal(layer.compute_mask(ids), ids != 0)
    np.testing.assert_array_equal(*outputs)
    np.testing.assert_array_equal(*gradients)


def network(options: Options) -> object:
    import keras

    from aimodels.layers.embedding import embedded

    keras.utils.set_random_seed(1)
    ids = keras.Input((None,), dtype="int32")
    return keras.Model(ids, embedded(ids, options, vocabulary=VOCABULARY))


def table(model: object) -> np.ndarray:
    return model.get_layer("embedding").get_weights()[0]


def test_vectors_of_a_file_are_where_training_starts(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2\nbad 3 4\nother 5 6\ngood 7 8\n")
    started = network(Options(size=2, file=str(path)))
    np.testing.assert_array_equal(table(started)[2:], [[7, 8], [3, 4], [1, 2]])
    np.testing.assert_array_equal(table(started)[:2], table(network(Options(size=2)))[:2])
    assert len(started.trainable_variables) == 1


def test_vectors_can_be_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2\nbad 3 4\ngood 7 8\n")
    model = network(Options(size=2, file=str(path), trainable=False))
    assert model.trainable_variables == []
    np.testing.assert_array_equal(table(model)[4], [1, 2])


def test_few_words_are_told(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2\nbad 3 4\n")
    heard: list[Event] = []
    with listening(heard.append):
        network(Options(size=2, file=str(path)))
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert warned.code == "AM325"
    assert "2 of the 5 words of the vocabulary (40%)" in warned.message


def test_dropout_takes_the_same_numbers_of_every_word() -> None:
    model = network(Options(size=40, dropout=0.5))
    vectors = np.asarray(model(np.full((3, 4), 2, dtype="int32"), training=True))
    np.testing.assert_array_equal(vectors, np.repeat(vectors[:, :1], 4, axis=1))
    assert 0.2 < (vectors == 0).mean() < 0.8
    assert (vectors[0] != vectors[1]).any()
