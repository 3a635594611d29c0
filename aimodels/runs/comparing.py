"""Several runs side by side: which keys of their configs differ, and how their metrics do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimodels.runs.folder import RunFolder
from aimodels.runs.listing import Record, bigger_is_better, value_of


@dataclass(frozen=True)
class ComparedMetric:
    """One metric of several runs, in their order; None where a run has none."""

    name: str
    values: tuple[float | None, ...]
    best: int | None
    differences: tuple[float | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side. `keys` holds every key of their configs, `differing` those that are not equal."""

    records: tuple[Record, ...]
    keys: Mapping[str, tuple[Any, ...]]
    differing: tuple[str, ...]
    metrics: tuple[ComparedMetric, ...]


def compare(records: Sequence[Record], *, metrics: Sequence[str] = ()) -> Comparison:
    """Compare runs; `metrics` are the ones to show, all of them when empty."""
    configs = [flat_config(record.run) for record in records]
    names = list(dict.fromkeys(key for config in configs for key in config))
    keys = {name: tuple(config.get(name) for config in configs) for name in names}
    wanted = metrics or _metric_names(records)
    return Comparison(
        records=tuple(records),
        keys=keys,
        differing=tuple(name for name, values in keys.items() if any(value != values[0] for value in values)),
        metrics=tuple(_compared(name, records) for name in wanted),
    )


def _metric_names(records: Sequence[Record]) -> list[str]:
    names = [name for record in records for name in ([record.monitor] if record.monitor else []) + list(record.metrics)]
    return [name for name in dict.fromkeys(names) if name != "learning_rate"]


def _compared(name: str, records: Sequence[Record]) -> ComparedMetric:
    values = tuple(value_of(record, name) for record in records)
    scored = [(value, index) for index, value in enumerate(values) if value is not None and math.isfinite(value)]
    choose = max if bigger_is_better(name) else min
    first = values[0]
    return ComparedMetric(
        name=name,
        values=values,
        # Of equal values the first run's is the best: a change that changes nothing is no improvement.
        best=choose(scored, key=lambda pair: pair[0])[1] if len(scored) > 1 else None,
        differences=tuple(None if value is None or first is None else value - first for value in values),
    )


def worsening(metric: ComparedMetric) -> float | None:
    """By how much the last run is worse than the first; negative where it is better, None where one has no value."""
    difference = metric.differences[-1]
    if difference is None:
        return None
    return -difference if bigger_is_better(metric.name) else difference


def flat_config(run: RunFolder) -> dict[str, Any]:
    """Every key of a run's config with its value."""
    return flat(run.config.model_dump(mode="json"))


def flat(values: Mapping[str, Any], *, before: str = "") -> dict[str, Any]:
    """Nested values by the paths of their keys, as `train.optimizer.learning_rate`.

    >>> flat({"train": {"epochs": 3}, "seed": 7})
    {'train.epochs': 3, 'seed': 7}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, before=f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found
