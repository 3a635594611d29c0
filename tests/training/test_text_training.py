"""Training on texts: read once, batched by length, told and kept; with whatever changes them at random."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from aimodels.config.loading import load
from aimodels.data.loading import load_dataset
from aimodels.errors import ConfigError
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

BASE = """
name: small
seed: 3
data: {name: imdb, source: sample, limit: 120}
model:
  name: lstm
  embedding: {size: 8}
  units: [8]
  pooling: mean
  dense: []
  words: {vocabulary: 500, max_length: 50}
train: {epochs: 2, batch_size: 32}
"""


def trained(tmp_path: Path, *overrides: str) -> RunFolder:
    from aimodels.training.train import train

    (tmp_path / "small.yaml").write_text(BASE)
    return train(load(tmp_path / "small.yaml", overrides=overrides), RunPlace(tmp_path / "runs"))


@pytest.fixture
def batches(tmp_path: Path) -> Callable[..., Any]:
    """Batches of the config with some overrides, as the training loop gets them."""

    def made(*overrides: str) -> Any:
        from aimodels.distribution.strategy import place
        from aimodels.training.preparing import prepare

        (tmp_path / "small.yaml").write_text(BASE)
        config = load(tmp_path / "small.yaml", overrides=overrides).config
        return prepare(config, load_dataset(config.data, seed=config.seed), placement=place(config.train)).batches

    return made


def test_each_batch_is_padded_to_its_own_longest_and_no_further(batches: Callable[..., Any]) -> None:
    widths = []
    for ids, targets in batches().epoch(0):
        assert ids.shape[0] == targets.shape[0]
        assert (ids.numpy() != 0).any(axis=0).all()
        # Padding is on the right only.
        assert (np.diff((ids.numpy() != 0).astype(int), axis=1) <= 0).all()
        widths.append(ids.shape[1])
    assert max(widths) == 50


def test_a_budget_of_tokens_is_kept(batches: Callable[..., Any]) -> None:
    made = batches("train.batch_size={tokens: 300}")
    sizes = [tuple(ids.shape) for ids, _ in made.epoch(0)]
    assert sum(count for count, _ in sizes) == 120
    assert max(count * width for count, width in sizes) <= 300
    assert len(sizes) == made.steps_per_epoch


@pytest.mark.parametrize("changed", ["word_dropout: 0.3", "word_swap: 0.5", "char_dropout: 0.2", "char_swap: 0.2"])
def test_training_texts_change_by_seed_and_epoch_and_validation_never(
    batches: Callable[..., Any], changed: str
) -> None:
    plain, made, again = batches(), *(batches(f"train.augment={{{changed}}}") for _ in range(2))

    def ids(batches: Any) -> list[list[int]]:
        return [row.tolist() for texts, *_ in batches for row in texts.numpy()]

    assert ids(made.epoch(0)) == ids(again.epoch(0))
    assert ids(made.epoch(0)) != ids(plain.epoch(0))
    assert ids(made.epoch(1)) != ids(made.epoch(0))
    assert ids(made.validation()) == ids(plain.validation())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    overrides = ("train.augment={word_dropout: 0.1, char_swap: 0.05}", "model.dropout=0.2", "model.words.max_length=12")
    one, other = (trained(tmp_path, *overrides) for _ in range(2))
    assert one.history_file.read_bytes() == other.history_file.read_bytes()
    another = trained(tmp_path, *overrides, "seed=4")
    assert one.history_file.read_bytes() != another.history_file.read_bytes()


def test_the_samples_are_of_every_length_and_changed_like_the_batches(batches: Callable[..., Any]) -> None:
    from aimodels.training.word_facts import sampled_texts

    plain, changed = batches(), batches("train.augment={word_dropout: 0.5}")
    prepared: Any = SimpleNamespace(batches=plain, config=plain.config)
    positions = sampled_texts(prepared, count=20)
    ranks = np.argsort(np.argsort(plain.train.encoded.num_tokens, kind="stable"))
    lengths = plain.train.encoded.num_tokens
    # One of each six texts, in the order of their length; of equally long ones any.
    stretches = np.sort(lengths).reshape(20, 6)
    chosen = np.sort(lengths[positions])
    assert ((stretches[:, 0] <= chosen) & (chosen <= stretches[:, -1])).all()
    assert (np.diff(ranks[positions]) < 0).any()
    np.testing.assert_array_equal(positions, sampled_texts(prepared, count=20))
    ids, _ = plain.sample(positions)
    assert ids.shape == (20, 50)
    assert (changed.sample(positions)[0].numpy() != ids.numpy()).mean() > 0.2


def test_a_run_tells_what_was_read(tmp_path: Path) -> None:
    run = trained(tmp_path)
    facts = run.facts()
    assert facts["task"] == "text_classification"
    words = facts["words"]
    assert (words["vocabulary"], words["max_length"], words["keep"]) == (500, 50, "start")
    train = words["splits"]["train"]
    assert train["texts"] == 120
    assert 0 < train["unknown"] < train["words"] <= 120 * 50
    assert 0 < train["cut"] <= 120
    lengths = json.loads((run.plot_data / "lengths.json").read_text())
    assert lengths["cut"]["train"] == train["cut"] / 120
    assert sum(sum(each["counts"]) for each in lengths["splits"]["train"].values()) == 120
    samples = json.loads((run.plot_data / "samples.json").read_text())
    assert len(samples["texts"]) == len(samples["labels"]) == len(samples["lengths"]) == 25
    assert (samples["max_length"], samples["unit"]) == (50, "words")
    # As often as in the split, give or take the one stretch of lengths in which the limit lies.
    assert abs(sum(length > 50 for length in samples["lengths"]) / 25 - train["cut"] / 120) <= 1 / 25
    assert samples["lengths"] != sorted(samples["lengths"])
    for text, length in zip(samples["texts"], samples["lengths"], strict=True):
        assert text.endswith("…") or len(text.split()) == min(length, 50)
    started = json.loads(run.events_file.read_text().splitlines()[0])
    assert "500 words known" in started["reading"]
    assert "cut to 50 words (start kept)" in started["reading"]


def test_the_saved_networks_take_raw_text_and_have_no_optimizer(tmp_path: Path) -> None:
    import tensorflow as tf

    from aimodels.training.state_files import newest_state

    run = trained(tmp_path)
    for which in ("best", "last"):
        model = run.model(which)
        assert getattr(model, "optimizer", None) is None
        assert model(tf.constant(["good", ""])).shape == (2, 1)
    state = newest_state(run)
    assert state is not None
    # The first variable of an optimizer counts its steps.
    assert state.values["optimizer/00000"] == 2 * facts_steps(run)


def facts_steps(run: RunFolder) -> int:
    steps: int = run.facts()["steps_per_epoch"]
    return steps


@pytest.mark.parametrize(
    ("data", "overrides", "path"),
    [
        (BASE, ["train.augment={rotate: 0.1}"], "train.augment"),
        (
            "data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mlp}\n",
            ["train.augment={word_dropout: 0.1}"],
            "train.augment",
        ),
        (
            "data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mlp}\n",
            ["train.batch_size={tokens: 100}"],
            "train.batch_size",
        ),
    ],
)
def test_what_fits_another_kind_of_data_is_refused(tmp_path: Path, data: str, overrides: list[str], path: str) -> None:
    from aimodels.training.train import train

    (tmp_path / "wrong.yaml").write_text(data)
    with pytest.raises(ConfigError) as caught:
        train(load(tmp_path / "wrong.yaml", overrides=overrides), RunPlace(tmp_path / "runs"))
    assert caught.value.code == "AM311"
    assert caught.value.problems[0].path == path
    assert not (tmp_path / "runs").exists()


def test_an_architecture_for_images_says_what_it_takes(tmp_path: Path) -> None:
    from aimodels.training.train import train

    (tmp_path / "wrong.yaml").write_text("data: {name: imdb, source: sample, limit: 50}\nmodel: {name: cnn}\n")
    with pytest.raises(ConfigError, match='"cnn" takes images, and the data are texts') as caught:
        train(load(tmp_path / "wrong.yaml"), RunPlace(tmp_path / "runs"))
    assert caught.value.code == "AM306"
