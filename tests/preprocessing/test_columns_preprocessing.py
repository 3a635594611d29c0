"""Rows of a table become the same tensors in training, in the saved network, and one at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.config.columns import column_options
from aimodels.data.dataset import Column, Split, TableInput
from aimodels.data.raw_columns import raw
from aimodels.data.rows import Rows, rows_of
from aimodels.errors import DataError
from aimodels.events import Event, Warned, listening
from aimodels.preprocessing import columns
from aimodels.preprocessing.words import Encoded

pytestmark = pytest.mark.tensorflow

HARD_NAMES = ['bill length (mm)/"x"', "Größe €", "a/b\\c.d:0", " ", "x" * 300, "名前", "column_0"]
TABLE = {
    "length": [1.0, None, 3.0, float("inf"), 1e300, -7.5],
    "price": [1.0, 10.0, 100.0, 1000.0, 10000.0, None],
    "island": ["Dream", " Dream", "Biscoe", "NA", None, "Torgersen"],
    "user": ["u1", "u2", "u3", None, "", "u1"],
    "seen": ["2024-01-31", "2024-02-29 07:30", "NA", "31.12.2024", None, "2023-02-28"],
    "notes": ["a good bird", "NA", "", "good good", None, "bird?"],
    "title": ["one", "two", "two", "three na", " NA", "y"],
    "unused": ["?"] * 6,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "notes": {"kind": "text", "words": {"vocabulary": 50, "max_length": 3}},
    "length": {"kind": "number", "clip": [0.1, 0.9]},
    "island": {"kind": "category"},
    "seen": {"kind": "date"},
    "price": {"kind": "number", "scale": "log", "missing": "median", "indicator": False},
    "user": {"kind": "category", "hash": 40},
    "title": {"kind": "text"},
}


def rows(table: dict[str, list[Any]]) -> Rows:
    import pyarrow as pa

    types = {True: pa.string(), False: pa.float64()}
    arrays = {name: pa.array(cells, types[any(isinstance(one, str) for one in cells)]) for name, cells in table.items()}
    return rows_of(pa.table(arrays))


def input_of(options: dict[str, dict[str, Any]]) -> TableInput:
    return TableInput(tuple(Column(name, column_options(one)) for name, one in options.items()), missing=("NA",))


def fitted(table: dict[str, list[Any]], options: dict[str, dict[str, Any]]) -> Any:
    examples = rows(table)
    split = Split("train", examples, np.zeros(len(examples), dtype=np.int64))
    return columns.fit(columns.Options(), input=input_of(options), train=split)


def padded(encoded: Any) -> np.ndarray:
    """Texts as the network gives them."""
    if not isinstance(encoded, Encoded):
        return encoded
    texts = np.split(encoded.ids, encoded.starts[1:-1])
    length = max(map(len, texts))
    return np.array([np.pad(text, (0, length - len(text))) for text in texts])


def test_every_kind_of_column_becomes_its_tensors() -> None:
    model = fitted(TABLE, OPTIONS)
    found = {key: np.asarray(one) for key, one in model(raw(rows(TABLE).table(), input=input_of(OPTIONS))).items()}
    encodings = columns.columns(model)
    assert {key: (str(one.dtype), one.shape[1:]) for key, one in found.items()} == {
        "numbers": ("float32", (len(encodings.numbers),)),
        "categories": ("int32", (2,)),
        "text_0": ("int32", (3,)),
        "text_1": ("int32", (2,)),
    }
    assert encodings.numbers[:3] == ("length", "price", "length is missing")
    assert encodings.numbers[-1] == "seen is missing"
    assert [(one.name, one.num_ids, one.size) for one in encodings.categories] == [
        ("island", 5, None),
        ("user", 42, 13),
    ]
    assert [(one.name, one.key, one.max_length) for one in encodings.texts] == [
        ("notes", "text_0", 3),
        ("title", "text_1", 100),
    ]
    assert encodings.texts[0].vocabulary == ("", "[UNK]", "good", "bird", "a")
    assert found["categories"][:, 0].tolist() == [2, 2, 3, 0, 0, 4]
    assert found["text_0"].tolist() == [[4, 2, 3], [1, 0, 0], [1, 0, 0], [2, 2, 0], [1, 0, 0], [3, 0, 0]]
    # The word for a missing value is one only where it stands alone.
    assert "na" in encodings.texts[1].vocabulary
    assert found["text_1"][3].min() > 1
    assert found["text_1"][4].tolist() == [1, 0]
    assert found["numbers"][:, -1].tolist() == [0, 0, 1, 1, 1, 0]


def test_training_sees_what_the_saved_network_computes_bit_for_bit(tmp_path: Path) -> None:
    import keras

    model = fitted(TABLE, OPTIONS)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    raws = raw(rows(TABLE).table(), input=input_of(OPTIONS))
    [chunk] = columns.encode(model, rows(TABLE))
    assert columns.columns(again) == columns.columns(model)
    for key, one in again(raws).items():
        np.testing.assert_array_equal(padded(chunk[key]), np.asarray(one), err_msg=key)
    for row in range(6):
        alone = again({name: cells[row : row + 1] for name, cells in raws.items()})
        np.testing.assert_array_equal(np.asarray(alone["numbers"])[0], chunk["numbers"][row])
        np.testing.assert_array_equal(np.asarray(alone["categories"])[0], chunk["categories"][row])


def test_the_order_of_the_columns_in_a_row_does_not_matter() -> None:
    model = fitted(TABLE, OPTIONS)
    raws = raw(rows(TABLE).table(), input=input_of(OPTIONS))
    one, other = model(raws), model({name: raws[name] for name in sorted(raws, reverse=True)})
    for key in one:
        np.testing.assert_array_equal(np.asarray(one[key]), np.asarray(other[key]))


def test_a_column_can_have_any_name(tmp_path: Path) -> None:
    import keras

    table = {name: [float(number), 2.0, 3.0] for number, name in enumerate(HARD_NAMES)}
    table |= {f"{name}?": ["a", "b", "c"] for name in HARD_NAMES}
    options = {name: {"kind": "category" if name.endswith("?") else "number"} for name in table}
    model = fitted(table, options)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert set(again.input) == set(table)
    raws = raw(rows(table).table(), input=input_of(options))
    np.testing.assert_array_equal(np.asarray(model(raws)["numbers"]), np.asarray(again(raws)["numbers"]))
    assert columns.columns(again).numbers == tuple(HARD_NAMES)


def test_a_thousand_columns(tmp_path: Path) -> None:
    import keras

    kinds = ["number" if number % 2 else "category" for number in range(1000)]
    table = {f"column/{number}": ["a", "b"] if kind == "category" else [1.0, 2.0] for number, kind in enumerate(kinds)}
    options = {name: {"kind": kind} for name, kind in zip(table, kinds, strict=True)}
    model = fitted(table, options)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    found = again(raw(rows(table).table(), input=input_of(options)))
    assert (found["numbers"].shape, found["categories"].shape) == ((2, 500), (2, 500))
    assert len(columns.tables(again)) == 1


def test_the_tables_that_an_export_must_track() -> None:
    assert [layer.name for layer in columns.tables(fitted(TABLE, OPTIONS))] == ["category_columns", "text_0", "text_1"]
    assert columns.tables(fitted(TABLE, {"length": OPTIONS["length"]})) == []


def test_a_column_that_says_nothing_gives_zeros() -> None:
    table = {"x": [1.0, 2.0], "same": [7.0, 7.0], "empty": [None, None], "day": ["2024-01-01", "2024-01-01 "]}
    options = {name: {"kind": "date" if name == "day" else "number"} for name in table}
    model = fitted(table, options)
    assert columns.columns(model).numbers == ("x", "same", "empty", "day")
    other = {"x": [5.0], "same": [8.0], "empty": [3.0], "day": ["2023-07-07"]}
    found = np.asarray(model(raw(rows(other).table(), input=input_of(options)))["numbers"])
    assert found.tolist() == [[7, 0, 0, 0]]


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        ({"x": [1.0, 1.0]}, ["number"]),
        ({"x": [None, None], "c": ["a", "a "]}, ["number", "category"]),
        ({"d": ["x", "NA"]}, ["date"]),
    ],
)
def test_a_table_that_says_nothing_is_refused(table: dict[str, list[Any]], kinds: list[str]) -> None:
    with pytest.raises(DataError, match="in the 2 training rows each is always the same, or missing") as caught:
        fitted(table, {name: {"kind": kind} for name, kind in zip(table, kinds, strict=True)})
    assert caught.value.code == "AM334"


def test_a_text_column_without_a_word_is_named() -> None:
    with pytest.raises(DataError, match='column "t": there is no word in any of the training texts') as caught:
        fitted({"t": ["NA", "!"]}, {"t": {"kind": "text"}})
    assert caught.value.code == "AM331"


def test_what_is_no_date_is_told() -> None:
    events: list[Event] = []
    with listening(events.append):
        fitted(TABLE, OPTIONS)
    [warning] = [event for event in events if isinstance(event, Warned)]
    assert warning.code == "AM339"
    assert '1 of 6 training values are no dates of the format iso, such as "31.12.2024"' in warning.message


def test_many_rows_come_in_chunks(monkeypatch: Any) -> None:
    monkeypatch.setattr("aimodels.data.rows.Rows.tables", lambda self: iter([self.table()] * 3))
    model = fitted(TABLE, OPTIONS)
    chunks = list(columns.encode(model, rows(TABLE)))
    assert len(chunks) == 3
    assert {key: len(padded(one)) for key, one in chunks[2].items()} == dict.fromkeys(model.output, 6)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(st.none() | st.floats(), st.none() | st.text(max_size=9), st.none() | st.text(max_size=9)),
        min_size=2,
        max_size=6,
    )
)
def test_any_training_rows_give_finite_tensors(cells: list[tuple[Any, Any, Any]]) -> None:
    x, c, d = (list(column) for column in zip(*cells, strict=True))
    table = {"x": x, "c": ["a", "b"] + c, "d": ["2024-01-01", "2023-01-01"] + d}
    table["x"] = [0.0, 1.0, *x]
    options = {
        "x": {"kind": "number", "scale": "robust", "clip": "iqr"},
        "c": {"kind": "category"},
        "d": {"kind": "date"},
    }
    with listening(lambda event: None):
        model = fitted(table, options)
    [chunk] = columns.encode(model, rows(table))
    assert np.isfinite(chunk["numbers"]).all()
    [category] = columns.columns(model).categories
    assert chunk["categories"].min() >= 0
    assert chunk["categories"].max() < category.num_ids


def test_numbers_are_float32_in_mixed_precision() -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = fitted(TABLE, OPTIONS)
    finally:
        keras.config.set_dtype_policy(before)
    raws = raw(rows(TABLE).table(), input=input_of(OPTIONS))
    np.testing.assert_array_equal(
        np.asarray(model(raws)["numbers"]), np.asarray(fitted(TABLE, OPTIONS)(raws)["numbers"])
    )


def test_a_plain_saved_model_reads_the_same(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    model = fitted(TABLE, OPTIONS)
    raws = raw(rows(TABLE).table(), input=input_of(OPTIONS))
    archive = keras.export.ExportArchive()
    for layer in [model, *columns.tables(model)]:
        archive.track(layer)
    signature = {name: tf.TensorSpec([None], one.dtype) for name, one in model.input.items()}
    archive.add_endpoint("serve", model, input_signature=[signature])
    archive.write_out(tmp_path / "saved", verbose=False)
    again = tf.saved_model.load(tmp_path / "saved")
    found = again.serve({name: tf.constant(cells) for name, cells in raws.items()})
    for key, one in model(raws).items():
        np.testing.assert_array_equal(np.asarray(found[key]), np.asarray(one))
