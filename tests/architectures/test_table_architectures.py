"""Networks that read the columns of a table."""

from typing import Any

import numpy as np
import pytest

from aimodels.architectures import linear, lstm, mlp, transformer
from aimodels.data.encodings import CategoryEncoding, Encodings, TextEncoding
from aimodels.errors import ConfigError, DataError

pytestmark = pytest.mark.tensorflow

VOCABULARY = ("", "[UNK]", "good", "bad", "film")
TEXTS = (
    TextEncoding("notes", key="text_0", vocabulary=VOCABULARY, max_length=6),
    TextEncoding("title", key="text_1", vocabulary=VOCABULARY, max_length=5),
)
CATEGORIES = (
    CategoryEncoding("island", num_ids=4),
    CategoryEncoding("breed", num_ids=20, size=5, untrained=(1,)),
)
ROWS = {
    "numbers": np.array([[1.0, -2.0], [0.5, 3.0], [0.0, 0.0]], dtype=np.float32),
    "categories": np.array([[2, 7], [0, 1], [1, 0]], dtype=np.int32),
    "text_0": np.array([[2, 4, 0], [1, 0, 0], [3, 3, 4]], dtype=np.int32),
    "text_1": np.array([[4, 2], [3, 0], [2, 0]], dtype=np.int32),
}


def network(module: Any, columns: Encodings, *, num_outputs: int = 2, **options: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    tensors = {
        key: keras.KerasTensor(
            (None, *(rows.shape[1:] if not key.startswith("text") else [None])), dtype=str(rows.dtype)
        )
        for key, rows in of(columns).items()
    }
    section = module.Options.model_validate(options)
    return module.build(section, tensors=tensors, num_outputs=num_outputs, columns=columns)


def of(columns: Encodings) -> dict[str, np.ndarray]:
    """The tensors that these columns have."""
    has = {"numbers": columns.numbers, "categories": columns.categories}
    return {key: rows for key, rows in ROWS.items() if has.get(key, True) and (key in has or columns.texts)}


def test_a_linear_model_is_a_sum_of_weights() -> None:
    columns = Encodings(numbers=("x", "y"), categories=CATEGORIES, texts=TEXTS)
    model = network(linear, columns)
    for variable in model.trainable_variables:
        variable.assign(np.random.default_rng(variable.shape[0]).normal(size=variable.shape))
    weights = {weight.path: np.asarray(weight) for weight in model.trainable_variables}
    islands, breeds = weights["categories_weights/vectors_0"], weights["categories_weights/vectors_1"]
    words = [weights[f"text_{number}_weights/embeddings"] for number in (0, 1)]
    for row, logits in enumerate(np.asarray(model(ROWS))):
        expected = ROWS["numbers"][row] @ weights["numbers_weights/kernel"] + weights["logits/bias"]
        expected += islands[ROWS["categories"][row, 0]] + breeds[ROWS["categories"][row, 1]]
        for number, table in enumerate(words):
            ids = ROWS[f"text_{number}"][row]
            expected += table[ids[ids > 0]].mean(axis=0)
        np.testing.assert_allclose(logits, expected, rtol=1e-5)


def test_l2_is_a_penalty_on_every_weight_but_the_bias() -> None:
    import keras

    columns = Encodings(numbers=("x", "y"), categories=CATEGORIES, texts=TEXTS)
    model = network(linear, columns, l2=0.5)
    model(ROWS)
    squares = sum(float(keras.ops.sum(weight**2)) for weight in model.trainable_variables if "bias" not in weight.path)
    assert float(sum(model.losses)) == pytest.approx(0.5 * squares, rel=1e-5)


def test_a_linear_model_is_logistic_regression() -> None:
    import keras
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    numbers = random.normal(size=(300, 2)).astype("float32")
    targets = (numbers @ [1.0, -2.0] + random.normal(size=300) > 0.3).astype("int64")
    model = network(linear, Encodings(numbers=("x", "y")), num_outputs=1)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss=loss, jit_compile=False)
    model.fit({"numbers": numbers}, targets, epochs=60, batch_size=300, verbose=0)
    reference = LogisticRegression(C=np.inf).fit(numbers, targets)
    logits = np.asarray(model({"numbers": numbers}))[:, 0]
    np.testing.assert_allclose(logits, reference.decision_function(numbers), atol=0.1)


@pytest.mark.parametrize("module", [lstm, transformer])
def test_a_table_without_text_is_refused_by_what_reads_texts(module: Any) -> None:
    with pytest.raises(ConfigError, match="reads texts, and no column of the table is one") as caught:
        network(module, Encodings(numbers=("x", "y")))
    assert caught.value.problems[0].code == "AM335"


@pytest.mark.parametrize("module", [mlp, linear, lstm, transformer])
def test_text_alone_is_enough(module: Any) -> None:
    model = network(module, Encodings(texts=TEXTS))
    assert np.asarray(model({key: ROWS[key] for key in ("text_0", "text_1")})).shape == (3, 2)


def test_a_value_that_training_does_not_show_starts_and_stays_at_zero() -> None:
    model = network(mlp, Encodings(categories=CATEGORIES), num_outputs=3)
    layer = model.get_layer("category_vectors")
    assert layer.width == 4 + 5
    assert not np.asarray(layer(ROWS["categories"]))[1, 4:].any()
    assert np.asarray(layer(ROWS["categories"]))[0, 4:].any()


def test_each_text_column_has_layers_of_its_own() -> None:
    names = [layer.name for layer in network(lstm, Encodings(texts=TEXTS), units=[4]).layers]
    for text in ("text_0", "text_1"):
        assert {f"{text}_embedding", f"{text}_lstm_1", f"{text}_pooling"} <= set(names)


def test_a_transformer_has_a_position_for_each_word_that_its_column_reads() -> None:
    model = network(transformer, Encodings(texts=TEXTS))
    assert model.get_layer("text_0_positions").table.shape[0] == 6
    assert model.get_layer("text_1_positions").table.shape[0] == 5


def test_word_vectors_of_a_file_go_into_every_text_column(tmp_path: Any) -> None:
    (tmp_path / "vectors.txt").write_text("good 1 2\nbad 3 4\nfilm 5 6\n")
    embedding = {"size": 2, "file": str(tmp_path / "vectors.txt")}
    model = network(mlp, Encodings(texts=TEXTS), embedding=embedding)
    for text in TEXTS:
        table = np.asarray(model.get_layer(f"{text.key}_embedding").embeddings)
        assert table[2:].tolist() == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(DataError, match="vectors of 2 numbers"):
        network(mlp, Encodings(texts=TEXTS), embedding={**embedding, "size": 3})


def test_xla_is_left_out_where_texts_have_any_length() -> None:
    def incapable(columns: Encodings) -> list[str]:
        return [layer.name for layer in network(mlp, columns)._flatten_layers() if not layer.supports_jit]

    assert incapable(Encodings(numbers=("x", "y"), categories=CATEGORIES)) == []
    assert incapable(Encodings(texts=TEXTS)) == ["text_0_pooling", "text_1_pooling"]
