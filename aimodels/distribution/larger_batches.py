"""What to write for a larger batch: more examples per step call for another learning rate. Offered, never applied."""

import math
from dataclasses import dataclass

from aimodels.config.optimizers import Sgd
from aimodels.config.schema import Train


@dataclass(frozen=True)
class LargerBatch:
    """A batch `factor` times as large, and the learning rate that `rule` gives for it."""

    batch_size: int
    is_tokens: bool
    learning_rate: float
    rule: str

    @property
    def options(self) -> str:
        """As options of `aimodels train`, to be pasted behind the config."""
        size = f"train.batch_size.tokens={self.batch_size}" if self.is_tokens else f"--batch-size {self.batch_size}"
        return f"{size} --lr {self.learning_rate:.3g}"


def larger_batch(train: Train, *, factor: int) -> LargerBatch:
    """The batch and the learning rate that keep each of `factor` replicas as busy as one is with the batch of `train`.

    For SGD the rate grows with the batch (Goyal et al. 2017, arXiv:1706.02677, who warm up over five epochs); for
    optimizers that divide by the size of the gradients it grows with the root of it (Malladi et al. 2022,
    arXiv:2205.10287, for Adam and RMSprop; taken over here for the others of that kind).
    """
    is_linear = isinstance(train.optimizer, Sgd)
    growth = factor if is_linear else math.sqrt(factor)
    is_tokens = not isinstance(train.batch_size, int)
    size = train.batch_size if isinstance(train.batch_size, int) else train.batch_size.tokens
    return LargerBatch(
        batch_size=size * factor,
        is_tokens=is_tokens,
        learning_rate=train.optimizer.learning_rate * growth,
        rule="linear" if is_linear else "square root",
    )


def offer(train: Train, *, num_replicas: int) -> str:
    """What to write so that each replica is as busy as one alone; empty for one replica.

    The same config trains the same on any number of replicas, since the batch counts over all of them.
    """
    if num_replicas == 1:
        return ""
    larger = larger_batch(train, factor=num_replicas)
    return f"unchanged; on offer: {larger.options} ({larger.rule} rule)"
