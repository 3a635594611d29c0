"""The one way from a row of a table to an answer: named columns -> network -> named outputs.

A number is a float32, NaN where it is missing; everything else is UTF-8, empty where it is missing. Every column that
the network was trained with is asked for: a row that lacks a value says so with NaN or an empty string.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TableInput
from aimodels.data.raw_columns import raw
from aimodels.data.rows import Rows
from aimodels.prediction.arguments import arguments_of
from aimodels.prediction.outputs import Answers, Endpoint, Outputs
from aimodels.preprocessing import columns

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

# Starting an operation costs nothing beside what it does to so many rows, unless one of their columns is a text.
ROWS_PER_BATCH = 4096


@dataclass(frozen=True)
class RawRows:
    """Rows as the network takes them: per column float32 [N] with NaN, or UTF-8 as bytes [N], where b"" is missing."""

    columns: Mapping[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def followed_by(self, others: "RawRows") -> "RawRows":
        """These rows and then the others."""
        return RawRows({name: np.concatenate([values, others.columns[name]]) for name, values in self.columns.items()})

    def batches(self, *, rows_per_batch: int) -> Iterator[dict[str, npt.NDArray[Any]]]:
        """The rows in order, some at a time."""
        for start in range(0, len(self), rows_per_batch):
            yield {name: values[start : start + rows_per_batch] for name, values in self.columns.items()}


@dataclass(frozen=True)
class TableAnswering:
    """A trained network for rows of a table, and how to ask it."""

    model: "keras.Model"
    input: TableInput
    outputs: Outputs

    def rows(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """From a tensor [N] per column, by its name, to the named outputs."""
        import tensorflow as tf

        # Fused recurrent and attention kernels fail on a batch of 0: ask about an empty row and drop its answer.
        count = tf.shape(given[self.input.names[0]])[0]
        num_added = tf.cast(count == 0, tf.int32)
        asked = {
            name: tf.concat([values, tf.fill([num_added], "" if values.dtype == tf.string else np.nan)], axis=0)
            for name, values in given.items()
        }
        return self.outputs.named(self.model(asked, training=False)[:count])

    def served(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """From a tensor [N] per column, by its argument, to the named outputs."""
        return self.rows({name: tensors[argument] for name, argument in self.arguments.items()})

    @cached_property
    def arguments(self) -> dict[str, str]:
        """What each column is called in an export."""
        return arguments_of(self.input.names)

    @cached_property
    def endpoints(self) -> dict[str, Endpoint]:
        """The functions that are exported, by signature."""
        return {"serving_default": Endpoint(self.served, self._specs)}

    @property
    def tables(self) -> list[Any]:
        """What an export must keep besides the weights: the layers that look up values and words."""
        return columns.tables(self.model)

    def answer(self, rows: Rows, *, batch_size: int) -> Answers:
        """Ask about rows of any number, in bounded memory."""
        chunks = (RawRows(raw(table, input=self.input)) for table in rows.tables())
        return self._joined(chunks, batch_size=batch_size)

    def answer_raw(self, rows: RawRows, *, batch_size: int) -> Answers:
        """Ask about rows as the network takes them."""
        return self._joined([rows], batch_size=batch_size)

    def _joined(self, chunks: Iterable[RawRows], *, batch_size: int) -> Answers:
        has_texts = any(column.kind == "text" for column in self.input.columns)
        rows_per_batch = batch_size if has_texts else max(batch_size, ROWS_PER_BATCH)
        parts = [self._numbers(dict.fromkeys(self.input.names, np.empty(0, dtype=object)))]
        for chunk in chunks:
            parts += [self._numbers(batch) for batch in chunk.batches(rows_per_batch=rows_per_batch)]
        return self.outputs.answers({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def _numbers(self, batch: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[np.float32]]:
        """What the network answers but for the labels, which follow from it."""
        import tensorflow as tf

        specs = self._specs
        tensors = {
            argument: tf.convert_to_tensor(batch[name], dtype=specs[argument].dtype)
            for name, argument in self.arguments.items()
        }
        return {name: output.numpy() for name, output in self._compiled(tensors).items()}

    @cached_property
    def _compiled(self) -> Any:
        """`served` as one graph for batches of any size, without the labels."""
        import tensorflow as tf

        def answered(tensors: Mapping[str, Any]) -> dict[str, Any]:
            return {name: output for name, output in self.served(tensors).items() if name != "label"}

        return tf.function(answered, input_signature=[self._specs])

    @cached_property
    def _specs(self) -> dict[str, "tf.TensorSpec"]:
        """What is asked for, by argument."""
        import tensorflow as tf

        types = {
            self.arguments[column.name]: tf.float32 if column.kind == "number" else tf.string
            for column in self.input.columns
        }
        return {argument: tf.TensorSpec([None], type, name=argument) for argument, type in types.items()}
