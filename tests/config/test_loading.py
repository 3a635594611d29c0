"""Short forms, overrides, plug-ins of one's own, round trips, and the configs that are shipped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimodels.config.loading import check, load
from aimodels.config.optimizers import Adam, Cosine, Sgd
from aimodels.config.schema import Config, EarlyStopping
from aimodels.config.writing import differences, dumped, to_yaml
from aimodels.config.yaml_source import plain, read
from aimodels.errors import ConfigError, MissingError, Problem

ROOT = Path(__file__).parent.parent.parent
CONFIGS = sorted(ROOT.joinpath("configs").rglob("*.yaml"))
BOTH = "data: {name: mnist}\nmodel: {name: cnn}\n"


def loaded(text: str, *overrides: str) -> Config:
    path = Path("config.yaml")
    path.write_text(text, encoding="utf-8")
    return load(path, overrides=overrides).config


# --- short forms ----------------------------------------------------------------------------------------------


def test_a_named_section_may_be_just_its_name() -> None:
    short = loaded("data: mnist\nmodel: cnn\ntrain: {optimizer: sgd}")
    assert short == loaded("data: {name: mnist}\nmodel: {name: cnn}\ntrain: {optimizer: {name: sgd}}")
    assert isinstance(short.train.optimizer, Sgd)


def test_a_section_without_name_is_the_default_one() -> None:
    optimizer = loaded(BOTH + "train: {optimizer: {learning_rate: 1e-2, schedule: {warmup_epochs: 2}}}").train.optimizer
    assert isinstance(optimizer, Adam)
    assert (optimizer.learning_rate, optimizer.schedule.name, optimizer.schedule.warmup_epochs) == (0.01, "constant", 2)


def test_null_is_as_if_it_were_not_written() -> None:
    text = BOTH + "train:\n  epochs:\n  augment: null\n  optimizer: {name: ~, clip: ~}\n  class_weights: {a: 1, b: ~}\n"
    assert loaded(text) == loaded(BOTH + "train: {class_weights: {a: 1}}")


def test_numbers_for_class_names() -> None:
    assert loaded(BOTH + "train: {class_weights: {0: 2.5, 1: 1}}").train.class_weights == {"0": 2.5, "1": 1.0}


# --- overrides ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (["train.epochs=3", "train.epochs=4"], "train: {epochs: 4}"),
        (["train.optimizer=sgd"], "train: {optimizer: sgd}"),
        (["train.optimizer.schedule=cosine"], "train: {optimizer: {schedule: cosine}}"),
        (["train.optimizer=sgd", "train.optimizer.momentum=0.5"], "train: {optimizer: {name: sgd, momentum: 0.5}}"),
        (["train.optimizer.schedule.warmup_epochs=1"], "train: {optimizer: {schedule: {warmup_epochs: 1}}}"),
        (["train={epochs: 3, xla: true}"], "train: {epochs: 3, xla: true}"),
        (["evaluate.top_k=[2, 3]"], "evaluate: {top_k: [2, 3]}"),
        (["train.early_stopping={}"], "train: {early_stopping: {}}"),
        (["train.early_stopping.patience=null"], ""),
        (
            ["train.early_stopping.patience=null", "train.early_stopping.min_delta=1"],
            "train: {early_stopping: {min_delta: 1}}",
        ),
        (["train.epochs="], ""),
        (["name=1e-3x"], "name: 1e-3x"),
    ],
)  # fmt: skip
def test_overrides_are_as_if_written_in_the_file(overrides: list[str], text: str) -> None:
    assert loaded(BOTH, *overrides) == loaded(BOTH + text)


def test_null_takes_back_what_the_file_says() -> None:
    text = BOTH + "train: {epochs: 3, early_stopping: {patience: 2}}"
    assert loaded(text, "train.epochs=null", "train.early_stopping=null") == loaded(BOTH)
    assert loaded(text, "train.early_stopping.patience=null").train.early_stopping == EarlyStopping()


def test_an_override_goes_below_a_short_form() -> None:
    optimizer = loaded(BOTH + "train: {optimizer: adam}", "train.optimizer.schedule=cosine").train.optimizer
    assert optimizer == Adam(schedule=Cosine())


def test_another_name_is_fine_once_the_old_options_are_unset() -> None:
    text = "data: mnist\nmodel: {name: cnn, kernel: 5, dropout: 0.5}"
    config = loaded(text, "model.name=mlp", "model.kernel=null")
    assert config == loaded("data: mnist\nmodel: {name: mlp, dropout: 0.5}")


# --- files ----------------------------------------------------------------------------------------------------


def test_the_source_is_kept_byte_for_byte(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf# caf\xc3\xa9\r\ndata: mnist\r\nmodel: mlp\r\n"
    path = tmp_path / "My first config.yaml"
    path.write_bytes(content)
    found = load(path)
    assert found.source.encode() == content
    assert found.name == "My-first-config"
    assert load(path, overrides=["name=second"]).name == "second"


@pytest.mark.parametrize("name", ["absent.yaml", ""])
def test_a_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(MissingError) as raised:
        load(tmp_path / name)
    assert raised.value.code == "AM110"


def test_plugins_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own_plugins").mkdir()
    (tmp_path / "own_plugins" / "squares.py").write_text(
        "from pydantic import Field\n"
        "from aimodels.config.schema import DatasetOptions\n"
        "class Options(DatasetOptions):\n"
        "    side: int = Field(4, ge=1, description='Pixels.')\n"
        "def load(options, *, seed): ...\n",
        encoding="utf-8",
    )
    config = loaded("data: {name: own_plugins.squares, side: 8}\nmodel: mlp")
    assert config.data.model_dump()["side"] == 8
    assert loaded(to_yaml(config)) == config
    with pytest.raises(ConfigError) as raised:
        loaded("data: {name: own_plugins.squares, sides: 8}\nmodel: mlp")
    assert raised.value.problems[0].suggestions[0].replace == "side"


# --- round trips ----------------------------------------------------------------------------------------------


def test_configs_are_found() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_saved_config_is_the_config(path: Path, tmp_path: Path) -> None:
    config = load(path).config
    whole, short = tmp_path / "whole.yaml", tmp_path / "short.yaml"
    whole.write_text(to_yaml(config, note="all of it\n\nnothing left out"), encoding="utf-8")
    short.write_text(dumped(differences(config)), encoding="utf-8")
    assert load(whole).config == config
    assert load(short).config == config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_opens_with_its_command_and_its_result(path: Path) -> None:
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    command = "train" if load(path).config.pretrain is None else "pretrain"
    assert first == f"# aimodels {command} {path.relative_to(ROOT).as_posix()}"
    assert second.startswith("# ")


@pytest.mark.parametrize(
    "text", ["1e-3", "1E5", "0o14", "012", "12:30", "null", "~", "no", "1_000", ".inf", "<<", "", "a: #b"]
)
def test_a_text_that_looks_like_something_else_stays_a_text(text: str) -> None:
    config = checked(dumped({"data": "mnist", "model": "cnn", "train": {"monitor": text}}))
    assert config.train.monitor == text
    assert checked(to_yaml(config)) == config


numbers = st.floats(0, 1, exclude_min=True, exclude_max=True)
texts = st.text(max_size=20)
optimizers = st.sampled_from(["adam", {"name": "sgd", "nesterov": True}]) | st.fixed_dictionaries(
    {"learning_rate": numbers},
    optional={
        "epsilon": numbers,
        "clip": st.sampled_from(["norm", "global_norm", "value"]).flatmap(
            lambda key: st.fixed_dictionaries({key: numbers})
        ),
        "schedule": st.just("step")
        | st.fixed_dictionaries({"name": st.just("one_cycle")}, optional={"peak_at": numbers}),
    },
)
documents = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {"name": st.just("mnist")}, optional={"source": st.text(min_size=1, max_size=20)}
        ),
        "model": st.just("cnn")
        | st.fixed_dictionaries({"name": st.just("mlp"), "hidden": st.lists(st.integers(1, 9))}),
    },
    optional={
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]*", fullmatch=True),
        "seed": st.integers(0, 2**31 - 1) | st.none(),
        "train": st.fixed_dictionaries(
            {},
            optional={
                "optimizer": optimizers,
                "monitor": texts,
                "class_weights": st.sampled_from(["none", "balanced"]) | st.dictionaries(texts, numbers),
                "steps_per_execution": st.just("auto") | st.integers(1, 9),
                "xla": st.just("auto") | st.booleans(),
                "early_stopping": st.none() | st.fixed_dictionaries({}, optional={"monitor": texts}),
            },
        ),
    },
)
a_few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def checked(text: str, *overrides: str) -> Config:
    return check(read(text, source="test"), overrides=overrides, source="test")


@a_few
@given(documents)
def test_any_config_survives_writing_and_reading(document: dict[str, Any]) -> None:
    text = dumped(document)
    config = checked(text)
    assert checked(to_yaml(config)) == config
    assert checked(dumped(differences(config))) == config


@a_few
@given(st.dictionaries(texts, st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | texts, st.lists)))
def test_any_plain_value_survives_writing_and_reading(values: dict[str, Any]) -> None:
    assert plain(read(dumped(values), source="test")) == values


KEYS = [
    "data",
    "model",
    "train",
    "name",
    "optimizer",
    "schedule",
    "clip",
    "norm",
    "filters",
    "epochs",
    "mnist",
    "cnn",
    "x",
]
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*KEYS, "adam", "cosine", "..", "a.b"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
override_like = st.sampled_from(KEYS).flatmap(
    lambda key: st.sampled_from(["=", "=1", ".x=[", "..=", "=null", ".name=sgd", " "]).map(lambda rest: key + rest)
)


@a_few
@given(st.dictionaries(st.sampled_from(KEYS), values), st.lists(override_like | texts, max_size=3))
def test_any_document_and_override_load_or_are_refused(document: dict[str, Any], overrides: list[str]) -> None:
    problems: Sequence[Problem] = ()
    try:
        checked(dumped(document), *overrides)
    except ConfigError as error:
        problems = error.problems
    assert all(problem.place is not None and problem.message for problem in problems)


@a_few
@given(st.text(max_size=80))
def test_any_text_loads_or_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        checked(text)
