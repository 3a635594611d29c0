"""Networks that read words: padding never changes an answer, whatever the options, and they go everywhere as files."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from aimodels.architectures import lstm, transformer
from aimodels.errors import DataError

pytestmark = pytest.mark.tensorflow

VOCABULARY = ("", "[UNK]", *(f"word{number}" for number in range(48)))
LENGTHS = (1, 7, 12, 3)
EMBEDDING = {"size": 8}
WORDS = {"max_length": 20}

RECURRENT = [
    {"cell": cell, "bidirectional": both_ways, "pooling": pooling}
    for cell, both_ways, pooling in itertools.product(
        ("lstm", "gru", "rnn"), (False, True), ("last", "mean", "max", "attention")
    )
]
ATTENTIVE = [
    {"positions": positions, "norm": norm, "pooling": pooling}
    for positions, norm, pooling in itertools.product(
        ("sinusoidal", "learned", "none"), ("pre", "post"), ("mean", "max", "attention", "cls")
    )
]
EVERY = [
    *((lstm, {"units": [5, 4], "dense": [6], "dropout": 0.2, **options}) for options in RECURRENT),
    *((transformer, {"blocks": 2, "heads": 2, "feed_forward": 6, "dropout": 0.2, **options}) for options in ATTENTIVE),
]
NAMES = ["-".join(str(value) for value in options.values()) for options in [*RECURRENT, *ATTENTIVE]]


def network(module: Any, *, num_outputs: int = 3, **options: Any) -> Any:
    """A network with weights large enough that every word counts."""
    import keras

    keras.utils.set_random_seed(1)
    tensors = keras.KerasTensor((None, None), dtype="int32")
    section = module.Options.model_validate({"embedding": EMBEDDING, "words": WORDS, **options})
    model = module.build(section, tensors=tensors, num_outputs=num_outputs, vocabulary=VOCABULARY)
    embedding = model.get_layer("embedding")
    embedding.set_weights([20 * weight for weight in embedding.get_weights()])
    return model


def ids(*, length: int = 12) -> np.ndarray:
    """Ids of some texts, padded on the right."""
    random = np.random.default_rng(0)
    words = random.integers(1, len(VOCABULARY), size=(len(LENGTHS), length)).astype("int32")
    return np.where(np.arange(length) < np.array(LENGTHS)[:, np.newaxis], words, 0).astype("int32")


@pytest.mark.parametrize(("module", "options"), EVERY, ids=NAMES)
def test_a_text_alone_gives_what_it_gives_among_longer_ones(module: Any, options: dict[str, Any]) -> None:
    model = network(module, **options)
    together = np.asarray(model(ids()))
    longer = np.asarray(model(np.pad(ids(), [(0, 0), (0, 8)])))
    np.testing.assert_allclose(longer, together, atol=1e-5)
    for row, length in enumerate(LENGTHS):
        alone = np.asarray(model(ids()[row : row + 1, :length]))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
    # And the answer depends on the text.
    assert np.abs(together - together[0])[1:].max() > 1e-3


@pytest.mark.parametrize("options", [{}, {"pooling": "cls"}], ids=["mean", "cls"])
def test_training_sees_no_padding_either(options: dict[str, Any]) -> None:
    check_training(network(transformer, dropout=0.0, **options))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_training_of_recurrent_layers_sees_no_padding_either(cell: str) -> None:
    check_training(network(lstm, cell=cell, bidirectional=True))


def check_training(model: Any) -> None:
    """The gradients of a batch and of the same batch with more padding are the same."""
    import tensorflow as tf

    def gradients(batch: np.ndarray) -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.sin(model(batch, training=True)))
        return [np.asarray(tf.convert_to_tensor(by)) for by in tape.gradient(total, model.trainable_variables)]

    for one, other in zip(gradients(ids()), gradients(np.pad(ids(), [(0, 0), (0, 8)])), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)
    assert not gradients(ids())[0][0].any(), "the vector of padding is not trained"


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (lstm, {"cell": "lstm", "bidirectional": True, "pooling": "attention", "recurrent_dropout": 0.1}),
        (lstm, {"cell": "gru", "pooling": "last", "units": [5, 5]}),
        (lstm, {"cell": "rnn", "bidirectional": True, "pooling": "max"}),
        (transformer, {"positions": "sinusoidal", "pooling": "cls", "norm": "post"}),
        (transformer, {"positions": "learned", "pooling": "mean", "dense": [4]}),
    ],
)
def test_it_survives_a_save_bit_for_bit(module: Any, options: dict[str, Any], tmp_path: Path) -> None:
    import keras

    model = network(module, dropout=0.1, **{"embedding": {"size": 8, "dropout": 0.2}, **options})
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(model(ids())), np.asarray(again(ids())))


@pytest.mark.parametrize("module", [lstm, transformer])
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_hides_padding_too(module: Any, precision: str) -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = network(module)
    finally:
        keras.config.set_dtype_policy(before)
    logits = np.asarray(model(ids()))
    assert logits.dtype == np.float32
    np.testing.assert_allclose(np.asarray(model(np.pad(ids(), [(0, 0), (0, 8)]))), logits, atol=0.02)


def test_the_published_network_has_its_number_of_parameters() -> None:
    import keras

    options = {"embedding": {"size": 64}, "units": [64, 64], "dense": [64]}
    tensors = keras.KerasTensor((None, None), dtype="int32")
    vocabulary = ("", "[UNK]", *(str(number) for number in range(9_998)))
    section = lstm.Options.model_validate(options)
    model = lstm.build(section, tensors=tensors, num_outputs=1, vocabulary=vocabulary)
    # A table, twice 4 gates of (64 inputs + 64 states + 1) x 64, and two dense layers.
    assert model.count_params() == 640_000 + 2 * 33_024 + 4_160 + 65
    assert [layer.name for layer in model.layers] == [
        "ids",
        "embedding",
        "lstm_1",
        "lstm_2",
        "pooling",
        "dense_1",
        "logits",
    ]


@pytest.mark.parametrize("both_ways", [False, True])
def test_the_last_state_is_the_one_that_keras_gives(both_ways: bool) -> None:
    import keras

    model = network(lstm, units=[5], bidirectional=both_ways, pooling="last")
    layer = keras.layers.LSTM(5)
    stock = keras.layers.Bidirectional(layer) if both_ways else layer
    stock.build((None, None, 8))
    stock.set_weights(model.get_layer("lstm_1").get_weights())
    pooled = keras.Model(model.input, model.get_layer("pooling").output)(ids())
    vectors = model.get_layer("embedding")(ids())
    np.testing.assert_allclose(pooled, stock(vectors, mask=ids() != 0), atol=1e-5)


@pytest.mark.parametrize(("pooling", "rows"), [("mean", 20), ("cls", 21)])
def test_there_is_a_learned_position_for_every_word_that_is_read(pooling: str, rows: int) -> None:
    model = network(transformer, pooling=pooling)
    assert model.get_layer("positions").table.shape == (rows, 8)
    longest = np.full((1, 20), 5, dtype="int32")
    assert np.isfinite(np.asarray(model(longest))).all()


def test_a_network_of_pre_norm_ends_with_one_more() -> None:
    import keras

    kinds = [type(layer) for layer in network(transformer, norm="pre").layers]
    assert sum(issubclass(kind, keras.layers.LayerNormalization) for kind in kinds) == 1
    kinds = [type(layer) for layer in network(transformer, norm="post").layers]
    assert not any(issubclass(kind, keras.layers.LayerNormalization) for kind in kinds)


def test_dropout_goes_where_it_is_said_to_go() -> None:
    model = network(lstm, units=[4, 4], dropout=0.3, dense=[5], embedding={"size": 8, "dropout": 0.2})
    rates = {layer.name: getattr(layer, "rate", getattr(layer, "dropout", None)) for layer in model.layers}
    told = {name: rate for name, rate in rates.items() if rate is not None}
    assert told == {"embedding_dropout": 0.2, "lstm_1": 0.0, "lstm_2": 0.3, "dropout_1": 0.3, "dropout": 0.3}


def test_heads_that_cannot_share_the_size_are_refused() -> None:
    with pytest.raises(ValidationError, match="`embedding.size` must be a multiple of `heads`, got 64 and 5"):
        transformer.Options.model_validate({"heads": 5})


@pytest.mark.parametrize("module", [lstm, transformer])
def test_random_vectors_cannot_be_kept_as_they_are(module: Any) -> None:
    with pytest.raises(ValidationError, match="`trainable: false` needs the vectors of a `file`"):
        module.Options.model_validate({"embedding": {"trainable": False}})


@pytest.mark.parametrize("module", [lstm, transformer])
def test_word_vectors_of_another_size_are_refused(module: Any, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("word1 0.1 0.2 0.3\n")
    with pytest.raises(DataError, match="vectors of 3 numbers, and `model.embedding.size` is 8"):
        network(module, embedding={"size": 8, "file": str(tmp_path / "vectors.txt")})


PLAIN_TENSORFLOW = """
import json, sys
import numpy as np
import tensorflow as tf

path, *folders = sys.argv[1:]
ids = np.load(path)
answers = {folder: [] for folder in folders}
for folder in folders:
    loaded = tf.saved_model.load(folder)
    for count in (0, 1, len(ids)):
        logits = loaded.signatures["serving_default"](ids=tf.constant(ids[:count]))["logits"]
        answers[folder].append(logits.numpy().tolist())
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        signature = tf.compat.v1.saved_model.load(session, ["serve"], folder).signature_def["serving_default"]
        for count in (0, 1, len(ids)):
            logits = session.run(signature.outputs["logits"].name, {signature.inputs["ids"].name: ids[:count]})
            answers[folder].append(logits.tolist())
print(json.dumps({"answers": answers, "modules": [name for name in ("keras", "aimodels") if name in sys.modules]}))
"""


@pytest.mark.slow
def test_exports_answer_in_plain_tensorflow(tmp_path: Path) -> None:
    models = {
        "lstm": network(lstm, bidirectional=True),
        "gru": network(lstm, cell="gru"),
        "transformer": network(transformer, pooling="cls"),
    }
    for name, model in models.items():
        write_export(model, tmp_path / name)
    np.save(tmp_path / "ids.npy", ids())
    program = [sys.executable, "-c", PLAIN_TENSORFLOW, "ids.npy", *models]
    ended = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert "aimodels" not in told["modules"]
    for name, model in models.items():
        expected = np.asarray(model(ids()))
        for answer, count in zip(told["answers"][name], (0, 1, len(LENGTHS)) * 2, strict=True):
            np.testing.assert_allclose(np.reshape(answer, (count, 3)), expected[:count], atol=1e-5, err_msg=name)


def write_export(model: Any, folder: Path) -> None:
    """A SavedModel of the network alone, from ids to logits."""
    import keras
    import tensorflow as tf

    # A graph for training, with its gradient by hand, must not get into the export.
    tf.function(lambda batch: model(batch, training=True))(ids())
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = tf.TensorSpec([None, None], tf.int32, name="ids")
    archive.add_endpoint("serve", lambda ids: {"logits": model(ids, training=False)}, [signature])
    archive.write_out(str(folder), verbose=False)
