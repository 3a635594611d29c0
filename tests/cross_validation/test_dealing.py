"""The data of a cross-validation, dealt out before anything is trained, and the config of each fold."""

from pathlib import Path

import pytest

from aimodels.config.loading import load
from aimodels.cross_validation.dealing import config_of, deal_out
from aimodels.errors import ConfigError, MissingError
from aimodels.events import Inferred, listening

IMAGES = """
data: {name: mnist, source: sample, limit: 100}
model: {name: mlp}
train: {folds: 4}
"""
TABLE = """
data: {name: csv, path: rows.csv, target: kind}
model: {name: mlp}
train: {folds: 3}
"""


def loaded(text, *overrides):
    Path("config.yaml").write_text(text)
    return load(Path("config.yaml"), overrides=overrides)


def test_every_example_is_dealt_out():
    dealt = deal_out(loaded(IMAGES))
    assert dealt.of == 4
    assert sorted(set(dealt.numbers.tolist())) == [1, 2, 3, 4]
    assert len(dealt.numbers) == len(dealt.whole.train) == 100


def test_the_config_of_a_fold_is_an_ordinary_one():
    config = config_of(loaded(IMAGES).config, number=2, of=4)
    assert (config.data.fold.number, config.data.fold.of) == (2, 4)
    assert config.train.folds is None
    assert config.data.limit == 100


def test_what_was_inferred_is_told_once_and_kept_for_every_fold():
    Path("rows.csv").write_text("amount,kind\n" + "".join(f"{row % 7 / 2},{'ab'[row % 2]}\n" for row in range(60)))
    heard = []
    with listening(heard.append):
        dealt = deal_out(loaded(TABLE, "data.validation=0.2"))
    assert sum(isinstance(event, Inferred) for event in heard) == 1
    config = config_of(dealt.loaded.config, number=1, of=3)
    assert config.data.columns["amount"].kind == "number"
    assert (config.data.validation, config.data.test) == (0.2, 0.15)
    heard.clear()
    with listening(heard.append):
        deal_out(dealt.loaded)
    assert not [event for event in heard if isinstance(event, Inferred)]


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (["train.folds=101"], "AM125"),
        (["data.fold.number=1", "data.fold.of=2"], "AM128"),
        (["model.name=lstm"], "AM306"),
    ],
)
def test_what_cannot_be_dealt_out_is_found_before_any_training(overrides, code):
    with pytest.raises(ConfigError) as caught:
        deal_out(loaded(IMAGES, *overrides))
    assert caught.value.code == code


def test_missing_data_is_missing():
    with pytest.raises(MissingError):
        deal_out(loaded(TABLE))
