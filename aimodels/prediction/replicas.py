"""Copies of a network on the devices of this process: batches are dealt out to them, and answered in order."""

import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = Mapping[str, npt.NDArray[np.float32]]
Compute = Callable[[Any], Numbers]

# Batches that wait for each device, so that none is idle while the next one is read.
AHEAD = 2


@dataclass(frozen=True)
class Batch:
    """Some examples as a network takes them, and where each of them stands among all: int64 [n]."""

    positions: npt.NDArray[np.int64]
    content: Any


@dataclass(frozen=True)
class Replicas:
    """Ways to compute the same, each on a device of its own."""

    computes: Sequence[Compute]

    def over(self, batches: Iterable[Batch]) -> Iterator[tuple[npt.NDArray[np.int64], Numbers]]:
        """The numbers of every batch with the positions of its examples, in order; a few batches are read ahead."""
        if len(self.computes) == 1:
            yield from ((batch.positions, self.computes[0](batch.content)) for batch in batches)
            return
        free: queue.SimpleQueue[Compute] = queue.SimpleQueue()
        for compute in self.computes:
            free.put(compute)

        def computed(content: Any) -> Numbers:
            compute = free.get()
            try:
                return compute(content)
            finally:
                free.put(compute)

        waiting: deque[tuple[npt.NDArray[np.int64], Future[Numbers]]] = deque()
        with ThreadPoolExecutor(len(self.computes), thread_name_prefix="answering") as threads:
            for batch in batches:
                waiting.append((batch.positions, threads.submit(computed, batch.content)))
                if len(waiting) > AHEAD * len(self.computes):
                    positions, future = waiting.popleft()
                    yield positions, future.result()
            for positions, future in waiting:
                yield positions, future.result()


def on_device(device: str, compute: Compute) -> Compute:
    """The same, computed there."""
    import tensorflow as tf

    def computed(content: Any) -> Numbers:
        with tf.device(device):
            return compute(content)

    return computed
