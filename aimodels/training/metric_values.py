"""What the metrics have summed up within an epoch: each replica its own sums, which are added up when they are read.

Kept is what each of them has. Their sum would not do: what it is shared out into is rounded elsewhere in later steps.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from aimodels.distribution.crew import Crew

Values = dict[str, npt.NDArray[Any]]


def metric_values(model: keras.Model, *, crew: Crew | None) -> Values:
    """The variables of the metrics by name; those of several replicas with an axis for these, in their order.

    All workers must call it. Those that are not the chief get their own replicas alone.
    """
    strategy = model.distribute_strategy
    found = {}
    for name, variable in _named(model):
        values = np.stack([part.numpy() for part in strategy.experimental_local_results(variable.value)])
        found[name] = values if strategy.num_replicas_in_sync > 1 else values.reshape(values.shape[1:])
    if crew is None:
        return found
    of_all = crew.gather(save(found))
    if of_all is None:
        return found
    by_worker = [load(values) for values in of_all]
    return {name: np.concatenate([values[name] for values in by_worker]) for name in found}


def fits(values: Mapping[str, npt.NDArray[Any]], model: keras.Model) -> bool:
    """Whether these are values of the metrics of a model, on as many replicas as it has or on another number."""
    return sorted(values) == [name for name, _ in _named(model)] and all(
        values[name].dtype == keras.backend.standardize_dtype(variable.dtype)
        and tuple(variable.shape) in (values[name].shape, values[name].shape[1:])
        for name, variable in _named(model)
    )


def put_metric_values(values: Mapping[str, npt.NDArray[Any]], model: keras.Model, *, first: int) -> None:
    """Give the replicas of this process, from number `first` of all on, what they had.

    Where there were more or fewer of them, the first one of all gets everything.
    """
    strategy = model.distribute_strategy
    for name, variable in _named(model):
        kept = values[name] if values[name].ndim > len(variable.shape) else values[name][None]
        if len(kept) != strategy.num_replicas_in_sync:
            together = kept.sum(axis=0, dtype=kept.dtype)[None]
            rest = np.zeros((strategy.num_replicas_in_sync - 1, *together.shape[1:]), kept.dtype)
            kept = np.concatenate([together, rest])
        for number, part in enumerate(strategy.experimental_local_results(variable.value)):
            part.assign(kept[first + number])


def _named(model: keras.Model) -> Iterator[tuple[str, Any]]:
    # The names that Keras gives count the layers of a process.
    return ((f"metrics/{number:05d}", variable) for number, variable in enumerate(model.metrics_variables))
