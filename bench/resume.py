"""Runs killed at random moments and gone on with, against the same runs left alone: they must end bit for bit equal."""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from programs import AIMODELS, aimodels, tell
from results import Figures, save

from aimodels.runs.folder import RunFolder

CONFIGS = {
    "image": """
seed: 3
data: {name: mnist, source: sample, limit: 900}
model: {name: cnn, filters: [8, 16], dropout: 0.3, batch_norm: true}
train:
  epochs: 6
  batch_size: 16
  steps_per_execution: 4
  augment: {shift: 0.1, rotate: 0.05}
  optimizer: {name: adamw, schedule: {name: cosine, warmup_epochs: 1}}
  early_stopping: {patience: 4}
  checkpoint: {every_steps: 17}
""",
    "text": """
seed: 5
data: {name: imdb, source: sample, limit: 600}
model: {name: lstm, units: [16], dropout: 0.3, words: {max_length: 80, vocabulary: 800}, embedding: {size: 16}}
train:
  epochs: 6
  batch_size: {tokens: 1200}
  steps_per_execution: 2
  augment: {word_dropout: 0.1}
  optimizer: {name: adam, schedule: {name: plateau, patience: 1}}
  checkpoint: {every_steps: 13}
""",
}
OPTIONS = ("--no-plots", "--progress", "none")


@dataclass
class Sweep:
    """One config: its run that was left alone, and what became of the others."""

    name: str
    folder: Path
    chance: random.Random
    num_kills: int = 0
    seconds: float = 0.0
    equal: list[bool] = field(default_factory=list)
    found: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Train once without interruption, to compare with, and to know how long it takes."""
        (self.folder / f"{self.name}.yaml").write_text(CONFIGS[self.name])
        aimodels("train", f"{self.name}.yaml", "--run-dir", "whole", *OPTIONS, folder=self.folder)
        self.seconds = RunFolder(self.folder / "whole").facts()["seconds"]

    def kill_and_go_on(self, number: int, *, most: int) -> None:
        """Train once more, killed at random moments, one to three times or `most`, and compare what comes out."""
        run = RunFolder(self.folder / "runs" / f"{self.name}-{number:03d}")
        command = ["train", f"{self.name}.yaml", "--run-dir", str(run.path), "--resume", "auto", *OPTIONS]
        for _ in range(min(most, self.chance.choice([1, 1, 2, 3]))):
            if not self._killed(run, command):
                break
            self.num_kills += 1
            self._look_at(run)
        if run.facts()["status"] == "running":
            aimodels(*command, folder=self.folder)
        different = list(differences(RunFolder(self.folder / "whole"), run))
        self.found.update(different)
        self.equal.append(not different)
        tell(sweep=self.name, run=number, kills=self.num_kills, equal=not different, different=different)

    def _killed(self, run: RunFolder, command: list[str]) -> bool:
        """Start, and kill at a moment from when it begins to train until it is done; False if it was done before."""
        process = subprocess.Popen(
            [*AIMODELS, *command], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        trains_here = f'"pid": {process.pid}'
        while process.poll() is None and not (run.run_file.exists() and trains_here in run.run_file.read_text()):
            time.sleep(0.02)
        moment = self.chance.uniform(0, self.seconds * 1.05)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        return process.wait() == -signal.SIGKILL

    def _look_at(self, run: RunFolder) -> None:
        """What a kill leaves: a list of runs, and nothing that has its final name and cannot be read."""
        listed = json.loads(aimodels("runs", "ls", "--json", folder=self.folder).stdout)["runs"]
        if run.name not in [each["name"] for each in listed]:
            sys.exit(f"{run.path} is not listed")
        broken = list(unreadable(run))
        if broken:
            sys.exit(f"unreadable after a kill: {', '.join(map(str, broken))}")


def unreadable(run: RunFolder) -> Iterator[Path]:
    """Files of a run that have their final name and are not whole."""
    from aimodels.training.state_files import read_state

    for path in run.path.rglob("*"):
        if path.is_dir() or path.name.startswith("."):
            continue
        try:
            if path.suffix == ".json":
                json.loads(path.read_text())
            elif path.suffix == ".jsonl":
                [json.loads(line) for line in path.read_text().splitlines()]
            elif path.suffix == ".keras" and zipfile.ZipFile(path).testzip() is not None:
                yield path
            elif path.suffix == ".safetensors" and read_state(path) is None:
                yield path
        except FileNotFoundError:
            continue
        except (ValueError, zipfile.BadZipFile):
            yield path


def differences(whole: RunFolder, run: RunFolder) -> Iterator[str]:
    """What differs between two runs that should be equal."""
    from aimodels.training.state_files import newest_state

    if whole.history_file.read_bytes() != run.history_file.read_bytes():
        yield "history.csv"
    for which in ("best", "last"):
        pairs = zip(whole.model(which).get_weights(), run.model(which).get_weights(), strict=True)
        if not all(np.array_equal(one, other) for one, other in pairs):
            yield f"{which}.keras"
    one, other = newest_state(whole), newest_state(run)
    if one is None or other is None or one.position != other.position or one.progress != other.progress:
        yield "state"
    elif sorted(one.values) != sorted(other.values):
        yield "state"
    else:
        yield from (name for name in one.values if not np.array_equal(one.values[name], other.values[name]))


def main() -> None:
    """Kill, go on, compare."""
    asked = _asked()
    with tempfile.TemporaryDirectory() as name:
        rows = [_swept(each, Path(name), asked) for each in CONFIGS]
        if asked.save:
            told = (
                "Compared: `history.csv`, both checkpoints and every variable of the last state, bit for bit."
                " Each run was killed up to three times; a few were done before the moment came."
            )
            command = f"python bench/resume.py --kills {asked.kills} --save"
            save("Killed and gone on with", Figures(command, rows, told))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="kills in all, over both configs")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--save", action="store_true", help="write the figures into results.md")
    return parser.parse_args()


def _swept(name: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """What became of one config, killed its share of all kills."""
    sweep = Sweep(name, folder / name, random.Random(f"{asked.seed} {name}"))
    sweep.folder.mkdir()
    sweep.begin()
    share, number = -(-asked.kills // len(CONFIGS)), 0
    while sweep.num_kills < share:
        number += 1
        sweep.kill_and_go_on(number, most=share - sweep.num_kills)
    row = {"what": name, "kills": sweep.num_kills, "runs": len(sweep.equal), "equal": sum(sweep.equal)}
    row["different"] = ", ".join(sorted(sweep.found)) or "nothing"
    tell(**row)
    return row


if __name__ == "__main__":
    main()
