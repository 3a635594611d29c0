"""What a few seconds of training say about more of it: steps on shares of a batch, the pipeline, the gradients."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aimodels.config.loading import Loaded
from aimodels.config.schema import Config, TokenBudget
from aimodels.data.loading import load_dataset
from aimodels.data.suitability import check_without_data
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.scaling import Measured, StepTime, Together
from aimodels.distribution.strategy import Placement, cluster_for, place
from aimodels.distribution.tensorflow_start import choose_devices
from aimodels.events import phase
from aimodels.runs.environment import usable_cores
from aimodels.training.pipelines import as_written
from aimodels.training.preparing import Prepared, prepare, refuse_folds, resolved
from aimodels.training.seeding import seed_everything
from aimodels.training.summing import described, mean, num_bytes, sum_seconds, tiny

ROUNDS = 3
MEASURING_SECONDS = 1.0
FEWEST_CALLS = 3
READING_SECONDS = 0.5
# Far from the numbers that TensorFlow's strategies give their own operations.
BARRIER_KEY = 1_000_003


@dataclass(frozen=True)
class Trial:
    """A training that is tried on one device, and the devices of this process or of all workers that it is for."""

    prepared: Prepared
    placement: Placement


def trial(loaded: Loaded, *, cluster: Cluster | None = None) -> Trial:
    """Build what a config asks for; nothing is written.

    Raises:
        UserError: whatever would also stop the training.
    """
    config = loaded.config
    refuse_folds(config)
    check_without_data(config)
    choose_devices(config.train.device)
    with phase("reading data"):
        dataset = load_dataset(config.data, seed=config.seed)
    config = resolved(loaded, dataset).config
    # First: the strategy of workers must be made before TensorFlow computes anything.
    placement = place(config.train, cluster=cluster)
    seed_everything(config.seed, deterministic=config.train.deterministic)
    alone = replace(
        placement, strategy=tf.distribute.get_strategy(), num_replicas=1, first=0, num_local=1, reason="measured alone"
    )
    with phase("building model"):
        return Trial(prepare(config, dataset, placement=alone), placement)


def measure(loaded: Loaded, *, replicas: Sequence[int]) -> Measured:
    """Measure what this process says of a training on these numbers of replicas.

    Raises:
        UserError: whatever would also stop the training.
    """
    tried = trial(loaded, cluster=cluster_for(loaded.config.train, {}))
    prepared, placement = tried.prepared, tried.placement
    with phase("measuring steps"):
        steps = step_times(prepared, replicas=sorted({1, *replicas}))
    batch = _first_batch(prepared, config=prepared.config)
    gradients = _reduced(prepared, batch)
    together = None
    if placement.num_replicas > 1:
        with phase("measuring the all-reduce"):
            together = _together(tried)
    return Measured(
        steps=steps,
        gradients=described(gradients, num_examples=len(keras.tree.flatten(batch)[0])),
        input_bytes_per_example=num_bytes(batch) / len(keras.tree.flatten(batch)[0]),
        kind=placement.kind,
        cores=usable_cores(),
        together=together,
    )


def measure_as_worker(loaded: Loaded, cluster: Cluster) -> Together:
    """Measure beside the other workers of a cluster, at the same time as they do.

    Raises:
        UserError: whatever would also stop the training.
    """
    tried = trial(loaded, cluster=cluster)
    # Building takes each of them another time.
    sum_seconds(tried.placement.strategy, tiny(1))
    return _together(tried)


def _together(tried: Trial) -> Together:
    strategy, prepared, num_replicas = tried.placement.strategy, tried.prepared, tried.placement.num_replicas
    config = _shared(prepared.config, num_replicas=num_replicas)
    step = step_times(prepared, replicas=[num_replicas])[num_replicas]
    if tried.placement.num_local < num_replicas:
        step = _in_step(tried, step)
    gradients = _reduced(prepared, _first_batch(prepared, config=config))
    return Together(
        num_replicas=num_replicas,
        step=step,
        sum_seconds=sum_seconds(strategy, gradients),
        tiny_seconds=sum_seconds(strategy, tiny(len(gradients))),
    )


def step_times(prepared: Prepared, *, replicas: Sequence[int]) -> dict[int, StepTime]:
    """The median time of a step on the share of one of so many replicas, for each of these numbers, fed as in training.

    They take turns, so that what slows the machine for a while slows all of them.
    """
    shares = {num: _share_of(prepared, num_replicas=num) for num in replicas}
    found: dict[int, list[float]] = {num: [] for num in replicas}
    for _ in range(ROUNDS):
        for num, share in shares.items():
            stopwatch = _Stopwatch(found[num], seconds=MEASURING_SECONDS)
            endless = share.batches.repeat()
            prepared.model.fit(endless, steps_per_epoch=10**9, shuffle=False, verbose=0, callbacks=[stopwatch])
    return {
        num: StepTime(share.examples, seconds=median(found[num]), input_seconds=_input_seconds(share.batches))
        for num, share in shares.items()
    }


@dataclass(frozen=True)
class _Share:
    batches: tf.data.Dataset
    examples: float


def _share_of(prepared: Prepared, *, num_replicas: int) -> _Share:
    """The batches of one replica, and how many examples they have."""
    config = _shared(prepared.config, num_replicas=num_replicas)
    if prepared.network.encoder is None:
        batches = replace(prepared.batches, config=config)
        return _Share(batches.epoch(0), batches.examples_per_step)
    batch = _first_batch(prepared, config=config)
    return _Share(tf.data.Dataset.from_tensors(batch), float(len(batch[0])))


def _in_step(tried: Trial, alone: StepTime) -> StepTime:
    """The same step where all workers wait for each other before each one, as they do in training.

    Medians of workers that run freely would not tell how often one of them waits for a core that something else uses.
    """
    strategy, prepared, num_replicas = tried.placement.strategy, tried.prepared, tried.placement.num_replicas
    model, per_call = prepared.model, prepared.speed.steps_per_execution
    step = model.train_step

    def waiting(data: Any) -> Any:
        # What is read here is written by the step before.
        done = tf.cast(tf.convert_to_tensor(model.optimizer.iterations), tf.float32)
        met = tf.raw_ops.CollectiveReduceV2(
            input=done,
            group_size=num_replicas,
            group_key=BARRIER_KEY,
            instance_key=BARRIER_KEY,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
        )
        with tf.control_dependencies([met]):
            return step(keras.tree.map_structure(lambda part: None if part is None else tf.identity(part), data))

    model.train_step = waiting  # type: ignore[method-assign]
    model.make_train_function(force=True)
    num_calls = max(FEWEST_CALLS, round(ROUNDS * MEASURING_SECONDS / (mean(strategy, alone.seconds) * per_call)))
    found: list[float] = []
    prepared.model.fit(
        _share_of(prepared, num_replicas=num_replicas).batches.repeat(),
        steps_per_epoch=(num_calls + 1) * per_call,
        shuffle=False,
        verbose=0,
        callbacks=[_Stopwatch(found, seconds=math.inf)],
    )
    return replace(alone, seconds=median(found))


class _Stopwatch(keras.callbacks.Callback):
    """Adds how long a step took, of each call but the first, to what was `found`, and ends `fit` when it is time."""

    def __init__(self, found: list[float], *, seconds: float) -> None:
        super().__init__()
        self._found, self._seconds = found, seconds
        self._num_calls = 0
        self._step, self._ended_at, self._ends_at = -1, 0.0, 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note how long the steps up to this one took. A value that is read waits for the device."""
        float(logs["loss"])
        now = time.perf_counter()
        if self._ends_at:
            self._found.append((now - self._ended_at) / (batch - self._step))
            self._num_calls += 1
        else:
            self._ends_at = now + self._seconds
        self._step, self._ended_at = batch, now
        if now > self._ends_at and self._num_calls >= FEWEST_CALLS:
            self.model.stop_training = True


def _input_seconds(dataset: tf.data.Dataset) -> float:
    """What a batch takes to be read, with nothing trained on it."""
    endless, count, seconds, least = dataset.repeat(), 1, 0.0, math.inf
    next(iter(endless))  # the first batch of all also waits for what is prepared once
    while seconds < READING_SECONDS or count == 2:
        count *= 2
        started_at = time.perf_counter()
        endless.take(count).reduce(np.int64(0), as_written(lambda number, *batch: number + 1)).numpy()
        seconds = time.perf_counter() - started_at
        least = min(least, seconds / count)  # the first ones also start the pipeline
    return least


def _shared(config: Config, *, num_replicas: int) -> Config:
    """The config with the share of one replica as its batch."""
    size = config.train.batch_size
    share: int | TokenBudget
    if isinstance(size, int):
        share = -(-size // num_replicas)
    else:
        share = TokenBudget(tokens=max(1, size.tokens // num_replicas))
    return config.model_copy(update={"train": config.train.model_copy(update={"batch_size": share})})


def _first_batch(prepared: Prepared, *, config: Config) -> Any:
    """The first batch as the steps take it; features where an encoder has been through it."""
    batches = replace(prepared.batches, config=config)
    examples, *targets = batches.sample(batches.order(0).batch(0))
    if prepared.network.encoder is not None:
        examples = prepared.network.encoder(examples)
    return (examples, *targets)


def _reduced(prepared: Prepared, batch: Any) -> list[Any]:
    """What the replicas add up after such a batch."""
    return list(tf.function(prepared.model.summed_in_step, autograph=False)(batch))
