"""Gradual unfreezing: which layers train in which epoch, and that nothing else changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimodels.config.loading import load
from aimodels.events import Event, Warned, listening
from aimodels.runs.folder import RunFolder
from aimodels.runs.place import RunPlace

pytestmark = pytest.mark.tensorflow

BASE = """
name: gradual
seed: 3
data: {name: imdb, source: sample, limit: 40}
model:
  name: bert
  encoder: random
  sizes: {vocabulary: 300, blocks: 2, size: 16, heads: 2, feed_forward: 32}
  wordpieces: {max_length: 16}
  unfreeze_every: 1
train: {epochs: 3, batch_size: 20, optimizer: {name: adam, learning_rate: 1e-2}}
"""
LAYERS = ("encoder_embeddings", "encoder_block_1", "encoder_block_2")


def trained(tmp_path: Path, *overrides: str) -> tuple[RunFolder, list[dict[str, np.ndarray]]]:
    """A run, and the weights of its layers before the first epoch and after each."""
    from aimodels.training import fitting, preparing
    from aimodels.training.train import train

    (tmp_path / "gradual.yaml").write_text(BASE)
    seen: list[dict[str, np.ndarray]] = []

    def look(prepared: Any) -> None:
        layers = {layer.name: layer for layer in prepared.model.layers if layer.weights}
        seen.append({name: np.concatenate([w.ravel() for w in each.get_weights()]) for name, each in layers.items()})

    end_epoch, feed = fitting.end_epoch, preparing.Prepared.feed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing.Prepared, "feed", lambda self, between: look(self) or feed(self, between))
        patch.setattr(
            fitting, "end_epoch", lambda run, prepared, **kw: look(prepared) or end_epoch(run, prepared, **kw)
        )
        run = train(load(tmp_path / "gradual.yaml", overrides=overrides), RunPlace(tmp_path / "runs"))
    return run, seen


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> list[str]:
    return [name for name in before if not np.array_equal(before[name], after[name])]


def test_the_head_trains_first_and_then_a_block_more_from_the_top(tmp_path: Path) -> None:
    heard: list[Event] = []
    with listening(heard.append):
        run, (start, first, second, third) = trained(tmp_path)
    heads = [name for name in start if name not in LAYERS]
    assert heads
    assert changed(start, first) == heads
    assert changed(first, second) == ["encoder_block_2", *heads]
    assert changed(second, third) == ["encoder_block_1", "encoder_block_2", *heads]
    told = run.facts()["choices"]["unfreezing"]
    assert told == ("the head alone first; 2 blocks join from epoch 2 on, the last in 3; the embeddings never train")
    assert messages(heard) == [
        "the embeddings never train: they would join in epoch 4, and training ends after 3 epochs"
    ]


def test_what_is_frozen_for_good_is_never_reached(tmp_path: Path) -> None:
    run, seen = trained(tmp_path, "model.freeze=1", "train.epochs=4")
    assert changed(seen[0], seen[-1]) == [name for name in seen[0] if name not in LAYERS[:2]]
    assert run.facts()["choices"]["unfreezing"] == "the head alone first; 1 block joins in epoch 2"


def test_blocks_that_training_does_not_reach_are_a_warning() -> None:
    import keras

    from aimodels.layers.encoder_embeddings import EncoderEmbeddings
    from aimodels.training.schedules import Steps
    from aimodels.training.unfreezing import in_words, warn_of_late_layers

    class Embeddings(EncoderEmbeddings):
        """Embeddings without the vectors."""

        def __init__(self) -> None:
            keras.layers.Layer.__init__(self)

    class Layers:
        """What these functions look at of a network."""

        def __init__(self, *layers: Any) -> None:
            self.layers = layers

        def _flatten_layers(self, include_self: bool) -> Any:
            return self.layers

    layers: list[Any] = [Embeddings(), *(keras.layers.Dense(1) for _ in range(2))]
    for layer, epoch in zip(layers, (6, 4, 2), strict=True):
        layer.trains_from = epoch
    model: Any = Layers(*layers)
    told = {}
    for epochs in (2, 3, 5, 7):
        heard: list[Event] = []
        with listening(heard.append):
            warn_of_late_layers(model, steps=Steps(per_epoch=1, epochs=epochs))
        told[epochs] = messages(heard)
    assert told == {
        2: [
            "2 blocks and the embeddings never train: they would join in the epochs 3 to 7, and training ends after "
            "2 epochs"
        ],
        3: [
            "1 block and the embeddings never train: they would join in the epochs 5 to 7, and training ends after "
            "3 epochs"
        ],
        5: ["the embeddings never train: they would join in epoch 7, and training ends after 5 epochs"],
        7: [],
    }
    assert heard == []
    assert (
        in_words(model, steps=Steps(per_epoch=1, epochs=2)) == "the head alone; 2 blocks and the embeddings never train"
    )


def messages(heard: list[Event]) -> list[str]:
    return [event.message for event in heard if isinstance(event, Warned) and event.code == "AM574"]


def test_the_optimizer_knows_what_ever_trains_and_when() -> None:
    import keras

    from aimodels.training.schedules import Steps
    from aimodels.training.unfreezing import starts_of, train_layers, trained_variables

    layers = [keras.layers.Dense(1, use_bias=False) for _ in range(3)]
    model = keras.Sequential([keras.layers.Input((1,)), *layers])
    layers[0].trains_from, layers[1].trains_from = 5, 2
    steps = Steps(per_epoch=10, epochs=4)
    variables = trained_variables(model, steps=steps)
    assert [id(each) for each in variables] == [id(layer.kernel) for layer in layers[1:]]
    assert starts_of(model, variables, steps=steps) == (20, 0)
    assert train_layers(model, epoch=0)
    assert [layer.trainable for layer in layers] == [False, False, True]
    assert not train_layers(model, epoch=1)
    assert train_layers(model, epoch=2)
    assert [layer.trainable for layer in layers] == [False, True, True]


def test_the_rate_of_a_lower_block_is_smaller(tmp_path: Path) -> None:
    _, (start, end) = trained(
        tmp_path, "model.unfreeze_every=null", "model.learning_rate_decay=0.01", "train.epochs=1", "train.batch_size=40"
    )
    moved = [float(np.abs(end[name] - start[name]).max()) for name in reversed(LAYERS)]
    # The first step of Adam is as long as the rate, whatever the gradient.
    np.testing.assert_allclose(moved, [1e-2, 1e-4, 1e-6], rtol=0.1)
