"""The one way from a row of a table to an answer: named columns -> network -> named outputs.

A number is a float32, NaN where it is missing; everything else is UTF-8, empty where it is missing. Every column that
the network was trained with is asked for: a row that lacks a value says so with NaN or an empty string.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import TableInput
from aimodels.data.raw_columns import raw
from aimodels.data.rows import Rows
from aimodels.prediction.arguments import arguments_of
from aimodels.prediction.outputs import Answers, Endpoint, Outputs
from aimodels.prediction.replicas import Batch, Numbers
from aimodels.prediction.sharing import Positions
from aimodels.prediction.spread import Spread, in_turn
from aimodels.preprocessing import columns

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from aimodels.layers.text_reading import ColumnReaders

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

    def part(self, start: int, stop: int) -> dict[str, npt.NDArray[Any]]:
        """The rows from one position up to another, by column."""
        return {name: values[start:stop] for name, values in self.columns.items()}


Given = TypeVar("Given", Rows, RawRows)


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

    @cached_property
    def text_readers(self) -> "ColumnReaders":
        """What reads the text columns, without the network."""
        from aimodels.layers.text_reading import readers_of, text_reader

        return [(cells, layer, text_reader(cells, layer)) for cells, layer in readers_of(self.model)]

    @property
    def tables(self) -> list[Any]:
        """What an export must keep besides the weights: the layers that look up values and words."""
        return columns.tables(self.model)

    def answer(self, rows: Rows, *, batch_size: int, spread: Spread) -> Answers:
        """Ask about rows of any number, in bounded memory."""
        return self._joined(rows, self._of_rows, batch_size=batch_size, spread=spread)

    def answer_raw(self, rows: RawRows, *, batch_size: int, spread: Spread) -> Answers:
        """Ask about rows as the network takes them."""
        return self._joined(rows, _of_raw_rows, batch_size=batch_size, spread=spread)

    def _joined(
        self,
        rows: Given,
        batches: Callable[[Given, Sequence[Positions]], Iterator[Batch]],
        *,
        batch_size: int,
        spread: Spread,
    ) -> Answers:
        has_texts = any(column.kind == "text" for column in self.input.columns)
        deal = spread.share.deal(in_turn(len(rows), step=batch_size if has_texts else max(batch_size, ROWS_PER_BATCH)))
        is_number = self.outputs.task == "regression"
        shape = (len(rows),) if is_number else (len(rows), len(self.outputs.class_names))
        found = {"value" if is_number else "probabilities": np.full(shape, np.nan, dtype=np.float32)}
        for positions, numbers in spread.over(batches(rows, deal.mine)):
            for name, values in numbers.items():
                found[name][positions] = values
        deal.complete(found)
        return self.outputs.answers(found)

    def _of_rows(self, rows: Rows, pieces: Sequence[Positions]) -> Iterator[Batch]:
        """The rows of these pieces as the network takes them; as many are read at once as the store likes."""
        step = max(1, rows.store.rows_at_once // max(map(len, pieces), default=1))
        for start in range(0, len(pieces), step):
            some = pieces[start : start + step]
            table = rows.take(np.concatenate(some)).table()
            read = RawRows(raw(table, input=self.input))
            yield from _cut(read, some)

    def compute(self, batch: Mapping[str, npt.NDArray[Any]]) -> Numbers:
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


def _of_raw_rows(rows: RawRows, pieces: Sequence[Positions]) -> Iterator[Batch]:
    """The rows of these pieces, each of which is a stretch of them."""
    for piece in pieces:
        yield Batch(piece, rows.part(int(piece[0]), int(piece[-1]) + 1))


def _cut(rows: RawRows, pieces: Sequence[Positions]) -> Iterator[Batch]:
    """The rows of some pieces, one after the other, as a batch each."""
    start = 0
    for piece in pieces:
        yield Batch(piece, rows.part(start, start + len(piece)))
        start += len(piece)
