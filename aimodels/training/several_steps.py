"""Several steps per call from Python, on several replicas, which Keras 3.15 does on one device only."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from aimodels.training.pipelines import as_written
from aimodels.training.sharing import next_of_each


class SeveralSteps:
    """Calls of a step on several replicas, `steps_per_execution` at a time, but no more than there are shares for."""

    def __init__(self, model: Any, step: Callable[[Any], Any]) -> None:
        self._model, self._step = model, step
        self._iterator: Any = None
        self._left = 0
        self._in_graph = tf.function(as_written(self._steps), reduce_retracing=True)

    def __call__(self, iterator: Any) -> dict[str, Any]:
        """Do the next steps, and tell what was measured so far."""
        if iterator is not self._iterator:
            self._iterator, self._left = iterator, self._model._num_steps[self._step.__name__]
        if not self._left:
            raise RuntimeError("the shares of an epoch are used up: `fit` takes one epoch per call")
        count = min(self._model.steps_per_execution, self._left)
        self._left -= count
        wishes = tf.constant(self._model.wishes, tf.float32)
        told, wishes = self._in_graph(iterator, tf.constant(count), wishes)
        if has_workers(self._model.distribute_strategy):
            self._model.wishes_of_all = tuple((wishes.numpy() > 0).tolist())
        return {name: tf.reduce_mean(tf.stack(values)) for name, values in told.items()}

    def _steps(self, iterator: Any, count: Any, wishes: Any) -> Any:
        strategy = self._model.distribute_strategy

        def one(number: Any) -> Any:
            strategy.run(self._step, args=(next_of_each(iterator, strategy),))
            return number + 1

        tf.while_loop(lambda number: number < count, one, [tf.constant(0)], parallel_iterations=1)
        told = strategy.run(self._model._told)
        wishes = strategy.reduce("SUM", strategy.run(tf.identity, args=(wishes,)), axis=None)
        return {name: strategy.experimental_local_results(value) for name, value in told.items()}, wishes


def num_replicas_of(strategy: Any) -> int:
    """How many replicas train in step."""
    return int(strategy.num_replicas_in_sync)


def has_workers(strategy: Any) -> bool:
    """Whether some of the replicas are those of other processes."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and strategy.num_replicas_in_sync > 1
