"""The weights of an encoder's files: names, shapes, kinds of numbers; what is broken is refused."""

import json
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tiny_encoder import tiny_tensors, write_tiny_encoder

from aimodels.encoders.encoder import Weights
from aimodels.encoders.finding import find_encoder
from aimodels.errors import DataError, EncoderError, MachineError, MissingError, UserError
from aimodels.events import Event, Warned, listening

FOLDER = Path("encoder")
FILE = FOLDER / "model.safetensors"
Tensors = dict[str, NDArray[Any]]


def rewrite(tensors: Tensors) -> None:
    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, FILE)


def read() -> Weights:
    return find_encoder("encoder").weights()


def refused(code: str, kind: type[UserError] = EncoderError) -> str:
    """What is said of a folder that is refused with this code, wherever that is found."""
    with pytest.raises(kind) as told:
        read()
    assert told.value.code == code
    return " ".join((told.value.message, *told.value.notes))


def equal(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_kernels_are_turned_and_tables_are_not() -> None:
    write_tiny_encoder(FOLDER)
    stored, weights = load_file(FILE), read()
    assert np.array_equal(weights["embeddings/word"], stored["bert.embeddings.word_embeddings.weight"])
    inner = stored["bert.encoder.layer.1.intermediate.dense.weight"]
    assert np.array_equal(weights["block_2/inner/kernel"], inner.T)
    key = stored["bert.encoder.layer.0.attention.self.key.bias"]
    assert np.array_equal(weights["block_1/key/bias"], key)
    assert np.array_equal(weights["nsp/kernel"], stored["cls.seq_relationship.weight"].T)
    assert all(values.dtype == np.float32 and values.flags.c_contiguous for values in weights.values())


def test_the_parts_of_distilbert_by_name() -> None:
    write_tiny_encoder(FOLDER, family="distilbert")
    stored, weights = load_file(FILE), read()
    names = {
        "query/kernel": "attention.q_lin.weight",
        "attention_output/kernel": "attention.out_lin.weight",
        "inner/kernel": "ffn.lin1.weight",
        "outer/kernel": "ffn.lin2.weight",
        "attention_norm/gamma": "sa_layer_norm.weight",
        "outer_norm/beta": "output_layer_norm.bias",
    }
    for ours, theirs in names.items():
        assert np.array_equal(weights[f"block_1/{ours}"], stored[f"distilbert.transformer.layer.0.{theirs}"].T)
    assert np.array_equal(weights["mlm/dense/kernel"], stored["vocab_transform.weight"].T)
    assert "embeddings/segment" not in weights


def test_the_projection_of_electra() -> None:
    write_tiny_encoder(FOLDER, family="electra")
    stored, weights = load_file(FILE), read()
    assert np.array_equal(weights["embeddings/projection/kernel"], stored["electra.embeddings_project.weight"].T)
    assert weights["mlm/dense/kernel"].shape == (16, 8)


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_names_without_the_prefix(family: str) -> None:
    write_tiny_encoder(FOLDER, family=family)
    whole = read()
    config = json.loads((FOLDER / "config.json").read_text())
    rewrite(tiny_tensors(config, heads=False))
    without = read()
    heads = ("mlm/", "nsp/") if family == "bert" else ("mlm/",)
    assert without.keys() == {name for name in whole if not name.startswith(heads)}
    rewrite({name.removeprefix(f"{family}."): values for name, values in tiny_tensors(config).items()})
    assert equal(read(), whole)


def test_the_older_names_of_norms() -> None:
    write_tiny_encoder(FOLDER)
    whole = read()
    older = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = load_file(FILE)
    for new, old in older.items():
        tensors = {name.replace(new, old): values for name, values in tensors.items()}
    assert sum("gamma" in name for name in tensors) == 6
    rewrite(tensors)
    assert equal(read(), whole)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_floats_become_float32(kind: Any) -> None:
    write_tiny_encoder(FOLDER)
    whole = read()
    rewrite({name: values.astype(kind) for name, values in load_file(FILE).items()})
    halves = read()
    assert all(values.dtype == np.float32 for values in halves.values())
    assert all(np.allclose(halves[name], whole[name], atol=1e-3) for name in whole)


def test_bfloat16_is_the_upper_half_of_a_float32() -> None:
    write_tiny_encoder(FOLDER)
    whole = read()
    write_raw({name: (upper_halves(values), "BF16") for name, values in load_file(FILE).items()})
    found = read()
    assert found.keys() == whole.keys()
    for name, values in whole.items():
        cut = (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
        assert np.array_equal(found[name], cut)


def upper_halves(values: NDArray[np.float32]) -> NDArray[Any]:
    return (np.ascontiguousarray(values).view(np.uint32) >> 16).astype(np.uint16)


def write_raw(tensors: dict[str, tuple[NDArray[Any], str]]) -> None:
    """A safetensors file byte by byte, with kinds of numbers that NumPy has no name for."""
    header, body = {}, b""
    for name, (values, kind) in tensors.items():
        begin, body = len(body), body + values.tobytes()
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [begin, len(body)]}
    text = json.dumps(header).encode()
    FILE.write_bytes(struct.pack("<Q", len(text)) + text + body)


def split_in_two() -> dict[str, str]:
    """The weights in two files with an index, as large encoders have them."""
    tensors = load_file(FILE)
    FILE.unlink()
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, some in parts.items():
        save_file({name: tensors[name] for name in some}, FOLDER / file)
    places = {name: file for file, some in parts.items() for name in some}
    (FOLDER / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return places


def test_several_files_with_an_index() -> None:
    write_tiny_encoder(FOLDER)
    whole = read()
    split_in_two()
    assert equal(read(), whole)


def test_a_file_of_the_index_is_missing() -> None:
    write_tiny_encoder(FOLDER)
    split_in_two()
    (FOLDER / "model-00002-of-00002.safetensors").unlink()
    assert "names model-00002-of-00002.safetensors, which is not there" in refused("AM340", MissingError)


def test_an_index_that_says_something_else() -> None:
    write_tiny_encoder(FOLDER)
    places = split_in_two()
    wrong = dict(zip(places, sorted(places.values(), reverse=True), strict=True))
    index = FOLDER / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": wrong}))
    assert "and it does not" in refused("AM349")
    for content in ('{"weight_map": {}}', "{}", '{"weight_map": {"a": 1}}', "[]", "{"):
        index.write_text(content)
        assert "index.json" in refused("AM349")


def test_an_index_reaches_no_other_folder() -> None:
    write_tiny_encoder(FOLDER)
    places = split_in_two()
    (FOLDER / "model-00002-of-00002.safetensors").rename("outside.safetensors")
    moved = {name: file.replace("model-00002-of-00002", "../outside") for name, file in places.items()}
    (FOLDER / "model.safetensors.index.json").write_text(json.dumps({"weight_map": moved}))
    assert "names ../outside.safetensors, which is not there" in refused("AM340", MissingError)


@pytest.mark.parametrize("name", ["bert.embeddings.LayerNorm.bias", "bert.encoder.layer.1.output.dense.weight"])
def test_a_missing_weight_is_named(name: str) -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    del tensors[name]
    rewrite(tensors)
    told = refused("AM350")
    assert "lack 1 of the 37 tensors" in told
    assert name.removeprefix("bert.") in told


def test_a_file_of_another_model_lacks_everything() -> None:
    write_tiny_encoder(FOLDER)
    rewrite({f"transformer.h.{name}": values for name, values in load_file(FILE).items()})
    assert "lack 37 of the 37 tensors that the config asks for missing: embeddings.word" in refused("AM350")


@pytest.mark.parametrize(
    "name",
    [
        "bert.embeddings.position_embeddings.weight",
        "bert.encoder.layer.0.intermediate.dense.weight",
        "bert.pooler.dense.bias",
    ],
)
def test_another_shape_is_told_with_both(name: str) -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    shape = list(tensors[name].shape)
    tensors[name] = tensors[name][:-1]
    rewrite(tensors)
    told = refused("AM350")
    assert f"{name} is {[shape[0] - 1, *shape[1:]]}; the config asks for {shape}" in told


def test_a_kernel_the_wrong_way_round_is_refused() -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    name = "bert.encoder.layer.0.intermediate.dense.weight"
    rewrite(tensors | {name: tensors[name].T})
    assert "is [16, 32]; the config asks for [32, 16]" in refused("AM350")


def test_blocks_that_the_config_does_not_ask_for_are_not_left_out() -> None:
    write_tiny_encoder(FOLDER)
    config = json.loads((FOLDER / "config.json").read_text())
    (FOLDER / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    assert "16 tensors of the encoder would not be used, first bert.encoder.layer.1." in refused("AM350")


def test_the_same_weight_twice_is_refused() -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    rewrite(tensors | {"embeddings.LayerNorm.bias": tensors["bert.embeddings.LayerNorm.bias"]})
    assert "hold embeddings.LayerNorm.bias twice" in refused("AM350")


def test_what_says_nothing_is_passed_over_without_a_word() -> None:
    write_tiny_encoder(FOLDER)
    whole, tensors = read(), load_file(FILE)
    more: Tensors = {
        "bert.embeddings.position_ids": np.arange(512, dtype=np.int64)[None],
        "cls.predictions.decoder.weight": tensors["bert.embeddings.word_embeddings.weight"],
        "cls.predictions.decoder.bias": tensors["cls.predictions.bias"],
    }
    rewrite(tensors | more)
    heard: list[Event] = []
    with listening(heard.append):
        assert equal(read(), whole)
    assert heard == []


def test_the_head_of_another_task_is_named() -> None:
    write_tiny_encoder(FOLDER)
    whole = read()
    rewrite(load_file(FILE) | {"classifier.weight": np.ones((3, 16), np.float32), "classifier.bias": np.ones(3)})
    heard: list[Event] = []
    with listening(heard.append):
        assert equal(read(), whole)
    [warning] = heard
    assert isinstance(warning, Warned)
    assert warning.code == "AM351"
    assert "classifier.bias, classifier.weight" in warning.message


def test_a_head_that_is_not_whole_is_left_out_and_named() -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    del tensors["cls.predictions.bias"]
    rewrite(tensors)
    heard: list[Event] = []
    with listening(heard.append):
        weights = read()
    assert not any(name.startswith("mlm/") for name in weights)
    assert "nsp/bias" in weights
    assert [isinstance(event, Warned) and event.code for event in heard] == ["AM351"]


def test_a_head_with_a_table_of_its_own_is_left_out_and_named() -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    table = tensors["bert.embeddings.word_embeddings.weight"] + 1
    rewrite(tensors | {"cls.predictions.decoder.weight": table})
    heard: list[Event] = []
    with listening(heard.append):
        weights = read()
    assert not any(name.startswith("mlm/") for name in weights)
    assert "cls.predictions.decoder.weight" in str(heard)


def test_the_discriminator_of_electra_is_passed_over() -> None:
    write_tiny_encoder(FOLDER, family="electra")
    tensors = {name: values for name, values in load_file(FILE).items() if name.startswith("electra.")}
    rewrite(tensors | {"discriminator_predictions.dense.weight": np.ones((16, 16), np.float32)})
    heard: list[Event] = []
    with listening(heard.append):
        weights = read()
    assert heard == []
    assert not any(name.startswith("mlm/") for name in weights)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(value: float) -> None:
    write_tiny_encoder(FOLDER)
    tensors = load_file(FILE)
    tensors["bert.encoder.layer.0.output.dense.bias"][3] = value
    rewrite(tensors)
    assert "bert.encoder.layer.0.output.dense.bias holds values that are not finite" in refused("AM349", DataError)


def test_what_a_float32_cannot_hold_is_refused() -> None:
    write_tiny_encoder(FOLDER)
    tensors: Tensors = dict(load_file(FILE))
    tensors["bert.embeddings.LayerNorm.bias"] = np.full(16, 1e300)
    rewrite(tensors)
    assert "not finite" in refused("AM349", DataError)


@pytest.mark.parametrize(("kind", "code"), [(np.int8, "I8"), (np.int64, "I64"), (np.bool_, "BOOL")])
def test_whole_numbers_are_no_weights(kind: Any, code: str) -> None:
    write_tiny_encoder(FOLDER)
    tensors: Tensors = dict(load_file(FILE))
    tensors["bert.pooler.dense.weight"] = np.ones((16, 16), kind)
    rewrite(tensors)
    assert f"bert.pooler.dense.weight holds {code}" in refused("AM349")


@pytest.mark.parametrize("size", [0, 4, 8, 100, 3000, 20_000, -100, -1])
def test_a_file_that_is_cut_off(size: int) -> None:
    write_tiny_encoder(FOLDER)
    FILE.write_bytes(FILE.read_bytes()[:size])
    assert "model.safetensors is not a whole safetensors file" in refused("AM349")


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><html><body>404</body></html>",
        b"PK\x03\x04" + bytes(200),
        bytes(1000),
        b"\xff" * 1000,
    ],
)
def test_a_file_that_is_something_else(content: bytes) -> None:
    write_tiny_encoder(FOLDER)
    FILE.write_bytes(content)
    assert "model.safetensors is not a whole safetensors file" in refused("AM349")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 6000), bits=st.integers(1, 255))
def test_a_byte_of_the_header_that_is_another_is_told_or_changes_nothing(place: int, bits: int) -> None:
    if not FOLDER.is_dir():
        write_tiny_encoder(FOLDER)
        FILE.rename("whole.safetensors")
    content = bytearray(Path("whole.safetensors").read_bytes())
    content[place] ^= bits
    FILE.write_bytes(content)
    with suppress(UserError):
        assert find_encoder("encoder").weights()["embeddings/word"].shape == (186, 16)


def test_weights_that_do_not_fit_into_memory_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_encoder(str(write_tiny_encoder(FOLDER)))
    monkeypatch.setattr("aimodels.encoders.memory.available_bytes", lambda system: 1000)
    with pytest.raises(MachineError) as told:
        found.weights()
    assert told.value.code == "AM352"
