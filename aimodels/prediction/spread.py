"""How the work of answering is spread: over the devices of this process, and over the workers of a cluster."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from aimodels.prediction.replicas import Batch, Numbers, Replicas
from aimodels.prediction.sharing import Positions, Share


@dataclass(frozen=True)
class Spread:
    """The copies of a network in this process, and the part of the examples that they answer."""

    replicas: Replicas
    share: Share = field(default_factory=Share)

    def over(self, batches: Iterable[Batch]) -> Iterator[tuple[Positions, Numbers]]:
        """The numbers of every batch with the positions of its examples.

        Raises:
            FailedError: another worker is lost.
        """
        for answered in self.replicas.over(batches):
            self.share.check()
            yield answered


def in_turn(count: int, *, step: int) -> list[Positions]:
    """The positions of so many examples in pieces of `step`, in order."""
    return [np.arange(start, min(start + step, count), dtype=np.int64) for start in range(0, count, step)]
