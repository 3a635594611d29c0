"""Which examples go into which batch: functions of (seed, epoch) alone, so that a resumed run takes the same batches.

Texts that are padded to the longest of their batch are put together by length. With a fixed number of texts per batch,
random pools of 64 batches are sorted by length, cut into batches, and the batches shuffled; with a budget of tokens,
buckets of similar length are shuffled and cut, so that the number of steps is the same in every epoch. Rows on disk are
shuffled in windows: each gathers chunks from all over the file, at random, and shuffles what is in them.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aimodels.config.schema import TokenBudget

Positions = npt.NDArray[np.int64]
# Of 64 batches of similar texts one spans a 64th of all lengths: little is padded, and few texts meet again.
BATCHES_PER_POOL = 64
# A bucket reaches from one length to one a tenth longer: at most a tenth of a batch is padding, half of it on average.
BUCKET_GROWTH = 1.1
SHORTEST_BUCKET = 8
# Places that a window of rows on disk is gathered from.
CHUNKS_PER_WINDOW = 32


@dataclass(frozen=True)
class Order:
    """Positions of examples, batch after batch; batch b is `positions[starts[b]:starts[b + 1]]`.

    `size` is how many examples every batch has but the last; None where they differ.
    """

    positions: Positions
    starts: Positions
    size: int | None

    def __len__(self) -> int:
        return len(self.starts) - 1

    def batch(self, number: int) -> Positions:
        """The positions of one batch."""
        return self.positions[self.starts[number] : self.starts[number + 1]]

    def after(self, number: int) -> "Order":
        """The same batches without so many of the first."""
        return replace(
            self, positions=self.positions[self.starts[number] :], starts=self.starts[number:] - self.starts[number]
        )

    def of(self, chosen: Positions) -> "Order":
        """The same order, of some examples in place of all: place i stands for `chosen[i]`."""
        return replace(self, positions=chosen[self.positions])


def in_sequence(positions: Positions, *, size: int) -> Order:
    """Batches of `size` in the given order."""
    starts = np.append(np.arange(0, len(positions), size), len(positions))
    return Order(positions.astype(np.int64), starts.astype(np.int64), size)


def shuffled(num_examples: int, *, size: int, seed: int, epoch: int) -> Order:
    """All examples in random order."""
    return in_sequence(_random(seed, epoch).permutation(num_examples), size=size)


def shuffled_in_windows(num_examples: int, *, size: int, window: int, seed: int, epoch: int) -> Order:
    """All examples in random order such that those of each `window` places lie in few chunks of neighbours.

    The chunks of a window are from anywhere, so that two examples meet as they would if all were shuffled, but for
    neighbours within a chunk.
    """
    random = _random(seed, epoch)
    per_chunk = max(1, window // CHUNKS_PER_WINDOW)
    starts = random.permutation(np.arange(0, num_examples, per_chunk))
    parts = [np.arange(start, min(start + per_chunk, num_examples)) for start in starts]
    order = np.concatenate([np.empty(0, np.int64), *parts])
    for start in range(0, num_examples, window):
        random.shuffle(order[start : start + window])
    return in_sequence(order, size=size)


def shuffled_by_length(lengths: npt.NDArray[np.int64], *, size: int, seed: int, epoch: int) -> Order:
    """Batches of `size` texts of similar length, in random order; what is left over is a random last batch."""
    random = _random(seed, epoch)
    everyone = random.permutation(len(lengths))
    num_whole = len(lengths) // size * size
    whole, rest = everyone[:num_whole], everyone[num_whole:]
    per_pool = size * BATCHES_PER_POOL
    pools = [whole[start : start + per_pool] for start in range(0, num_whole, per_pool)]
    by_length = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
    batches = np.concatenate([np.empty(0, np.int64), *by_length]).reshape(-1, size)
    return in_sequence(np.append(batches[random.permutation(len(batches))].ravel(), rest), size=size)


def shuffled_by_budget(lengths: npt.NDArray[np.int64], *, budget: TokenBudget, seed: int, epoch: int) -> Order:
    """Batches of texts of similar length with about `budget.tokens` tokens each, padding counted, in random order."""
    random = _random(seed, epoch)
    batches = _within_budget(random.permutation(len(lengths)), lengths=lengths, budget=budget)
    return _of([batches[number] for number in random.permutation(len(batches))])


def sorted_by_length(lengths: npt.NDArray[np.int64], *, batch_size: int | TokenBudget) -> Order:
    """Every text once, the shortest first; for what does not depend on the order, such as validation."""
    positions = np.argsort(lengths, kind="stable")
    if isinstance(batch_size, int):
        return in_sequence(positions, size=batch_size)
    return _of(_within_budget(positions, lengths=lengths, budget=batch_size))


def _within_budget(positions: Positions, *, lengths: npt.NDArray[np.int64], budget: TokenBudget) -> list[Positions]:
    """Each bucket of similar lengths in batches of as many texts as the budget has room for, in the given order."""
    bucket_of = _buckets(lengths[positions])
    batches: list[Positions] = []
    for number in np.unique(bucket_of):
        bucket = positions[bucket_of == number]
        size = max(1, budget.tokens // max(1, int(lengths[bucket].max())))
        batches += [bucket[start : start + size] for start in range(0, len(bucket), size)]
    return batches


def _buckets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The number of the bucket that each text belongs to."""
    edges = [SHORTEST_BUCKET]
    longest = int(lengths.max(initial=SHORTEST_BUCKET))
    while edges[-1] < longest:
        edges.append(min(longest, int(edges[-1] * BUCKET_GROWTH) + 1))
    return np.searchsorted(edges, lengths)


def _of(batches: list[Positions]) -> Order:
    starts = np.cumsum([0, *map(len, batches)], dtype=np.int64)
    return Order(np.concatenate([np.empty(0, np.int64), *batches]), starts, size=None)


def _random(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch])
