"""Features of a frozen encoder: computed once, the same training as without, kept on disk, told."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.config.loading import load
from aimodels.data.dataset import TableInput
from aimodels.events import Event, Inferred, PhaseStarted, Warned, listening
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

BASE = """
name: frozen
seed: 3
data: {name: imdb, source: sample, limit: 60}
model:
  name: bert
  encoder: random
  sizes: {vocabulary: 300, blocks: 1, size: 16, heads: 2, feed_forward: 32}
  wordpieces: {max_length: 24}
  freeze: all
  dense: [8]
train: {epochs: 2, batch_size: 16, optimizer: {name: adam, learning_rate: 1e-2}}
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of features that is empty."""
    from aimodels.training import feature_cache

    folder = tmp_path / "cache" / "features"
    monkeypatch.setattr(feature_cache, "folder", lambda: folder)
    return folder


def trained(tmp_path: Path, *overrides: str) -> tuple[RunFolder, list[Event]]:
    """A run, and what was told on the way."""
    from aimodels.training.train import train

    (tmp_path / "frozen.yaml").write_text(BASE)
    events: list[Event] = []
    with listening(events.append):
        return train(load(tmp_path / "frozen.yaml", overrides=overrides), RunPlace(tmp_path / "runs")), events


def computed(events: list[Event]) -> list[str]:
    return [
        each.name for each in events if isinstance(each, PhaseStarted) and each.name.startswith("computing the fea")
    ]


def codes(events: list[Event]) -> set[str]:
    return {each.code for each in events if isinstance(each, Warned)} & {"AM375", "AM376"}


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        pytest.param(("model.pooling=cls", "data.validation=0"), marks=pytest.mark.slow),
        pytest.param(
            ("model.pooling=max", "train.batch_size={tokens: 200}", "train.class_weights=balanced"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_history_is_that_of_reading_the_texts_in_each_step(overrides: tuple[str, ...], tmp_path: Path) -> None:
    once, events = trained(tmp_path, *overrides)
    each_step, others = trained(tmp_path, *overrides, "model.cache_features=false")
    assert computed(events)
    assert not computed(others)
    for name, values in each_step.history().items():
        assert once.history()[name] == pytest.approx(values, abs=1e-5), name
    weights = [[np.asarray(each) for each in run.model("last").get_weights()] for run in (once, each_step)]
    for left, right in zip(*weights, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-4)
    assert once.facts()["num_parameters"] == each_step.facts()["num_parameters"]
    assert once.facts()["choices"]["features"] == "computed once: nothing of the encoder trains"
    assert each_step.facts()["choices"]["features"] == "computed in each step: cache_features is false"


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("model.pooling=attention", "computed in each step: pooling: attention trains"),
        ("train.augment={word_dropout: 0.1}", "computed in each step: train.augment changes the texts"),
        ("model.freeze=embeddings", None),
    ],
)
def test_what_cannot_be_computed_once_is_told(override: str, reason: str | None, tmp_path: Path) -> None:
    run, events = trained(tmp_path, override, "train.epochs=1")
    assert not computed(events)
    assert run.facts()["choices"].get("features") == reason


def test_that_text_columns_of_a_table_are_read_in_each_step_is_told() -> None:
    from aimodels.architectures import bert
    from aimodels.training.features import split_at_features

    options = bert.Options(encoder="random", freeze="all")
    network: Any = SimpleNamespace(trained=SimpleNamespace(layers=[]))
    config: Any = SimpleNamespace(model=options)
    dataset: Any = SimpleNamespace(input=TableInput(columns=()))
    split = split_at_features(network, bert, config=config, dataset=dataset)
    assert split.network is network
    assert split.told == "computed in each step: they are columns of a table"


def test_the_next_run_reads_what_the_first_kept(tmp_path: Path, own_cache: Path) -> None:
    first, events = trained(tmp_path)
    assert computed(events) == ["computing the features of 120 texts"]
    assert [path.suffix for path in own_cache.iterdir()] == [".npz"]
    assert lines(events) == [f"kept for the next run: the features of 120 texts, in {own_cache}"]
    again, later = trained(tmp_path, "model.dense=[4]", "train.batch_size=8")
    assert not computed(later)
    assert lines(later) == [f"already there: the features of 120 texts, in {own_cache}"]
    repeated, _ = trained(tmp_path)
    assert repeated.history_file.read_bytes() == first.history_file.read_bytes()


def lines(events: list[Event]) -> list[str]:
    told = [line for each in events if isinstance(each, Inferred) for line in each.lines]
    return [line for line in told if ": the features of" in line]


def prepared(tmp_path: Path, *overrides: str) -> Any:
    """A training before its first step."""
    from aimodels.data.loading import load_dataset
    from aimodels.distribution.strategy import place
    from aimodels.training.preparing import prepare
    from aimodels.training.seeding import seed_everything

    (tmp_path / "frozen.yaml").write_text(BASE)
    config = load(tmp_path / "frozen.yaml", overrides=overrides).config
    seed_everything(config.seed, deterministic=True)
    return prepare(config, load_dataset(config.data, seed=config.seed), placement=place(config.train))


def folds(tmp_path: Path, *numbers: int) -> list[str]:
    """What to change for a fold of three, with a pretrained encoder."""
    if not (tmp_path / "tiny").exists():
        write_tiny_encoder(tmp_path / "tiny")
    model = f"model={{name: bert, encoder: {tmp_path / 'tiny'}, freeze: all, wordpieces: {{max_length: 24}}}}"
    return [model, "train.epochs=1", *(f"data.fold={{number: {number}, of: 3}}" for number in numbers)]


@pytest.mark.slow
def test_another_fold_computes_nothing_and_has_the_same_features(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import features

    monkeypatch.setattr(features, "TEXTS_PER_PART", 16)
    first, events = trained(tmp_path, *folds(tmp_path, 1))
    whole = f"{number_of_texts(first)}"
    assert computed(events) == [f"computing the features of {whole} texts"]
    kept = {path.name: path.read_bytes() for path in own_cache.iterdir()}
    assert len(kept) == -(-int(whole) // 16)
    second, later = trained(tmp_path, *folds(tmp_path, 2))
    assert not computed(later)
    assert second.facts()["num_examples"] == first.facts()["num_examples"]
    shutil.rmtree(own_cache)
    alone, _ = trained(tmp_path, *folds(tmp_path, 2))
    assert {path.name: path.read_bytes() for path in own_cache.iterdir()} == kept
    assert alone.history_file.read_bytes() == second.history_file.read_bytes()


def number_of_texts(run: RunFolder) -> int:
    return sum(run.facts()["num_examples"].values())


def test_features_that_another_process_computes_are_waited_for(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import feature_cache, features

    monkeypatch.setattr(features, "TEXTS_PER_PART", 32)
    with feature_cache.claimed("a") as ours, feature_cache.claimed("a") as theirs, feature_cache.claimed("b") as other:
        assert (ours, theirs, other) == (True, False, True)
    assert not list(own_cache.iterdir())
    trained(tmp_path)
    everything = {path: path.read_bytes() for path in own_cache.iterdir()}
    [taken, *_] = everything
    taken.unlink()

    def computed_elsewhere(seconds: float) -> None:
        """What the other process does while this one waits."""
        claim.__exit__(None, None, None)
        taken.write_bytes(everything[taken])

    claim = feature_cache.claimed(taken.stem)
    assert claim.__enter__()
    # Of this module alone: others sleep as well.
    monkeypatch.setattr(features, "time", SimpleNamespace(sleep=computed_elsewhere))
    _, events = trained(tmp_path)
    assert len(computed(events)) == 1
    assert lines(events) == [f"already there: the features of 120 texts, in {own_cache}"]
    assert set(own_cache.iterdir()) == set(everything)


def test_a_folder_of_features_never_grows_beyond_its_bound(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimodels.training import feature_cache

    one = np.ones((10, 50), np.float32)
    monkeypatch.setattr(feature_cache, "MOST_BYTES", 3 * (one.nbytes + feature_cache.HEADER_BYTES))
    old = feature_cache.FeatureCache(frozenset("abc"), size=50)
    events: list[Event] = []
    with listening(events.append):
        for age, key in enumerate("cab"):
            old.keep(key, one)
            os.utime(own_cache / f"{key}.npz", (age, age))
        assert old.read("c", num_texts=10) is not None
        new = feature_cache.FeatureCache(frozenset("defg"), size=50)
        new.keep("d", one)
        assert {path.stem for path in own_cache.iterdir()} == {"b", "c", "d"}
        new.keep("e", one)
        new.keep("f", one)
        assert not codes(events)
        new.keep("g", one)
        new.keep("g", one)
    assert {path.stem for path in own_cache.iterdir()} == {"d", "e", "f"}
    assert [each.code for each in events if isinstance(each, Warned)] == ["AM375"]
    assert sum(path.stat().st_size for path in own_cache.iterdir()) <= feature_cache.MOST_BYTES


def test_other_code_has_other_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from aimodels.training import feature_cache

    inputs = keras.Input((None,), dtype="int32")
    encoder = keras.Model(inputs, keras.layers.Embedding(3, 2)(inputs))
    here = feature_cache.key_of(encoder)
    assert feature_cache.key_of(encoder) == here
    shutil.copytree(feature_cache.LAYERS, tmp_path / "layers", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(feature_cache, "LAYERS", tmp_path / "layers")
    assert feature_cache.key_of(encoder) == here
    with (tmp_path / "layers" / "gelu.py").open("a") as file:
        file.write("# another version\n")
    assert feature_cache.key_of(encoder) != here


@pytest.mark.slow
def test_other_weights_and_other_texts_have_other_features(tmp_path: Path) -> None:
    from aimodels.training.feature_cache import key_of
    from aimodels.training.features import parts_of

    def keys(*overrides: str) -> set[str]:
        found = prepared(tmp_path, *overrides)
        key = key_of(found.network.encoder)
        return {part.key for part in parts_of(found.batches.train.encoded, encoder_key=key)}

    expected = keys()
    assert len(expected) == 1
    assert keys("model.dropout=0.5", "train.epochs=9") == expected
    for changed in ("seed=4", "model.wordpieces.max_length=20", "model.pooling=cls", "data.limit=50"):
        assert not keys(changed) & expected, changed


@pytest.mark.parametrize(
    "how", ["cut", pytest.param("flipped", marks=pytest.mark.slow), pytest.param("other", marks=pytest.mark.slow)]
)
def test_a_broken_file_is_told_and_written_again(how: str, tmp_path: Path, own_cache: Path) -> None:
    first, _ = trained(tmp_path)
    for path in own_cache.iterdir():
        content = bytearray(path.read_bytes())
        if how == "cut":
            content = content[: len(content) // 2]
        elif how == "flipped":
            content[len(content) // 2] ^= 1
        path.write_bytes(content)
        if how == "other":
            np.savez(path, features=np.zeros((3, 3)))
    again, events = trained(tmp_path)
    assert codes(events) == {"AM376"}
    assert len(computed(events)) == 1
    assert again.history_file.read_bytes() == first.history_file.read_bytes()
    assert codes(trained(tmp_path)[1]) == set()


def test_a_cache_that_cannot_be_written_is_told_and_the_run_goes_on(tmp_path: Path, own_cache: Path) -> None:
    own_cache.parent.mkdir()
    own_cache.write_text("a file where the folder should be")
    run, events = trained(tmp_path)
    assert codes(events) == {"AM375"}
    assert run.facts()["status"] == "finished"


def test_ctrl_c_while_features_are_computed_saves_what_there_is(tmp_path: Path) -> None:
    import signal

    from aimodels.training.train import train

    def interrupt(event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.name.startswith("computing the features"):
            signal.raise_signal(signal.SIGINT)

    (tmp_path / "frozen.yaml").write_text(BASE)
    with listening(interrupt):
        run = train(load(tmp_path / "frozen.yaml"), RunPlace(tmp_path / "runs"))
    assert run.facts()["status"] == "interrupted"
    assert RunFolder.open(run.path).model().output_shape == (None, 1)


@pytest.mark.slow
def test_numbers_are_learned_on_features_as_well(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [f"{' '.join(random.choice(['good', 'bad', 'film', 'plot'], 5))},{random.normal():.3f}" for _ in range(40)]
    (tmp_path / "scores.csv").write_text("\n".join(["text,score", *rows]))
    data = "data={name: text_table, path: scores.csv, text: text, target: score, task: regression, validation: 0.2}"
    histories = [trained(tmp_path, data, f"model.cache_features={on}")[0].history() for on in ("true", "false")]
    for name, values in histories[1].items():
        assert histories[0][name] == pytest.approx(values, abs=1e-5), name


@pytest.mark.slow
def test_half_precision_computes_the_same_features(tmp_path: Path, own_cache: Path) -> None:
    trained(tmp_path, "train.epochs=1")
    kept = {path.name: path.read_bytes() for path in own_cache.iterdir()}
    run, events = trained(tmp_path, "train.epochs=1", "train.precision=mixed_bfloat16")
    assert not computed(events)
    assert {path.name: path.read_bytes() for path in own_cache.iterdir()} == kept
    assert run.facts()["precision"] == "mixed_bfloat16"


def test_the_loss_of_the_head_is_scaled_where_half_precision_wants_it(tmp_path: Path) -> None:
    import keras

    optimizer = prepared(tmp_path, "train.precision=mixed_float16").model.optimizer
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def test_a_dry_run_computes_no_features(tmp_path: Path) -> None:
    from aimodels.training.dry_run import dry_run

    (tmp_path / "frozen.yaml").write_text(BASE)
    events: list[Event] = []
    with listening(events.append):
        found = dry_run(load(tmp_path / "frozen.yaml"))
    assert not computed(events)
    assert np.isfinite(found.loss)
    assert found.num_parameters == trained(tmp_path, "train.epochs=1")[0].facts()["num_parameters"]
