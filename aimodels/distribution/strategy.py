"""Which devices share the work, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aimodels.config.schema import Train
from aimodels.distribution.cluster import LAUNCHED, Cluster, find_cluster
from aimodels.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Placement:
    """The strategy to build and train under, what it runs on, and the reason for the choice.

    Of all replicas, `num_local` are fed by this process, from number `first` on.
    """

    strategy: "tf.distribute.Strategy"
    device: str
    kind: str
    num_replicas: int
    reason: str
    first: int = 0
    num_local: int = 1


def cluster_for(train: Train, environment: Mapping[str, str]) -> Cluster | None:
    """The cluster to train in, of those that the environment describes; None for a training by this process alone.

    Raises:
        UsageError: several workers are asked for and none are described, or what is described makes no sense.
    """
    if LAUNCHED in environment:
        check_launched(train, num_workers=int(environment[LAUNCHED]))
    if train.strategy in ("single", "mirrored"):
        return None
    cluster = find_cluster(environment)
    if cluster is None and train.strategy == "multi_worker":
        raise UsageError(
            "`train.strategy: multi_worker` is asked for, and nothing says who the workers are",
            code="AM425",
            help="on one machine: aimodels launch --workers 2 -- train CONFIG; on several, docs/clusters.md says which "
            "variables to set (TF_CONFIG, those of Slurm, AIMODELS_WORKERS)",
        )
    if cluster is not None:
        _check_agreement(train)
    return cluster


def check_launched(train: Train, *, num_workers: int) -> None:
    """Refuse a training that the workers of `aimodels launch` would not do together.

    Raises:
        UsageError: the strategy is one of a single process.
        ConfigError: it asks for what workers cannot share, or for batches that do not divide among them.
    """
    if num_workers > 1 and train.strategy in ("single", "mirrored"):
        raise UsageError(
            f"with `train.strategy: {train.strategy}` each of the {num_workers} workers that were launched would "
            "train a run of its own",
            code="AM429",
            help="with train.strategy=auto they train one run together; for one process leave out aimodels launch",
        )
    _check_agreement(train)
    # A worker is one replica or more.
    _check_divides(train, num_replicas=num_workers)


def _check_agreement(train: Train) -> None:
    """Refuse what workers cannot do together."""
    if train.folds is None:
        return
    message = "`train.folds` is for one process: several workers cannot share the folds of a cross-validation"
    help = "train the folds in one process, or one of them with data.fold"
    raise ConfigError([Problem(code="AM426", message=message, path="train.folds", help=help)], source="train")


def place(train: Train, *, cluster: Cluster | None = None) -> Placement:
    """Choose the strategy for the visible devices, of this process or of all workers of a cluster.

    Raises:
        ConfigError: the global batch does not divide by the number of replicas.
    """
    import tensorflow as tf

    if cluster is not None:
        return _of_workers(train, cluster=cluster)
    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    kind = "gpu" if gpus else "cpu"
    several = len(devices) > 1
    if several and (train.strategy == "mirrored" or (train.strategy == "auto" and gpus)):
        reason = "asked for" if train.strategy == "mirrored" else f"{len(gpus)} GPU devices"
        names = [device.name for device in devices]
        _check_divides(train, num_replicas=len(names))
        count = len(names)
        described = _describe(kind, count)
        return Placement(_mirrored(tuple(names)), described, kind, count, f"mirrored: {reason}", num_local=count)
    strategy = tf.distribute.OneDeviceStrategy(devices[0].name) if several else tf.distribute.get_strategy()
    return Placement(strategy, _describe(kind, 1), kind, 1, _why_one(train, kind=kind, several=several))


def _why_one(train: Train, *, kind: str, several: bool) -> str:
    if train.strategy == "mirrored":
        # Variables with copies cost a part of every step, also where there is but one copy.
        return f"mirrored: asked for, and one {kind.upper()} device has nobody to share with"
    if train.strategy == "single":
        return "single: asked for"
    return "single: " + (
        "CPU devices share work only where that is asked for" if several else f"one {kind.upper()} device"
    )


@cache
def _mirrored(names: tuple[str, ...]) -> "tf.distribute.Strategy":
    """The one strategy of these devices in this process, which every training on them shares.

    A strategy numbers the operations that its replicas do together, from the same number on. TensorFlow remembers the
    shape behind each number for as long as the process lives, and ends a training that gives one of them another shape.
    """
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(names))


def _of_workers(train: Train, *, cluster: Cluster) -> Placement:
    """All workers of a cluster. The strategy must be made before TensorFlow computes anything."""
    import tensorflow as tf

    # Logical devices cannot be listed yet: that alone would start TensorFlow without the other workers.
    gpus = tf.config.get_visible_devices("GPU")
    kind, num_local = ("gpu", len(gpus)) if gpus else ("cpu", 1)
    num_replicas = num_local * cluster.size
    _check_divides(train, num_replicas=num_replicas)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.workers)}),
        task_type="worker",
        task_id=cluster.index,
        num_accelerators={"GPU": num_local} if gpus else {},
        rpc_layer="grpc",
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    reason = "asked for" if train.strategy == "multi_worker" else cluster.reason
    return Placement(
        strategy,
        f"{cluster.size} workers, each {_describe(kind, num_local)}",
        kind,
        num_replicas,
        f"multi_worker: {reason}",
        first=cluster.index * num_local,
        num_local=num_local,
    )


def _check_divides(train: Train, *, num_replicas: int) -> None:
    batch_size = train.batch_size
    # Of a budget of tokens every batch has as many texts as fit, and is shared as far as it goes.
    if not isinstance(batch_size, int) or batch_size % num_replicas == 0:
        return
    below = batch_size // num_replicas * num_replicas
    near = [str(size) for size in (below, below + num_replicas) if size > 0]
    message = f"`train.batch_size` {batch_size} does not divide by {num_replicas} replicas"
    help = f"the batch size counts over all replicas; the nearest that divide: {' and '.join(near)}"
    raise ConfigError([Problem(code="AM303", message=message, path="train.batch_size", help=help)], source="train")


def _describe(kind: str, count: int) -> str:
    import tensorflow as tf

    if kind == "cpu":
        return "CPU" if count == 1 else f"{count} logical CPUs"
    details = tf.config.experimental.get_device_details(tf.config.get_visible_devices("GPU")[0])
    name = details.get("device_name", "GPU")
    return f"{count} x {name}" if count > 1 else f"GPU {name}"
