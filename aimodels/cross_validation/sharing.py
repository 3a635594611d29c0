"""How many folds are trained at a time, and with how many threads each."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aimodels.distribution.threads import thread_limits
from aimodels.errors import UsageError
from aimodels.runs.environment import usable_cores

GPUS = (Path("/proc/driver/nvidia/gpus"), Path("/dev/kfd"))
HIDDEN = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


@dataclass(frozen=True)
class Sharing:
    """How many folds are trained at a time, each with so many threads; no threads: as many as it likes."""

    jobs: int
    threads: int | None

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of the process that trains one fold."""
        return dict(environ) | ({} if self.threads is None else thread_limits(self.threads))


def share_machine(folds: int, *, device: str, asked: int | None) -> Sharing:
    """Share this machine between folds.

    The threads of a fold depend on the machine and on the number of folds alone: sums of floating-point numbers depend
    on how many threads share them, and results must not depend on how many folds are trained at a time. A GPU trains
    one fold at a time, unless more are asked for.

    Raises:
        UsageError: more are asked for than there are cores.
    """
    cores = usable_cores()
    if asked is not None and asked > cores:
        raise UsageError(
            f"`--jobs {asked}`: only {cores} processor cores are there",
            code="AM553",
            help=f"--jobs {cores} or less; without --jobs as many folds are trained at a time as there are cores",
        )
    if _uses_gpu(device):
        return Sharing(jobs=asked or 1, threads=None)
    return Sharing(jobs=min(asked or cores, folds), threads=max(1, cores // folds))


def _uses_gpu(device: str) -> bool:
    """Whether a training would find a GPU, as far as it can be told without TensorFlow."""
    if device != "auto":
        return device != "cpu"
    if any(os.environ.get(name) in ("", "-1") for name in HIDDEN):
        return False
    return any(path.exists() for path in GPUS)
