"""What columns are called in an export: always a name that TensorFlow takes, and never the same one twice."""

import keyword
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.prediction.arguments import arguments_of

ODD = [
    "bill length (mm)", "a/b", "a b", "a_b", "Größe", "class", "Class", "self", "self_", "x" * 300, "X" * 300, "2nd",
    "_x", "x.y", "  ", "电影", "电", "None", "A", "a", "args", "kwargs", "inputs", "training", "name", "value", "\n\0",
]  # fmt: skip


def test_a_column_keeps_a_name_that_tensorflow_takes() -> None:
    names = ("bill_length_mm", "island", "a_b", "Value")
    assert arguments_of(names) == dict(zip(names, names, strict=True))


def test_nobody_takes_the_name_of_one_who_can_keep_it() -> None:
    assert arguments_of(["a b", "a/b", "a_b", "a_b_2"]) == {
        "a b": "a_b_3",
        "a/b": "a_b_4",
        "a_b": "a_b",
        "a_b_2": "a_b_2",
    }


@given(st.lists(st.one_of(st.text(max_size=6), st.sampled_from(ODD)), unique=True, max_size=12))
def test_every_column_has_an_argument_of_its_own(names: list[str]) -> None:
    arguments = arguments_of(names)
    assert list(arguments) == names
    assert len({argument.lower() for argument in arguments.values()}) == len(names)
    for argument in arguments.values():
        assert argument.isidentifier()
        assert argument.isascii()
        assert argument[0] != "_"
        assert not keyword.iskeyword(argument)
        assert argument != "self"


@pytest.mark.tensorflow
def test_both_loaders_of_tensorflow_take_these_names(tmp_path: Path) -> None:
    import keras
    import numpy as np
    import tensorflow as tf

    arguments = arguments_of(ODD)
    specs = {argument: tf.TensorSpec([None], tf.float32, name=argument) for argument in arguments.values()}

    def weighted(given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"value": tf.add_n([given[arguments[name]] * (place + 1.0) for place, name in enumerate(ODD)])}

    archive = keras.export.ExportArchive()
    archive.add_endpoint("serving_default", weighted, input_signature=[specs])
    archive.write_out(str(tmp_path / "model"), verbose=False)
    asked = {arguments[name]: np.float32([place, 1]) for place, name in enumerate(ODD)}
    expected = [sum(place * (place + 1) for place in range(len(ODD))), sum(range(len(ODD) + 1))]
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    told = signature(**{argument: tf.constant(values) for argument, values in asked.items()})
    assert told["value"].numpy().tolist() == expected
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "model"))
        described = graph.signature_def["serving_default"]
        given = {described.inputs[argument].name: values for argument, values in asked.items()}
        assert session.run(described.outputs["value"].name, given).tolist() == expected
