"""Layers that begin to train in a later epoch: their `trains_from`, 0 (the first epoch) unless they have one."""

import math
from collections.abc import Sequence
from typing import Any

import keras

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
    epochs = sorted(layer.trains_from + 1 for layer in late_layers(model))
    if not epochs:
        return ""
    reached = [epoch for epoch in epochs if epoch <= steps.epochs]
    parts = ["the head alone first"]
    if reached:
        parts.append(
            f"{len(reached)} of {len(epochs)} layers join from epoch {reached[0]} on, the last in {reached[-1]}"
        )
    if len(reached) < len(epochs):
        parts.append(f"{len(epochs) - len(reached)} would join after the last epoch and never train")
    return "; ".join(parts)
