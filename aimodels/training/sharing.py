"""Which part of every batch each replica gets: all of them take the same steps, on one machine or on many.

Every process puts the whole order together and takes its own parts of it, so that nothing is read twice and nothing is
left out, however many examples a batch has.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from aimodels.distribution.strategy import Placement
from aimodels.training.ordering import Order
from aimodels.training.pipelines import as_written


class Share(NamedTuple):
    """A replica's part of a batch, as the steps take it.

    `num_counted` of its examples count: all of them, or none where there are fewer examples than replicas, and one
    stands in. `num_in_batch` is how many the whole batch has.
    """

    batch: Any
    num_counted: Any
    num_in_batch: Any


@dataclass(frozen=True)
class Shares:
    """The replicas that this process feeds: `count` of `num_replicas`, from number `first` on."""

    num_replicas: int = 1
    first: int = 0
    count: int = 1

    @property
    def are_whole(self) -> bool:
        """Whether there is one replica, which gets everything."""
        return self.num_replicas == 1

    def of(self, order: Order) -> "Parts":
        """The parts of every batch, batch after batch, replica after replica."""
        sizes = np.diff(order.starts)
        if self.are_whole:
            return Parts(order, sizes, sizes, are_whole=True)
        replicas = np.arange(self.first, self.first + self.count)
        # As `numpy.array_split` cuts: the first replicas get one example more where a batch does not divide.
        counted = sizes[:, None] // self.num_replicas + (replicas < sizes[:, None] % self.num_replicas)
        before = replicas * (sizes[:, None] // self.num_replicas) + np.minimum(
            replicas, sizes[:, None] % self.num_replicas
        )
        begins = order.starts[:-1, None] + np.where(counted > 0, before, 0)
        taken = np.maximum(counted, 1)
        starts = np.concatenate([[0], np.cumsum(taken.ravel())]).astype(np.int64)
        places = np.arange(starts[-1]) - np.repeat(starts[:-1] - begins.ravel(), taken.ravel())
        shared = Order(order.positions[places], starts, size=None)
        return Parts(shared, counted.ravel(), np.repeat(sizes, self.count))

    def number_of(self, part: Any, *, first_step: int = 0) -> Any:
        """Which part of all, over all replicas and from the first step of an epoch on, the n-th of this process is."""
        if self.are_whole:
            return part + first_step
        step = part // self.count + first_step
        return step * self.num_replicas + self.first + part % self.count


WHOLE = Shares()


def shares_of(placement: Placement) -> Shares:
    """What this process feeds where training is placed so."""
    return Shares(placement.num_replicas, placement.first, placement.num_local)


@dataclass(frozen=True)
class Parts:
    """An order of parts, and for each one how many of its examples count and how many its batch has."""

    order: Order
    counted: npt.NDArray[np.int64]
    in_batch: npt.NDArray[np.int64]
    are_whole: bool = False

    def told(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """The batches of `order`, each with its numbers: a `Share`. Whole batches stay as they are."""
        if self.are_whole:
            return batches
        numbers = tf.data.Dataset.from_tensor_slices((self.counted, self.in_batch))
        return tf.data.Dataset.zip(batches, numbers).map(as_written(lambda batch, told: Share(batch, *told)))


class HandedOut(tf.data.Dataset, tf.distribute.DistributedDataset):
    """Shares that Keras takes as handed out to the replicas already, and leaves alone; `next_of_each` hands them out.

    The iterators of TensorFlow's own for several devices tune themselves, which cannot be turned off (see `untuned`),
    and to make one takes longer than a short epoch.
    """

    def __init__(self, shares: tf.data.Dataset) -> None:
        self._shares = shares

    def __iter__(self) -> Any:
        return iter(self._shares)

    @property
    def element_spec(self) -> Any:
        """Of one share."""
        return self._shares.element_spec

    def cardinality(self) -> int:
        """Not told, or Keras would begin a new epoch where one ends."""
        return int(tf.data.UNKNOWN_CARDINALITY)

    def _inputs(self) -> list[Any]:
        return [self._shares]


def next_of_each(iterator: Any, strategy: Any) -> Any:
    """The next shares, one for each replica of this process, in the order of the replicas."""
    return strategy.experimental_distribute_values_from_function(lambda context: next(iterator))
