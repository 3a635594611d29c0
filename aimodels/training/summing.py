"""What replicas add up in a step, and how long that takes them."""

import time
from statistics import median
from typing import Any

import keras
import tensorflow as tf

from aimodels.data.untuned import untuned
from aimodels.distribution.scaling import Gradients
from aimodels.training.pipelines import as_written

# All workers must add up as often: a number that follows from the bytes alone, at this speed and this time for each.
SUMS_SECONDS, SUM_SECONDS, SUM_BYTES_PER_SECOND = 3.0, 5e-3, 2e8
CALLS_OF_SUMS = 5


def described(gradients: list[Any], *, num_examples: int) -> Gradients:
    """These gradients of so many examples in numbers."""
    dense = [each for each in gradients if not isinstance(each, tf.IndexedSlices)]
    sparse = [each for each in gradients if isinstance(each, tf.IndexedSlices)]
    rows = sum(num_bytes((each.values, each.indices)) for each in sparse)
    return Gradients(len(dense), num_bytes(dense), num_sparse=len(sparse), row_bytes_per_example=rows / num_examples)


def num_bytes(tensors: Any) -> int:
    """The bytes of all of them together."""
    return sum(each.dtype.size * int(tf.size(each)) for each in keras.tree.flatten(tensors))


def tiny(count: int) -> list[Any]:
    """So many arrays of one number each."""
    return [tf.zeros([1])] * count


def sum_seconds(strategy: tf.distribute.Strategy, values: list[Any]) -> float:
    """The median time in which all replicas add these up, step by step as in training; the same on every worker."""
    per_sum = SUM_SECONDS + sum(num_bytes(_arrays(each)) for each in values) / SUM_BYTES_PER_SECOND
    steps = max(2, round(SUMS_SECONDS / per_sum / CALLS_OF_SUMS))

    def one(number: Any) -> None:
        tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)

    def several(iterator: Any) -> Any:
        def go_on(done: Any) -> Any:
            strategy.run(one, args=(next(iterator),))
            return done + 1

        return tf.while_loop(lambda done: done < steps, go_on, [tf.constant(0)], parallel_iterations=1)

    in_graph = tf.function(as_written(several))
    several_shares = steps * (CALLS_OF_SUMS + 1) * len(strategy.extended.worker_devices)
    numbers = untuned(tf.data.Dataset.range(several_shares))
    iterator = iter(strategy.distribute_datasets_from_function(lambda context: numbers))
    found = []
    for _ in range(CALLS_OF_SUMS + 1):
        started_at = time.perf_counter()
        in_graph(iterator)
        found.append((time.perf_counter() - started_at) / steps)
    return median(found[1:])  # the first call traces


def _arrays(value: Any) -> Any:
    return (value.values, value.indices) if isinstance(value, tf.IndexedSlices) else value


def mean(strategy: tf.distribute.Strategy, value: float) -> float:
    """The mean over all workers, which each of them gets."""
    mine = tf.constant([value])

    def one() -> Any:
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, mine)

    [found] = strategy.experimental_local_results(strategy.run(tf.function(one, autograph=False)))
    return float(found.numpy()[0])
