"""What the commands that ask a run have in common: which devices and workers answer, and how that is told."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ValidationError
from typer import Option

from aimodels.cli.console import Console
from aimodels.config.schema import Train
from aimodels.distribution.answering_devices import AnsweringStrategy, answering_cluster, answering_devices
from aimodels.distribution.cluster import Cluster
from aimodels.errors import UsageError
from aimodels.runs.folder import RunFolder

if TYPE_CHECKING:
    from aimodels.prediction.sharing import WorkerPart

Strategy = Annotated[
    AnsweringStrategy,
    Option(
        "--strategy",
        help="auto: with the other workers of a cluster, on all GPUs; single: one device; mirrored: all devices.",
    ),
]
Device = Annotated[str, Option("--device", help="auto, cpu, gpu, or some GPUs: gpu:0,1")]


@dataclass(frozen=True)
class Answerers:
    """Who answers: the devices of this process, and the other workers of a cluster where there is one."""

    strategy: AnsweringStrategy = "auto"
    device: str = "auto"
    cluster: Cluster | None = None


def answerers(*, strategy: AnsweringStrategy, device: str) -> Answerers:
    """What the options say, and the environment.

    Raises:
        UsageError: `device` is no device, or the environment describes a cluster that makes no sense.
    """
    try:
        Train(device=device)
    except ValidationError as error:
        raise UsageError(
            f"--device {device} names no device", code="AM446", help="write auto, cpu, gpu, or some GPUs: gpu:0,1"
        ) from error
    return Answerers(strategy, device, answering_cluster(strategy, os.environ))


def start(console: Console, asked: Answerers, *, logging_in: RunFolder | None = None) -> None:
    """Load TensorFlow, with what it says in the logs of a run where one is given, and tell who answers.

    Raises:
        MachineError: a GPU is asked for that is not there.
    """
    from aimodels.distribution.tensorflow_start import start_tensorflow

    worker = 0 if asked.cluster is None else asked.cluster.index
    log = None
    if logging_in is not None:
        log = logging_in.worker_log(worker).with_suffix(".tensorflow.log") if worker else logging_in.tensorflow_log
    start_tensorflow(log=log, device=asked.device)
    devices = answering_devices(asked.strategy, cluster=asked.cluster)
    console.note(f"device  {devices.description} ({devices.reason})")
    console.answer({"device": devices.description, "strategy": devices.reason})


def part_done(console: Console, part: "WorkerPart", *, run: RunFolder) -> dict[str, Any]:
    """What a worker that is not the chief says at its end: the answers are the chief's."""
    console.out(f"worker {part.worker} is done: {part.num_answered:,} answers for worker 0, which tells of {run.name}")
    return {"worker": part.worker, "run": run.name, "num_answered": part.num_answered}
