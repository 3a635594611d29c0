"""Which devices share the work, and why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimodels.config.schema import Precision, Train
from aimodels.errors import ConfigError, Problem

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


def place(train: Train) -> Placement:
    """Choose the strategy for the visible devices.

    Raises:
        ConfigError: the global batch does not divide by the number of replicas.
    """
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    kind = "gpu" if gpus else "cpu"
    several = len(devices) > 1
    if train.strategy == "mirrored" or (train.strategy == "auto" and several and gpus):
        reason = "asked for" if train.strategy == "mirrored" else f"{len(gpus)} GPU devices"
        names = [device.name for device in devices]
        _check_divides(train, num_replicas=len(names))
        strategy: tf.distribute.Strategy = tf.distribute.MirroredStrategy(names)
        count = len(names)
        return Placement(strategy, _describe(kind, count), kind, count, f"mirrored: {reason}", num_local=count)
    reason = "asked for" if train.strategy == "single" else f"one {kind.upper()} device"
    if several and train.strategy == "auto":
        reason = "CPU devices share work only where that is asked for"
    strategy = tf.distribute.OneDeviceStrategy(devices[0].name) if several else tf.distribute.get_strategy()
    return Placement(strategy, _describe(kind, 1), kind, 1, f"single: {reason}")


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


def choose_precision(precision: Precision, *, kind: str) -> str:
    """The Keras dtype policy: as asked for, or bfloat16 on GPUs that compute in it (compute capability 8 and above)."""
    if precision != "auto":
        return precision
    if kind == "cpu":
        return "float32"
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    capabilities = [tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) for gpu in gpus]
    return "mixed_bfloat16" if capabilities and min(capabilities) >= (8, 0) else "float32"
