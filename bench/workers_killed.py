"""One of two workers killed at a random moment, and all started again: how long the others take to end, what comes out.

Each kill is that of the chief or of the other worker, in turn, of workers that `aimodels launch` started, or that were
started one by one, so that nobody stops those that are left. The run must end bit for bit as one that was left alone.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from programs import AIMODELS, aimodels, tell
from results import Figures, save
from resume import CONFIGS, OPTIONS, differences, unreadable

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.launching import free_ports
from aimodels.distribution.threads import thread_limits
from aimodels.runs.environment import usable_cores
from aimodels.runs.folder import RunFolder

WORKERS = 2
LONGEST_SECONDS = 60
WAYS = ("launch", "one by one")
LAUNCH = ("launch", "--workers", str(WORKERS), "--")


@dataclass
class Kills:
    """What became of the runs of which one worker was killed."""

    way: str
    victim: int
    seconds: list[float] = field(default_factory=list)
    equal: int = 0
    found: set[str] = field(default_factory=set)

    def row(self) -> dict[str, Any]:
        """For the table."""
        return {
            "started by": self.way,
            "killed": "the chief" if self.victim == 0 else f"worker {self.victim}",
            "kills": len(self.seconds),
            "all ended within": f"{max(self.seconds):.1f} s" if self.seconds else "-",
            "equal": self.equal,
            "different": ", ".join(sorted(self.found)) or "nothing",
        }


def start(way: str, command: Sequence[str], *, folder: Path) -> list[subprocess.Popen[bytes]]:
    """The processes of one training: `launch`, or each worker."""
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if way == "launch":
        return [subprocess.Popen([*AIMODELS, *LAUNCH, *command], **quiet)]
    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(WORKERS))
    limits = thread_limits(max(1, usable_cores() // WORKERS))
    clusters = [Cluster(workers, index=index, source="the benchmark") for index in range(WORKERS)]
    return [
        subprocess.Popen([*AIMODELS, *command], env=os.environ | limits | {"TF_CONFIG": each.tf_config}, **quiet)
        for each in clusters
    ]


def workers_of(way: str, processes: Sequence[subprocess.Popen[bytes]]) -> dict[int, int]:
    """The process of each worker that is there, by its number."""
    if way != "launch":
        return {index: process.pid for index, process in enumerate(processes)}
    found = {}
    [launcher] = processes
    for pid in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split():
        with suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            told = [each.partition(b"=")[2] for each in variables if each.startswith(b"TF_CONFIG=")]
            found[json.loads(told[0])["task"]["index"]] = int(pid)
    return found


def killed(kills: Kills, command: Sequence[str], *, run: RunFolder, moment: float) -> float | None:
    """Start, kill one worker so many seconds after the run began, and wait: seconds until all processes had ended.

    None where they were done before the moment came.
    """
    processes = start(kills.way, command, folder=run.path.parent.parent)
    while not run.run_file.exists():
        if processes[0].poll() is not None:
            sys.exit(f"{run.path} did not begin")
        time.sleep(0.02)
    time.sleep(moment)
    victim = workers_of(kills.way, processes).get(kills.victim)
    if victim is None or run.facts()["status"] != "running" or any(each.poll() is not None for each in processes):
        for process in processes:
            process.wait()
        return None
    os.kill(victim, signal.SIGKILL)
    killed_at = time.perf_counter()
    for process in processes:
        try:
            process.wait(timeout=2 * LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return time.perf_counter() - killed_at


def kill_and_go_on(kills: Kills, *, run: RunFolder, whole: RunFolder, chance: random.Random) -> bool:
    """Kill one worker, start all again, compare. False where the run was done before the moment came."""
    command = ["train", "image.yaml", "--run-dir", str(run.path), "--resume", "auto", *OPTIONS]
    moment = chance.uniform(0, whole.facts()["seconds"])
    seconds = killed(kills, command, run=run, moment=moment)
    if seconds is None:
        return False
    broken = list(unreadable(run))
    if broken:
        sys.exit(f"unreadable after a kill: {', '.join(map(str, broken))}")
    status = run.facts()["status"]
    again = start(kills.way, command, folder=run.path.parent.parent)
    codes = [process.wait() for process in again]
    if any(codes):
        sys.exit(f"{run.path} did not go on: the workers ended with {codes}")
    different = list(differences(whole, run))
    kills.seconds.append(seconds)
    kills.equal += not different
    kills.found.update(different)
    resumed = run.facts()["resumed"][0]
    tell(
        way=kills.way, killed=kills.victim, moment=round(moment, 1), status=status, seconds=round(seconds, 1),
        went_on=[resumed["epoch"], resumed["step"]], different=different,
    )  # fmt: skip
    return True


def main() -> None:
    """Train once, left alone; then kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="kills in all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--save", action="store_true", help="write the figures into results.md")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "image.yaml").write_text(CONFIGS["image"])
        whole = RunFolder(folder / "runs" / "whole")
        aimodels(*LAUNCH, "train", "image.yaml", "--run-dir", whole.path, *OPTIONS, folder=folder)
        whole_seconds = whole.facts()["seconds"]
        tell(seconds=whole_seconds, epochs=whole.facts()["epochs_done"])
        all_kills = [Kills(way, victim) for way in WAYS for victim in range(WORKERS)]
        number, turns = 0, cycle(all_kills)
        for kills, _ in zip(turns, range(asked.kills), strict=False):
            is_killed = False
            while not is_killed:
                number += 1
                run = RunFolder(folder / "runs" / f"killed-{number}")
                is_killed = kill_and_go_on(kills, run=run, whole=whole, chance=chance)
    rows = [kills.row() for kills in all_kills if kills.seconds]
    tell(rows=rows)
    if asked.save:
        told = (
            f"{asked.kills} kills by SIGKILL, at random moments of a training of two workers that takes about "
            f"{whole_seconds:.0f} s. Compared with the run of two workers that nobody killed: "
            "`history.csv`, both checkpoints and every variable of the last state, bit for bit."
        )
        command = f"python bench/workers_killed.py --kills {asked.kills} --save"
        save("One worker of two killed", Figures(command, rows, told))


if __name__ == "__main__":
    main()
