"""Changes of low rank, which train in the place of kernels that stay as they are (LoRA), and how they are merged."""

import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

Weights = list[npt.NDArray[np.float32]]


@keras.saving.register_keras_serializable(package="aimodels")
class LowRank(keras.layers.Layer):
    """From rows [N, features] to alpha / rank * (rows . down) . up, [N, units], with two thin matrices.

    Hu et al. (2021), "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1: `down` begins at random and
    `up` at 0, so that nothing is changed before the first step.
    """

    def __init__(self, units: int, *, rank: int, alpha: float, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.rank, self.alpha = units, rank, alpha

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make `down` [features, rank] and `up` [rank, units]."""
        shape = (input_shape[-1], self.rank)
        self.down = self.add_weight(name="down", shape=shape, initializer="he_uniform")
        self.up = self.add_weight(name="up", shape=(self.rank, self.units), initializer="zeros")

    def call(self, rows: Any) -> Any:
        """What is added to rows . kernel."""
        return tf.matmul(tf.matmul(rows, self.down) * self.scale, self.up)

    @property
    def scale(self) -> float:
        """By what the product of both is multiplied."""
        return self.alpha / self.rank

    def as_kernel(self) -> npt.NDArray[np.float32]:
        """What is added to the kernel when the change is merged into it, [features, units]."""
        down, up = (keras.ops.convert_to_numpy(matrix) for matrix in (self.down, self.up))
        return np.asarray(self.scale * (down @ up), dtype=np.float32)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[N, units]."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "units": self.units, "rank": self.rank, "alpha": self.alpha}


@keras.saving.register_keras_serializable(package="aimodels")
class LowRankDense(keras.layers.Dense):
    """`keras.layers.Dense` whose kernel gets a change of low rank, before the activation."""

    def __init__(self, units: int, activation: Any = None, *, rank: int, alpha: float, **options: Any) -> None:
        super().__init__(units, activation, **options)
        self.change = LowRank(units, rank=rank, alpha=alpha, name="change", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights of both."""
        super().build(input_shape)
        self.change.build(input_shape)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """activation(inputs . kernel + bias + change)."""
        flow = tf.nn.bias_add(tf.matmul(inputs, self.kernel), self.bias) + self.change(inputs)
        return self.activation(flow)

    def merged_weights(self) -> Weights:
        """Kernel and bias of the plain layer that answers alike."""
        kernel, bias = map(keras.ops.convert_to_numpy, (self.kernel, self.bias))
        return [kernel + self.change.as_kernel(), bias]

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "rank": self.change.rank, "alpha": self.change.alpha}


def has_changes(model: keras.layers.Layer) -> bool:
    """Whether there is a change of low rank in it."""
    return any(isinstance(layer, LowRank) for layer in model._flatten_layers())


def train_only_changes(layer: keras.layers.Layer) -> None:
    """Of the weights of a layer, leave only those of its changes trainable."""
    chosen = changing(layer)
    for weight in layer.weights:
        weight.trainable = weight.trainable and id(weight) in chosen


def changing(layer: keras.layers.Layer) -> set[int]:
    """The identities of the weights of its changes."""
    changes = (part for part in layer._flatten_layers() if isinstance(part, LowRank))
    return {id(weight) for change in changes for weight in change.weights}


def num_merged_parameters(model: keras.Model) -> int:
    """How many parameters the network has once its changes of low rank are merged into the kernels."""
    changes = (layer for layer in model._flatten_layers() if isinstance(layer, LowRank))
    return int(model.count_params()) - sum(int(change.count_params()) for change in changes)


def merged(model: keras.Model) -> keras.Model:
    """The same network with every change of low rank part of its kernel; the model itself if there is none.

    What comes out is made of the same layers as a network that was trained without.
    """
    if not has_changes(model):
        return model
    serialized = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    twin = keras.saving.deserialize_keras_object(_without_changes(serialized))
    weights = [weight for layer in _weighted(twin) for weight in _own(layer)]
    for weight, value in zip(weights, merged_values(model), strict=True):
        weight.assign(value)
    return twin


def merged_values(model: keras.Model) -> Weights:
    """A copy of the weights that `merged` would have."""
    return [
        np.array(value)
        for layer in _weighted(model)
        for value in (layer.merged_weights() if hasattr(layer, "merged_weights") else map(_numbers, _own(layer)))
    ]


def _without_changes(value: Any) -> Any:
    """The serialized network without options of that kind."""
    if isinstance(value, Mapping):
        return {
            # A column of a table may have that name as well.
            key: None if key == "low_rank" and _is_option(item) else _without_changes(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        # Options are values of mappings; a list may be a vocabulary.
        return [_without_changes(item) if isinstance(item, dict | list) else item for item in value]
    return value


def _is_option(value: Any) -> bool:
    return isinstance(value, Mapping) and "rank" in value


def _weighted(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with weights of their own, in order, without the changes."""
    return [layer for layer in model._flatten_layers() if _own(layer) and not isinstance(layer, LowRank)]


def _own(layer: keras.layers.Layer) -> list[Any]:
    """The weights of a layer that are not in a layer inside it."""
    inside = {id(weight) for part in layer._flatten_layers(include_self=False) for weight in part.weights}
    return [weight for weight in layer.weights if id(weight) not in inside]


def _numbers(weight: Any) -> npt.NDArray[Any]:
    return np.asarray(keras.ops.convert_to_numpy(weight))
