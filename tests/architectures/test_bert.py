"""A head on an encoder: what is loaded, what trains, and that padding never changes an answer."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from tiny_encoder import write_tiny_encoder

from aimodels.architectures import bert
from aimodels.cli import main
from aimodels.encoders import memory
from aimodels.encoders.finding import find_encoder
from aimodels.errors import ConfigError, MachineError

pytestmark = pytest.mark.tensorflow

LENGTHS = (1, 7, 12, 3)
POOLINGS = ("mean", "max", "attention", "cls")


@pytest.fixture
def folder() -> str:
    return str(write_tiny_encoder(Path("tiny")))


def options_of(encoder: str, **options: Any) -> bert.Options:
    return bert.Options.model_validate({"encoder": encoder, "wordpieces": {"max_length": 20}, **options})


def network(encoder: str, **options: Any) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    tensors = keras.KerasTensor((None, None), dtype="int32")
    vocabulary = find_encoder(encoder).vocabulary
    return bert.build(options_of(encoder, **options), tensors=tensors, num_outputs=3, vocabulary=vocabulary)


def ids(encoder: str, *, length: int = 12) -> npt.NDArray[np.int32]:
    """Ids of the pieces of some pairs of texts, padded on the right."""
    random, pieces = np.random.default_rng(0), find_encoder(encoder).shape.pieces
    places = np.arange(length)
    found = random.integers(1, pieces, size=(len(LENGTHS), length)) + pieces * (places > 4)
    return np.where(places < np.array(LENGTHS)[:, np.newaxis], found, 0).astype("int32")


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_alone_gives_what_it_gives_among_longer_ones(family: str, pooling: str) -> None:
    encoder = str(write_tiny_encoder(Path("tiny"), family=family))
    model, batch = network(encoder, pooling=pooling, dense=[6]), ids(encoder)
    together = np.asarray(model(batch))
    np.testing.assert_allclose(np.asarray(model(np.pad(batch, [(0, 0), (0, 8)]))), together, atol=1e-5)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(np.asarray(model(batch[row : row + 1, :length]))[0], together[row], atol=1e-5)
    assert np.abs(together - together[0])[1:].max() > 1e-3
    assert np.asarray(model(batch[:0])).shape == (0, 3)


def test_the_pretrained_weights_are_in_it(folder: str) -> None:
    model, given = network(folder), find_encoder(folder).weights()
    kernel = model.get_layer("encoder_block_2").attention.get_weights()[0]
    np.testing.assert_array_equal(kernel[:, 16:32], given["block_2/key/kernel"])
    np.testing.assert_array_equal(model.get_layer("encoder_embeddings").get_weights()[0], given["embeddings/word"])


def test_a_random_encoder_has_the_sizes_that_are_asked_for() -> None:
    import keras

    sizes = {"positions": 24, "blocks": 3, "size": 12, "heads": 3, "feed_forward": 10, "dropout": 0.2}
    section = options_of("random", sizes=sizes)
    tensors = keras.KerasTensor((None, None), dtype="int32")
    model = bert.build(section, tensors=tensors, num_outputs=1, vocabulary=tuple(map(str, range(30))))
    # Tables of 30 pieces, 24 positions and 2 segments; per block 4 square matrices, 2 of the small network, 2 norms.
    block = 4 * (12 * 12 + 12) + (12 * 10 + 10) + (10 * 12 + 12) + 4 * 12
    assert model.count_params() == (30 + 24 + 2) * 12 + 2 * 12 + 3 * block + 13
    assert model.get_layer("encoder_block_3").attention_dropout == 0.2


@pytest.mark.parametrize(
    ("options", "trained"),
    [
        ({}, {"encoder_embeddings", "encoder_block_1", "encoder_block_2", "logits"}),
        ({"freeze": "all"}, {"logits"}),
        ({"freeze": "all", "pooling": "attention"}, {"pooling", "logits"}),
        ({"freeze": "embeddings"}, {"encoder_block_1", "encoder_block_2", "logits"}),
        ({"freeze": 1}, {"encoder_block_2", "logits"}),
        ({"freeze": 2, "dense": [4]}, {"dense_1", "logits"}),
        ({"lora": {}}, {"encoder_block_1", "encoder_block_2", "logits"}),
    ],
)
def test_freezing(folder: str, options: dict[str, Any], trained: set[str]) -> None:
    model = network(folder, **options)
    assert {weight.path.split("/")[0] for weight in model.trainable_variables} == trained
    # Where everything that drops is frozen, the states do not change from step to step.
    states = type(model)(model.input, model.get_layer("encoder_block_2").output)
    differ = np.abs(np.asarray(states(ids(folder), training=True)) - np.asarray(states(ids(folder)))).max()
    assert (differ > 1e-3) == ("encoder_block_2" in trained)


def test_training_leaves_what_is_frozen(folder: str) -> None:
    import keras

    model, given = network(folder, freeze=1), find_encoder(folder).weights()
    model.compile(
        keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    model.fit(ids(folder), np.array([0, 1, 2, 0]), epochs=2, verbose=0)
    np.testing.assert_array_equal(model.get_layer("encoder_embeddings").get_weights()[0], given["embeddings/word"])
    inner, other = (model.get_layer(f"encoder_block_{number}").inner.get_weights()[0] for number in (1, 2))
    np.testing.assert_array_equal(inner, given["block_1/inner/kernel"])
    assert np.abs(other - given["block_2/inner/kernel"]).max() > 0


def test_low_rank_changes_begin_as_nothing_and_are_what_trains(folder: str) -> None:
    plain, model = network(folder), network(folder, lora={"rank": 3, "alpha": 6, "on": ["key", "inner"]})
    model.get_layer("logits").set_weights(plain.get_layer("logits").get_weights())
    np.testing.assert_allclose(np.asarray(model(ids(folder))), np.asarray(plain(ids(folder))), atol=1e-6)
    changes = [weight for weight in model.trainable_variables if not weight.path.startswith("logits/")]
    assert sum(np.prod(weight.shape) for weight in changes) == 2 * 3 * ((16 + 16) + (16 + 32))
    assert all("change/" in weight.path for weight in changes)


def test_the_last_block_learns_as_fast_as_the_head(folder: str) -> None:
    model = network(folder, learning_rate_decay=0.5)
    names = ("encoder_block_2", "encoder_block_1", "encoder_embeddings")
    assert [model.get_layer(name).learning_rate_share for name in names] == [1.0, 0.5, 0.25]


@pytest.mark.parametrize(("share", "expected"), [("auto", 0.1), (0.0, 0.0), (0.4, 0.4)])
def test_dropout_inside_the_encoder(folder: str, share: str | float, expected: float) -> None:
    model = network(folder, encoder_dropout=share)
    block = model.get_layer("encoder_block_1")
    found = {block.dropout, block.attention_dropout, model.get_layer("encoder_embeddings").dropout}
    assert found == {expected}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"freeze": "all"}, "pooling"),
        ({"freeze": "all", "pooling": "cls"}, "pooling"),
        ({"freeze": "all", "pooling": "attention"}, None),
        ({"freeze": "all", "cache_features": False}, None),
        ({"freeze": 1}, None),
        ({"freeze": 2}, "pooling"),
        ({"freeze": 2, "cache_features": False}, None),
        ({}, None),
        ({"lora": {}}, None),
    ],
)
def test_what_never_changes_is_told(folder: str, options: dict[str, Any], name: str | None) -> None:
    assert bert.frozen_features(network(folder, **options), options_of(folder, **options)) == name


def test_half_precision_gives_whole_logits(folder: str) -> None:
    import keras

    whole = network(folder)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = network(folder, lora={})
    finally:
        keras.config.set_dtype_policy(before)
    model.get_layer("logits").set_weights(whole.get_layer("logits").get_weights())
    logits = np.asarray(model(ids(folder)))
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, np.asarray(whole(ids(folder))), atol=0.1)
    np.testing.assert_allclose(np.asarray(model(np.pad(ids(folder), [(0, 0), (0, 8)]))), logits, atol=0.05)


def test_it_survives_a_save_bit_for_bit(folder: str, tmp_path: Path) -> None:
    import keras

    model = network(folder, lora={"on": ["query", "outer"]}, pooling="attention")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(model(ids(folder))), np.asarray(again(ids(folder))))
    assert len(again.trainable_variables) == len(model.trainable_variables) == 12


def test_more_frozen_blocks_than_there_are_are_refused_before_texts_are_read(folder: str) -> None:
    with pytest.raises(ConfigError, match="3 frozen blocks, and the encoder .* has 2") as caught:
        bert.check(options_of(folder, freeze=3))
    assert (caught.value.code, caught.value.problems[0].path) == ("AM365", "model.freeze")


def test_an_encoder_larger_than_memory_is_refused(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size = memory.bytes_needed(find_encoder(folder).shape)
    monkeypatch.setattr(memory, "available_bytes", lambda system: size - 1)
    with pytest.raises(MachineError) as caught:
        bert.check(options_of(folder))
    assert caught.value.code == "AM352"
    assert "model.freeze=all needs half" in caught.value.help
    # Nothing is kept for the optimizer of what is frozen.
    bert.check(options_of(folder, freeze="all"))
    bert.check(options_of(folder, lora={}))


def test_check_tells_of_a_wrong_encoder_before_anything_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    write_tiny_encoder(Path("tiny"), max_position_embeddings=32)
    data = "data: {name: imdb, source: sample, limit: 20}\n"
    for said, code in {
        "encoder: nowhere": "AM340",
        "encoder: tiny, freeze: 5": "AM365",
        "encoder: tiny": "AM360",
        "encoder: random, sizes: {positions: 100}": "AM360",
        "encoder: tiny, wordpieces: {max_length: 32}": "",
    }.items():
        Path("one.yaml").write_text(f"{data}model: {{name: bert, {said}}}\n")
        assert (main(["check", "one.yaml"]) == 0) == (not code)
        shown = capsys.readouterr()
        assert code in shown.out + shown.err, said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lora": {}, "freeze": "all"}, "with `lora` nothing else of the encoder trains"),
        ({"lora": {}, "unfreeze_every": 1}, "with `lora` nothing else of the encoder trains"),
        ({"freeze": "all", "unfreeze_every": 1}, "`freeze: all` leaves nothing for `unfreeze_every`"),
        ({"freeze": "all", "learning_rate_decay": 0.9}, "`freeze: all` leaves no block for `learning_rate_decay`"),
        ({"encoder": "minilm", "sizes": {"blocks": 3}}, "`sizes` are those of `encoder: random`"),
        ({"freeze": 0}, "greater than or equal to 1"),
        ({"lora": {"on": []}}, "at least 1 item"),
        ({"lora": {"on": ["norm"]}}, "'query', 'key', 'value'"),
        ({"sizes": {"size": 10, "heads": 4}}, "`size` must be a multiple of `heads`"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        options_of(**{"encoder": "random", **options})
