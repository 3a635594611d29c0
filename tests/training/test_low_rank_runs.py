"""A run whose encoder is changed with low rank: plain where it answers, apart where training goes on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.config.loading import load
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

BASE = """
name: changed
seed: 3
data: {name: imdb, source: sample, limit: 60}
model:
  name: bert
  encoder: tiny
  wordpieces: {max_length: 24}
  lora: {rank: 3, on: [query, value, inner]}
train: {epochs: 2, batch_size: 16, optimizer: {name: adam, learning_rate: 5e-2}}
"""
# Two blocks: query and value from 16 numbers to 16, inner from 16 to 32; and the head.
NUM_TRAINED = 2 * 3 * (32 + 32 + 48) + 17

APART = "apart.keras"  # the network as it was trained, beside the runs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    from aimodels.training import preparing
    from aimodels.training.train import train

    folder = tmp_path_factory.mktemp("low_rank")
    encoder = write_tiny_encoder(folder / "tiny")
    (folder / "changed.yaml").write_text(BASE.replace("tiny", str(encoder)))
    save_last = preparing.Prepared.save_last

    def save_apart_too(prepared: Any, run: RunFolder, *, epoch: int) -> None:
        prepared.network.whole.save(folder / APART)
        save_last(prepared, run, epoch=epoch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing.Prepared, "save_last", save_apart_too)
        return train(load(folder / "changed.yaml"), RunPlace(folder / "runs"))


def read(path: Path) -> Any:
    import keras

    from aimodels.runs.loading import register_layers

    register_layers()
    return keras.saving.load_model(path, compile=False)


def changes_in(model: Any) -> int:
    from aimodels.layers.low_rank import LowRank

    return sum(isinstance(layer, LowRank) for layer in model._flatten_layers())


def as_trained(run: RunFolder) -> Any:
    return read(run.path.parent.parent / APART)


def test_the_checkpoints_are_plain(run: RunFolder) -> None:
    best, last, apart = read(run.checkpoint("best")), read(run.checkpoint("last")), as_trained(run)
    assert (changes_in(best), changes_in(last), changes_in(apart)) == (0, 0, 6)
    facts = run.facts()
    assert facts["choices"]["encoder"] == str(Path(run.config.model.encoder).absolute())
    assert (
        facts["num_parameters"]
        == best.count_params()
        == last.count_params()
        == apart.count_params() - (NUM_TRAINED - 17)
    )
    assert facts["num_trainable"] == NUM_TRAINED
    assert sum(int(np.prod(weight.shape)) for weight in apart.trainable_variables) == NUM_TRAINED


def test_the_last_checkpoint_answers_as_it_was_trained(run: RunFolder) -> None:
    from aimodels.runs.loading import load_model

    texts = np.array(["a good film", "boring, bad and awful", ""], dtype=object)
    apart, merged = as_trained(run), load_model(run, "last")
    assert changes_in(merged) == 0
    np.testing.assert_allclose(merged.predict(texts, verbose=0), apart.predict(texts, verbose=0), atol=1e-5)


def test_something_was_changed(run: RunFolder) -> None:
    from aimodels.encoders.finding import find_encoder
    from aimodels.layers.low_rank import LowRank

    for layer in as_trained(run)._flatten_layers():
        if isinstance(layer, LowRank):
            assert np.abs(layer.as_kernel()).max() > 1e-3
    encoder = find_encoder(run.config.model.encoder)
    [block] = [one for one in read(run.checkpoint("best"))._flatten_layers() if one.name == "encoder_block_1"]
    kernel, given = block.attention.get_weights()[0], encoder.weights()
    np.testing.assert_array_equal(kernel[:, 16:32], given["block_1/key/kernel"])
    assert np.abs(kernel[:, :16] - given["block_1/query/kernel"]).max() > 1e-3
