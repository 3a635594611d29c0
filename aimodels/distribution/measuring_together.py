"""Workers of this machine that measure side by side, each with its part of the cores."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aimodels.config.loading import to_yaml
from aimodels.config.schema import Config
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.launching import free_ports
from aimodels.distribution.scaling import StepTime, Together
from aimodels.distribution.threads import thread_limits
from aimodels.errors import FailedError
from aimodels.runs.environment import usable_cores

PROGRAM = (sys.executable, "-m", "aimodels.training.measuring_worker")
LONGEST_SECONDS = 300.0


def measure_together(config: Config, *, num_workers: int, program: Sequence[str] = PROGRAM) -> Together:
    """Start workers that measure this config's training, and give what the slowest of them found.

    Raises:
        FailedError: one of them failed, or they took too long.
        MachineError: no ports are free.
    """
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(num_workers))
    limits = thread_limits(max(1, usable_cores() // num_workers))
    with tempfile.TemporaryDirectory(prefix="aimodels-measuring-") as name:
        folder = Path(name)
        path = folder / "config.yaml"
        path.write_text(to_yaml(config), encoding="utf-8")
        processes = []
        for index in range(num_workers):
            cluster = Cluster(addresses, index=index, source="doctor")
            with (folder / f"{index}.out").open("wb") as out, (folder / f"{index}.err").open("wb") as err:
                environment = os.environ | limits | {"TF_CONFIG": cluster.tf_config}
                processes.append(subprocess.Popen([*program, str(path)], env=environment, stdout=out, stderr=err))
        _await(processes, folder=folder)
        return _slowest([json.loads(_lines(folder / f"{index}.out")[-1]) for index in range(num_workers)])


def _await(processes: Sequence[subprocess.Popen[bytes]], *, folder: Path) -> None:
    """Wait for all; the first that fails, or the end of patience, ends all of them."""
    ends_at = time.monotonic() + LONGEST_SECONDS
    try:
        while any(process.poll() is None for process in processes):
            if any(process.poll() for process in processes) or time.monotonic() > ends_at:
                break
            time.sleep(0.1)
        for index, process in enumerate(processes):
            code = process.poll()
            if code:
                last = (_lines(folder / f"{index}.err") or ["it said nothing"])[-1]
                raise _failed(f"worker {index} ended with exit code {code}: {last}")
        if any(process.poll() is None for process in processes):
            raise _failed(f"the workers did not end within {LONGEST_SECONDS:.0f} s")
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def _failed(what: str) -> FailedError:
    return FailedError(
        f"measuring with local workers failed: {what}",
        code="AM443",
        help="leave them out with --no-local; `aimodels launch --workers 2 -- train CONFIG` shows all that they say",
    )


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").strip().splitlines()


def _slowest(found: list[dict[str, object]]) -> Together:
    """All wait for the slowest in every step."""
    every = [Together(**{**each, "step": StepTime(**each["step"])}) for each in found]  # type: ignore[arg-type]
    slowest = max(every, key=lambda each: each.step.seconds)
    return Together(
        num_replicas=slowest.num_replicas,
        step=slowest.step,
        sum_seconds=max(each.sum_seconds for each in every),
        tiny_seconds=max(each.tiny_seconds for each in every),
    )
