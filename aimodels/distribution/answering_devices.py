"""Which devices of this machine, and which workers, answer the examples of an evaluation or a prediction, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aimodels.distribution.cluster import Cluster, find_cluster
from aimodels.errors import UsageError

AnsweringStrategy = Literal["auto", "single", "mirrored"]


@dataclass(frozen=True)
class AnsweringDevices:
    """The logical devices that hold a copy of the network each, in words, and the reason for the choice."""

    names: tuple[str, ...]
    description: str
    reason: str


def answering_cluster(strategy: AnsweringStrategy, environment: Mapping[str, str]) -> Cluster | None:
    """The workers to answer with, of those that the environment describes; None where this process answers alone.

    Raises:
        UsageError: what is described makes no sense.
    """
    return find_cluster(environment) if strategy == "auto" else None


def check_answering_launched(strategy: AnsweringStrategy, *, num_workers: int) -> None:
    """Refuse an evaluation or a prediction that each worker of `aimodels launch` would do alone, and write over.

    Raises:
        UsageError: the strategy is one of a single process.
    """
    if num_workers > 1 and strategy != "auto":
        raise UsageError(
            f"with `--strategy {strategy}` each of the {num_workers} workers that were launched would answer every "
            "example, and write the same files",
            code="AM429",
            help="without --strategy they share the examples; for one process leave out aimodels launch",
        )


def answering_devices(strategy: AnsweringStrategy = "auto", *, cluster: Cluster | None = None) -> AnsweringDevices:
    """Of the visible devices those that answer, in this process: all GPUs, or one device.

    A network answers each example by itself, so that its copies need not agree on anything, and a batch need not be
    divided among them: each answers whole batches.
    """
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    found = gpus or tf.config.list_logical_devices("CPU")
    kind = "GPU" if gpus else "CPU"
    if strategy == "mirrored" or (strategy == "auto" and len(gpus) > 1):
        names = tuple(device.name for device in found)
        reason = "mirrored: " + ("asked for" if strategy == "mirrored" else f"{len(names)} GPU devices")
    else:
        names, why = (found[0].name,), "asked for" if strategy == "single" else f"one {kind} device"
        if strategy == "auto" and len(found) > 1:
            why = "CPU devices share work only where that is asked for"
        reason = f"single: {why}"
    description = kind if len(names) == 1 else f"{len(names)} {'GPUs' if gpus else 'logical CPUs'}"
    if cluster is None:
        return AnsweringDevices(names, description, reason)
    reason = f"multi_worker: {cluster.reason}"
    return AnsweringDevices(names, f"{cluster.size} workers, each {description}", reason)
