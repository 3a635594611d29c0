"""A run goes on with its encoder at another place, and with no other encoder."""

from pathlib import Path

import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.config.loading import load
from aimodels.errors import FailedError
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace
from aimodels.runs.resuming import expect_same, going_on

pytestmark = pytest.mark.tensorflow

CONFIG = """
seed: 3
data: {name: imdb, source: sample, limit: 40}
model: {name: bert, encoder: here, freeze: all, wordpieces: {max_length: 12}}
train: {epochs: 1, batch_size: 16}
"""


def gone_on_with(run: RunFolder, encoder: str) -> RunFolder:
    from aimodels.training.train import train

    asked = load(run.resolved_file, overrides=[f"model.encoder={encoder}", "train.epochs=2"]).config
    expect_same(asked, run, is_inferred=True)
    return train(going_on(run, asked), RunPlace(run.path.parent, resumed=run))


def test_an_encoder_that_has_moved_is_named_and_another_one_is_refused() -> None:
    from aimodels.training.train import train

    write_tiny_encoder(Path("here"))
    Path("moved.yaml").write_text(CONFIG)
    run = train(load(Path("moved.yaml")), RunPlace(Path("runs")))
    Path("here").rename("there")

    other = write_tiny_encoder(Path("other"))
    pieces = other / "vocab.txt"
    pieces.write_text(pieces.read_text(encoding="utf-8").replace("film", "opus"), encoding="utf-8")
    with pytest.raises(FailedError, match="its sizes, its pieces or its rules are others") as caught:
        gone_on_with(run, "other")
    assert caught.value.code == "AM406"

    run = gone_on_with(RunFolder(run.path), "there")
    assert (run.facts()["status"], run.facts()["epochs_done"]) == ("finished", 2)
    assert RunFolder(run.path).config.model.encoder == "there"
