"""The best network is written while training goes on: as it was when it was the best, like one saved at once."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.config.loading import load
from aimodels.errors import MachineError
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

IMAGES = """
name: kept
seed: 3
data: {name: mnist, source: sample, limit: 200, validation: 0}
model: {name: cnn, filters: [4], dropout: 0.3, batch_norm: true}
train: {epochs: 3, batch_size: 32, monitor: loss, ema: 0.9, precision: mixed_bfloat16}
"""
GRADUAL = """
name: kept
seed: 3
data: {name: imdb, source: sample, limit: 60, validation: 0}
model:
  name: bert
  encoder: tiny
  wordpieces: {max_length: 16}
  unfreeze_every: 1
train: {epochs: 3, batch_size: 16, monitor: loss, optimizer: {name: adam, learning_rate: 1e-3}}
"""
LOW_RANK = GRADUAL.replace("unfreeze_every: 1", "lora: {rank: 2, on: [query]}")
CONFIGS = {"average and half precision": IMAGES, "layers that join": GRADUAL, "low rank": LOW_RANK}


def content(path: Path) -> tuple[Any, list[Any]]:
    """The layers of a `.keras` file, and its weights in their order."""
    import keras

    with zipfile.ZipFile(path) as archive:
        layers = json.loads(archive.read("config.json"))
    return without_identities(layers), keras.saving.load_model(path, compile=False).get_weights()


def without_identities(value: Any) -> Any:
    """Layers that share an object say so by a number that every process chooses anew."""
    if isinstance(value, dict):
        return {key: without_identities(item) for key, item in value.items() if key != "shared_object_id"}
    return [without_identities(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_best_network_is_the_one_after_its_epoch(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import preparing
    from aimodels.training.checkpoints import save_network
    from aimodels.training.progress import Watch
    from aimodels.training.train import train

    encoder = write_tiny_encoder(tmp_path / "tiny")
    (tmp_path / "kept.yaml").write_text(config.replace("tiny", str(encoder)))
    best, epochs = preparing.Prepared.best, []

    def saved_at_once_too(prepared: Any, run: RunFolder, *, epoch: int) -> Any:
        with prepared.model.averaged():
            save_network(run, prepared.network.whole, which=f"at-once-{epoch}")
        write = best(prepared, run, epoch=epoch)
        # The network trains on before it is written.
        trained = prepared.network.whole.get_weights()
        prepared.network.whole.set_weights([value + 1 for value in trained])

        def kept_apart() -> Path:
            path = write()
            path.with_stem(f"kept-{epoch}").write_bytes(path.read_bytes())
            return path

        try:
            kept_apart()
        finally:
            prepared.network.whole.set_weights(trained)
        epochs.append(epoch)
        return lambda: run.checkpoint("best")

    def always_better(watch: Watch, epoch: int, metrics: dict[str, float]) -> Watch:
        return replace(watch, best=metrics[watch.metric], improved_at=epoch)

    monkeypatch.setattr(Watch, "after", always_better)
    monkeypatch.setattr(preparing.Prepared, "best", saved_at_once_too)
    run = train(load(tmp_path / "kept.yaml"), RunPlace(tmp_path / "runs"))
    assert epochs == [1, 2, 3]
    for epoch in epochs:
        (layers, weights), (wanted_layers, wanted) = (
            content(run.checkpoint(f"{when}-{epoch}")) for when in ("kept", "at-once")
        )
        assert layers == wanted_layers
        for mine, other in zip(weights, wanted, strict=True):
            np.testing.assert_array_equal(mine, other, err_msg=f"epoch {epoch}")


def model_of(*biases: float) -> Any:
    """Layers in a row with biases of their own, and kernels that differ by them."""
    import keras

    layers = [keras.layers.Dense(2) for _ in biases]
    model = keras.Sequential([keras.Input((2,)), *layers])
    for layer, bias in zip(layers, biases, strict=True):
        layer.set_weights([np.full((2, 2), bias * 10), np.full(2, bias)])
    return keras.Model(model.inputs[0], model.outputs[0])


def test_weights_that_were_equal_are_told_apart_once_they_differ(tmp_path: Path) -> None:
    from aimodels.training.checkpoints import BestNetwork

    run, model = RunFolder(tmp_path), model_of(*range(11))
    best = BestNetwork(model)
    # A file has the eleventh layer, `dense_10`, before the third, `dense_2`. Equal at first, equal still, different,
    # equal again: the second and the last are written without Keras.
    for third, last in ((1, 1), (3, 3), (5, 6), (8, 8)):
        biases = (0, 1, third, 3, 4, 5, 6, 7, 8, 9, last)
        model.set_weights(model_of(*biases).get_weights())
        write = best.copied(run)
        model.set_weights(model_of(*[0] * 11).get_weights())
        assert write() == run.checkpoint("best")
        _, weights = content(run.checkpoint("best"))
        assert [bias[0] for bias in weights[1::2]] == list(biases)
        assert [kernel[1, 1] for kernel in weights[::2]] == [bias * 10 for bias in biases]


def test_a_file_of_other_weights_is_not_taken_for_these(tmp_path: Path) -> None:
    from aimodels.training.network_file import NetworkFile

    model = model_of(1, 2)
    weights = model.get_weights()
    model.save(path := tmp_path / "network.keras")
    assert NetworkFile.of(path, weights=weights) is not None
    assert NetworkFile.of(path, weights=weights[:-1]) is None
    assert NetworkFile.of(path, weights=[*weights[:-1], weights[-1] + 1]) is None


def test_a_best_network_that_cannot_be_written_ends_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training import network_file
    from aimodels.training.train import train

    def full(file: Any, path: Path, *, weights: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(network_file.NetworkFile, "write", full)
    (tmp_path / "kept.yaml").write_text(IMAGES)
    with pytest.raises(MachineError, match=r"the disk is full: cannot write .*best\.keras") as told:
        train(load(tmp_path / "kept.yaml"), RunPlace(tmp_path / "runs"))
    assert told.value.code == "AM704"
    [run] = [path for path in (tmp_path / "runs").iterdir() if path.is_dir() and not path.is_symlink()]
    facts = RunFolder(run).facts()
    assert (facts["status"], facts["error"]["code"]) == ("failed", "AM704")
    # The state of the epoch before is there, and none that says of a network that it is the best which is not there.
    assert [path.name.split("-")[0] for path in RunFolder(run).states.glob("*.safetensors")] == ["1"]
