"""Layers that begin to train in a later epoch: their `trains_from`, 0 (the first epoch) unless they have one."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from aimodels.data.plurals import counted
from aimodels.events import warn
from aimodels.layers.encoder_embeddings import EncoderEmbeddings
from aimodels.training.schedules import Steps


def train_layers(model: keras.Model, *, epoch: int) -> bool:
    """Let those layers train whose epoch (counted from 0) has come, and no other; whether that changed anything."""
    changed = False
    for layer in late_layers(model):
        before = layer.trainable
        layer.trainable = layer.trains_from <= epoch
        changed |= layer.trainable != before
    return changed


def trained_variables(model: keras.Model, *, steps: Steps) -> list[Any]:
    """The variables that train in some epoch; the layers are left as they are in the last one."""
    train_layers(model, epoch=steps.epochs - 1)
    return list(model.trainable_variables)


def num_trained(model: keras.Model, *, steps: Steps) -> int:
    """How many numbers train in some epoch."""
    late = (layer for layer in late_layers(model) if layer.trains_from < steps.epochs)
    variables = [*model.trainable_variables, *(weight for layer in late for weight in layer.weights)]
    return sum(math.prod(each.shape) for each in {id(each): each for each in variables}.values())


def starts_of(model: keras.Model, variables: Sequence[Any], *, steps: Steps) -> tuple[int, ...]:
    """The step at which each variable begins to train; empty where all do with the first."""
    starts = {
        id(variable): layer.trains_from * steps.per_epoch
        for layer in late_layers(model)
        for variable in layer.variables
    }
    return tuple(starts.get(id(variable), 0) for variable in variables) if starts else ()


def late_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that begin later, and are not frozen for good."""
    layers = model._flatten_layers(include_self=False)
    return [each for each in layers if getattr(each, "trains_from", 0) and not getattr(each, "frozen", False)]


def in_words(model: keras.Model, *, steps: Steps) -> str:
    """When the layers begin to train; empty where all do at once."""
    late = late_layers(model)
    if not late:
        return ""
    joining = [layer for layer in late if layer.trains_from < steps.epochs]
    if not joining:
        return f"the head alone; {_named(late)} never train"
    epochs = sorted(layer.trains_from + 1 for layer in joining)
    when = (
        f"in epoch {epochs[0]}" if epochs[0] == epochs[-1] else f"from epoch {epochs[0]} on, the last in {epochs[-1]}"
    )
    parts = ["the head alone first", f"{_named(joining)} {_verb(joining, 'joins', 'join')} {when}"]
    never = [layer for layer in late if layer not in joining]
    return "; ".join([*parts, f"{_named(never)} never {_verb(never, 'trains', 'train')}"] if never else parts)


def warn_of_late_layers(model: keras.Model, *, steps: Steps) -> None:
    """Warn if training ends before all layers have joined."""
    never = [layer for layer in late_layers(model) if layer.trains_from >= steps.epochs]
    if never:
        first, last = (found(layer.trains_from + 1 for layer in never) for found in (min, max))
        when = f"in epoch {first}" if first == last else f"in the epochs {first} to {last}"
        warn(
            "AM574",
            f"{_named(never)} never {_verb(never, 'trains', 'train')}: {_verb(never, 'it', 'they')} would join {when}, "
            f"and training ends after {counted(steps.epochs, 'epoch')}",
            help=f"train.epochs={last} or more, so that the last one trains for an epoch; a smaller "
            "model.unfreeze_every; or model.freeze, to keep them as they are on purpose",
        )


def _named(layers: Sequence[keras.layers.Layer]) -> str:
    """How many blocks these are, and whether the embeddings are among them."""
    num_blocks = sum(not isinstance(layer, EncoderEmbeddings) for layer in layers)
    blocks = [counted(num_blocks, "block")] if num_blocks else []
    return " and ".join([*blocks, *["the embeddings"] * (num_blocks < len(layers))])


def _verb(layers: Sequence[keras.layers.Layer], one: str, many: str) -> str:
    is_one_block = len(layers) == 1 and not isinstance(layers[0], EncoderEmbeddings)
    return one if is_one_block else many
