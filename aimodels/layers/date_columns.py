"""Columns of dates to inputs of a network: their parts, scaled or as sine and cosine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from aimodels.data.date_scaling import CYCLES, PARTS, DateScaling, PartScaling, waves
from aimodels.data.number_scaling import LIMIT
from aimodels.layers.cells import cleaned
from aimodels.layers.date_parsing import dates_of

ON_CPU = partial(tf.device, "CPU:0")  # there are no strings on a GPU


@keras.saving.register_keras_serializable(package="aimodels")
class DateColumns(keras.layers.Layer):
    """From one tensor per column, UTF-8 string [N], to the inputs that all of them become, float32 [N, F].

    A cell that is no date of its column's format is missing, as are the words in `missing`: all zeros, but for the
    input that says so.
    """

    def __init__(
        self, columns: Sequence[DateScaling | Mapping[str, Any]], *, missing: Sequence[str] = (), **layer: Any
    ) -> None:
        super().__init__(**{"dtype": "float32", **layer})
        self.columns = tuple(one if isinstance(one, DateScaling) else _scaling(one) for one in columns)
        self.missing = tuple(missing)
        self._convert_input_args = False  # Keras would refuse strings
        self._allow_non_tensor_positional_args = True
        self.supports_jit = False

    @property
    def features(self) -> tuple[str, ...]:
        """What each input is called."""
        return tuple(name for column in self.columns for name in column.features)

    def call(self, columns: Sequence[Any]) -> Any:
        """float32 [N, F] of one string [N] per column."""
        return tf.concat([self.features_of(cells, number) for number, cells in enumerate(columns)], axis=1)

    def features_of(self, cells: Any, number: int) -> Any:
        """float32 [N, F of this column] of the cells of one column."""
        column = self.columns[number]
        with ON_CPU():
            cells = cleaned(tf.convert_to_tensor(cells, dtype=tf.string), missing=self.missing)
            if not column.tells:
                return tf.zeros([tf.shape(cells)[0], 1])
            dates = dates_of(cells, format=column.format)
            parts, is_date = dates.parts(), dates.is_date[:, tf.newaxis]
            found = [tf.where(is_date, _scaled(parts[:, PARTS.index(one.part)], one), 0.0) for one in column.parts]
            if column.indicator:
                found.append(1 - tf.cast(is_date, tf.float32))
            return tf.concat(found, axis=1)

    def compute_output_spec(self, columns: Sequence[Any]) -> keras.KerasTensor:
        """One row per row."""
        return keras.KerasTensor((columns[0].shape[0], len(self.features)), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        own = {"columns": [asdict(one) for one in self.columns], "missing": list(self.missing)}
        return {**super().get_config(), **own}


def _scaled(values: Any, part: PartScaling) -> Any:
    """float32 [N, 1], or [N, 2] for a part that comes round again."""
    if part.cycle:
        first, count = CYCLES[part.part]
        return tf.gather(waves(part.part), tf.clip_by_value(values - first, 0, count - 1))
    scaled = (tf.cast(values, tf.float32) - part.center) / part.spread
    return tf.clip_by_value(scaled, -LIMIT, LIMIT)[:, tf.newaxis]


def _scaling(config: Mapping[str, Any]) -> DateScaling:
    return DateScaling(**{**config, "parts": tuple(PartScaling(**one) for one in config["parts"])})
