"""The JSON schema says what the loader says."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aimodels import discovery
from aimodels.config.json_schema import field_schema, json_schema, modeline
from aimodels.config.loading import check
from aimodels.config.yaml_source import plain, read
from aimodels.errors import ConfigError

BOTH = "data: {name: mnist}\nmodel: {name: cnn}\n"
ACCEPTED = [
    "data: mnist\nmodel: mlp",
    BOTH,
    BOTH + "name: first-try.2\nseed: 7",
    BOTH + "name:\nseed:\ntrain:\nevaluate:\nexport:",
    BOTH + "train: {}",
    BOTH + "train: {epochs: 1, batch_size: 1}",
    BOTH + "train: {epochs: null, xla: ~, early_stopping: ~}",
    BOTH + "train: {optimizer: sgd}",
    BOTH + "train: {optimizer: {name: sgd, momentum: 0, nesterov: true}}",
    BOTH + "train: {optimizer: {learning_rate: 1e-3}}",
    BOTH + "train: {optimizer: {learning_rate: 1, beta_1: 0.5}}",
    BOTH + "train: {optimizer: {name: muon}}",
    BOTH + "train: {optimizer: {schedule: cosine}}",
    BOTH + "train: {optimizer: {schedule: {name: one_cycle, peak_at: 0.5}}}",
    BOTH + "train: {optimizer: {schedule: {warmup_epochs: 2}}}",
    BOTH + "train: {optimizer: {clip: {norm: 1}}}",
    BOTH + "train: {optimizer: {clip: {global_norm: 0.5}}}",
    BOTH + "train: {class_weights: balanced}",
    BOTH + "train: {class_weights: {a: 1, b: 2.5}}",
    BOTH + "train: {steps_per_execution: auto}",
    BOTH + "train: {steps_per_execution: 8}",
    BOTH + "train: {xla: true}",
    BOTH + "train: {max_time: 1.5h}",
    BOTH + "train: {device: 'gpu:0,1'}",
    BOTH + "train: {augment: {rotate: 0.1, flip: both}}",
    BOTH + "train: {early_stopping: {}}",
    BOTH + "evaluate: {top_k: [2, 5]}",
    BOTH + "export: {formats: []}",
    "data: {name: image_folder, path: x}\nmodel: cnn",
    "data: {name: image_folder, path: x, size: [32, 48], channels: 3}\nmodel: cnn",
    "data: {name: image_folder, path: x, size: 32, channels: auto}\nmodel: cnn",
    "data: {name: mnist, validation: 0, limit: 10}\nmodel: {name: mlp, hidden: []}",
]
REFUSED = [
    "data: mnist",
    "model: cnn",
    "data:\nmodel: cnn",
    "data: {validation: 0.1}\nmodel: cnn",
    "data: mnits\nmodel: cnn",
    "data: image_folder\nmodel: cnn",
    "data: {name: image_folder}\nmodel: cnn",
    "data: {name: mnist, path: x}\nmodel: cnn",
    "data: {name: image_folder, path: x, size: [32, 48, 3]}\nmodel: cnn",
    "data: {name: image_folder, path: x, channels: 2}\nmodel: cnn",
    "data: mnist\nmodel: {name: mlp, filters: [8]}",
    "data: mnist\nmodel: {name: cnn, filters: []}",
    "data: mnist\nmodel: {name: cnn, filters: [0]}",
    "data: mnist\nmodel: {name: cnn, filters: 8}",
    BOTH + "epochs: 3",
    BOTH + "name: a b",
    BOTH + "seed: -1",
    BOTH + "seed: 1.5",
    BOTH + "train: 3",
    BOTH + "train: []",
    BOTH + "train: {epoch: 3}",
    BOTH + "train: {epochs: 0}",
    BOTH + "train: {epochs: '3'}",
    BOTH + "train: {epochs: true}",
    BOTH + "train: {label_smoothing: 1}",
    BOTH + "train: {deterministic: yes}",
    BOTH + "train: {xla: maybe}",
    BOTH + "train: {steps_per_execution: 0}",
    BOTH + "train: {optimizer: adma}",
    BOTH + "train: {optimizer: {name: sgd, beta_1: 0.5}}",
    BOTH + "train: {optimizer: {momentum: 0.5}}",
    BOTH + "train: {optimizer: {learning_rate: 0}}",
    BOTH + "train: {optimizer: {schedule: {name: cosine, factor: 0.5}}}",
    BOTH + "train: {optimizer: {clip: {norm: 1, value: 1}}}",
    BOTH + "train: {optimizer: {clip: {}}}",
    BOTH + "train: {class_weights: {a: 0}}",
    BOTH + "train: {class_weights: often}",
    BOTH + "train: {max_time: soon}",
    BOTH + "train: {device: tpu}",
    BOTH + "train: {precision: float64}",
    BOTH + "train: {augment: {rotate: 2}}",
    BOTH + "train: {early_stopping: {patience: 0}}",
    BOTH + "evaluate: {top_k: [0]}",
    BOTH + "export: {formats: saved_model}",
    "[]",
    "",
]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def is_loaded(text: str) -> bool:
    try:
        check(read(text, source="test"), source="test")
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("text", ACCEPTED)
def test_both_accept(text: str, validator: jsonschema.Draft7Validator) -> None:
    assert is_loaded(text)
    assert [error.message for error in validator.iter_errors(plain(read(text, source="test")))] == []


@pytest.mark.parametrize("text", REFUSED)
def test_both_refuse(text: str, validator: jsonschema.Draft7Validator) -> None:
    assert not is_loaded(text)
    assert not validator.is_valid(plain(read(text, source="test")))


def test_a_plugin_of_ones_own_is_left_to_the_loader(validator: jsonschema.Draft7Validator) -> None:
    assert validator.is_valid({"data": {"name": "my.data", "anything": 1}, "model": "my_package.my_model"})


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Every mapping anywhere in a schema."""
    if isinstance(schema, list):
        return [node for item in schema for node in nodes(item)]
    return [schema, *(node for item in schema.values() for node in nodes(item))] if isinstance(schema, dict) else []


def test_it_is_draft_7_and_whole(validator: jsonschema.Draft7Validator) -> None:
    schema = validator.schema
    everywhere = nodes(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not [node for node in everywhere if {"$defs", "prefixItems"} & set(node)]
    targets = {node["$ref"] for node in everywhere if isinstance(node.get("$ref"), str)}
    assert targets == {f"#/definitions/{name}" for name in schema["definitions"]}


@pytest.mark.parametrize("section", ["Train", "Adam", "datasets.mnist", "architectures.cnn"])
def test_every_key_says_what_it_is(section: str, validator: jsonschema.Draft7Validator) -> None:
    properties = validator.schema["definitions"][section]["properties"]
    silent = [key for key, schema in properties.items() if key != "name" and not schema.get("description")]
    assert silent == []
    assert all("default" in schema for key, schema in properties.items() if key != "name")


def test_every_plugin_is_in_it(validator: jsonschema.Draft7Validator) -> None:
    for folder in ("datasets", "architectures"):
        assert {f"{folder}.{name}" for name in discovery.names(folder)} <= set(validator.schema["definitions"])


@pytest.mark.parametrize(
    "path", ["train", "train.optimizer", "train.optimizer.schedule", "data.source", "model.filters"]
)
def test_the_schema_of_one_key(path: str) -> None:
    schema = field_schema(path.split("."))
    assert schema is not None
    jsonschema.Draft7Validator.check_schema(schema)
    used = {node["$ref"] for node in nodes(schema) if isinstance(node.get("$ref"), str)}
    assert used == {f"#/definitions/{name}" for name in schema["definitions"]}


def test_the_schema_of_one_key_is_that_of_its_values() -> None:
    validator = jsonschema.Draft7Validator(field_schema(["train", "optimizer", "schedule"]) or {})
    assert validator.is_valid({"name": "cosine", "end_factor": 0.1})
    assert not validator.is_valid({"name": "cosine", "factor": 0.1})
    assert field_schema(["train", "optimiser"]) is None


@pytest.mark.parametrize(
    ("schema", "config", "line"),
    [
        (".aimodels/schema.json", "my.yaml", "# yaml-language-server: $schema=.aimodels/schema.json"),
        ("schema.json", "my.yaml", "# yaml-language-server: $schema=./schema.json"),
        ("schema.json", "deep/down/my.yaml", "# yaml-language-server: $schema=../../schema.json"),
    ],
)
def test_the_line_for_editors(schema: str, config: str, line: str) -> None:
    assert modeline(Path(schema), config=Path(config)) == line
