"""What `config.json` of an encoder says, and what is refused by name."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_encoder import write_tiny_encoder

from aimodels.encoders.finding import find_encoder
from aimodels.encoders.model_config import read_model_config
from aimodels.errors import EncoderError, UserError


@pytest.mark.parametrize(
    ("stated", "ours"),
    [
        ("gelu", "gelu"),
        ("gelu_new", "gelu_tanh"),
        ("gelu_fast", "gelu_tanh"),
        ("gelu_pytorch_tanh", "gelu_tanh"),
        ("relu", "relu"),
        ("silu", "silu"),
        ("swish", "silu"),
    ],
)
def test_activations(stated: str, ours: str) -> None:
    write_tiny_encoder(Path("bert"), hidden_act=stated)
    write_tiny_encoder(Path("distilbert"), family="distilbert", activation=stated)
    assert [find_encoder(name).shape.activation for name in ("bert", "distilbert")] == [ours, ours]


def test_rates_and_epsilon() -> None:
    rates = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0, "layer_norm_eps": 1e-5}
    shape = find_encoder(str(write_tiny_encoder(Path("bert"), **rates))).shape
    assert (shape.dropout, shape.attention_dropout, shape.epsilon) == (0.2, 0.0, 1e-5)
    rates = {"dropout": 0.3, "attention_dropout": 0.4, "layer_norm_eps": 1e-5}
    shape = find_encoder(str(write_tiny_encoder(Path("distilbert"), family="distilbert", **rates))).shape
    # DistilBERT's own program has this epsilon, whatever a config says.
    assert (shape.dropout, shape.attention_dropout, shape.epsilon) == (0.3, 0.4, 1e-12)


def test_sizes_follow_the_config() -> None:
    sizes = {"hidden_size": 24, "num_attention_heads": 3, "num_hidden_layers": 1, "intermediate_size": 20}
    shape = find_encoder(str(write_tiny_encoder(Path("bert"), type_vocab_size=1, **sizes))).shape
    assert (shape.size, shape.embedding, shape.heads, shape.blocks, shape.feed_forward) == (24, 24, 3, 1, 20)
    assert shape.segments == 1


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_an_old_config_does_not_say_the_family(family: str) -> None:
    folder = write_tiny_encoder(Path("encoder"), family=family)
    config = json.loads((folder / "config.json").read_text())
    del config["model_type"]
    (folder / "config.json").write_text(json.dumps(config))
    assert find_encoder("encoder").family == family


@pytest.mark.parametrize("architectures", [None, [], ["BertweetModel"], "BertModel"])
def test_a_config_that_does_not_say_the_family_at_all(architectures: Any) -> None:
    write(model_type=None, architectures=architectures)
    with pytest.raises(EncoderError, match="does not say `model_type`") as told:
        read_model_config(Path(), name="encoder")
    assert told.value.code == "AM344"


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "deberta-v2", "albert", "t5", "gpt2", "modernbert", 7])
def test_other_families_are_named(family: Any) -> None:
    write(model_type=family)
    with pytest.raises(EncoderError, match=f"family {family!r}, which is not supported") as told:
        read_model_config(Path(), name="encoder")
    assert told.value.code == "AM343"
    assert "bert (BERT), distilbert (DistilBERT), electra (ELECTRA)" in told.value.help


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("position_embedding_type", "relative_key"),
        ("position_embedding_type", "relative_key_query"),
        ("is_decoder", True),
        ("add_cross_attention", True),
        ("pruned_heads", {"0": [1]}),
        ("hidden_act", "quick_gelu"),
    ],
)
def test_parts_that_are_not_supported_are_named(key: str, value: Any) -> None:
    write(**{key: value})
    with pytest.raises(EncoderError, match=key if key != "hidden_act" else "'quick_gelu'") as told:
        read_model_config(Path(), name="encoder")
    assert told.value.code == "AM345"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", 0),
        ("hidden_size", 15),
        ("hidden_size", "16"),
        ("hidden_size", 16.5),
        ("hidden_size", True),
        ("num_hidden_layers", -1),
        ("num_hidden_layers", 10**9),
        ("vocab_size", None),
        ("vocab_size", float("nan")),
        ("layer_norm_eps", 0),
        ("hidden_dropout_prob", 1),
        ("hidden_act", 3),
    ],
)
def test_values_that_cannot_be(key: str, value: Any) -> None:
    write(**{key: value})
    with pytest.raises(EncoderError, match=rf"config\.json: .*{key}") as told:
        read_model_config(Path(), name="encoder")
    assert told.value.code == "AM344"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"bert"', "<html>", "[" * 100_000, "\x00", '{"a": 1}}'])
def test_a_config_that_is_no_json_object(content: str) -> None:
    Path("config.json").write_text(content)
    with pytest.raises(EncoderError) as told:
        read_model_config(Path(), name="encoder")
    assert told.value.code == "AM344"


def test_a_config_that_is_no_text() -> None:
    Path("config.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EncoderError, match="is no JSON") as told:
        read_model_config(Path(), name="encoder")
    assert told.value.code == "AM344"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
KEYS = [
    "model_type",
    "architectures",
    "vocab_size",
    "hidden_size",
    "num_attention_heads",
    "hidden_act",
    "layer_norm_eps",
    "type_vocab_size",
    "position_embedding_type",
    "pruned_heads",
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), value=ANYTHING)
def test_whatever_a_config_says_it_is_understood_or_refused(key: str, value: Any) -> None:
    write(**{key: value})
    with suppress(UserError):
        assert read_model_config(Path(), name="encoder").shape.size % 2 == 0


def write(**changes: Any) -> None:
    """A config of BERT in this folder, with these changes; None removes a key."""
    config = {
        "model_type": "bert",
        "vocab_size": 10,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
    }
    whole = {key: value for key, value in (config | changes).items() if value is not None}
    Path("config.json").write_text(json.dumps(whole))
