"""Columns of numbers to inputs of a network: holes filled, outliers pulled in, scaled or cut into bins."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.data.number_scaling import NumberScaling


@keras.saving.register_keras_serializable(package="aimodels")
class NumberColumns(keras.layers.Layer):
    """From one tensor per column, float32 [N], to the inputs that all of them become, float32 [N, F].

    First what is scaled, a number per column; then what is 1 where a number is missing; then the bins. What is not
    finite is missing, and what comes out is always finite.
    """

    def __init__(self, columns: Sequence[NumberScaling | Mapping[str, Any]], **layer: Any) -> None:
        super().__init__(**{"dtype": "float32", **layer})
        self.columns = tuple(one if isinstance(one, NumberScaling) else _scaling(one) for one in columns)
        self._scaled = [number for number, one in enumerate(self.columns) if not one.edges]
        self._logs = [place for place, number in enumerate(self._scaled) if self.columns[number].log]
        self._indicators = [number for number, one in enumerate(self.columns) if one.indicator]
        self._binned = [number for number, one in enumerate(self.columns) if one.edges]

    @property
    def features(self) -> tuple[str, ...]:
        """What each input is called."""
        values = [one.features[: len(one.edges) + 1] for one in self.columns]
        scaled = [values[number][0] for number in self._scaled]
        indicators = [self.columns[number].features[-1] for number in self._indicators]
        return (*scaled, *indicators, *(name for number in self._binned for name in values[number]))

    def call(self, columns: Sequence[Any]) -> Any:
        """float32 [N, F] of one float32 [N] per column."""
        return self.features_of(tf.stack(columns, axis=1))

    def features_of(self, matrix: Any) -> Any:
        """float32 [N, F] of the columns side by side, float32 [N, columns]."""
        is_missing = tf.logical_not(tf.math.is_finite(matrix))
        clipped = tf.clip_by_value(matrix, self._each("low"), self._each("high"))
        filled = tf.where(is_missing, self._each("fill"), clipped)
        parts = [self._scaled_of(filled)] if self._scaled else []
        if self._indicators:
            parts.append(tf.cast(tf.gather(is_missing, self._indicators, axis=1), tf.float32))
        parts += [_bins_of(filled[:, number], edges=self.columns[number].edges) for number in self._binned]
        return tf.concat(parts, axis=1)

    def compute_output_spec(self, columns: Sequence[Any]) -> keras.KerasTensor:
        """One row per row."""
        return keras.KerasTensor((columns[0].shape[0], len(self.features)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        return {**super().get_config(), "columns": [asdict(one) for one in self.columns]}

    def _scaled_of(self, filled: Any) -> Any:
        """(x - center) / spread, of x or of its logarithm."""
        if self._binned:
            filled = tf.gather(filled, self._scaled, axis=1)
        if self._logs:
            # In float64: in float32 the last digit depends on where in its batch a number stands.
            some = tf.cast(tf.gather(filled, self._logs, axis=1), tf.float64)
            logs = tf.cast(tf.sign(some) * tf.math.log1p(tf.abs(some)), tf.float32)
            order = np.arange(len(self._scaled))
            order[self._logs] = len(self._scaled) + np.arange(len(self._logs))
            filled = tf.gather(tf.concat([filled, logs], axis=1), order, axis=1)
        scaled = (filled - self._each("center", self._scaled)) / self._each("spread", self._scaled)
        limit = self._each("limit", self._scaled)
        return tf.clip_by_value(scaled, -limit, limit)

    def _each(self, field: str, numbers: Sequence[int] | None = None) -> Any:
        """A field of every column, or of these."""
        columns = self.columns if numbers is None else [self.columns[number] for number in numbers]
        return np.array([getattr(one, field) for one in columns], dtype=np.float32)


def _scaling(config: Mapping[str, Any]) -> NumberScaling:
    return NumberScaling(**{**config, "edges": tuple(config["edges"])})


def _bins_of(values: Any, *, edges: Sequence[float]) -> Any:
    """One-hot of the bin of each value, float32 [N, len(edges) + 1]."""
    place = tf.searchsorted(tf.constant(edges, dtype=tf.float32), values, side="right")
    return tf.one_hot(place, len(edges) + 1)
