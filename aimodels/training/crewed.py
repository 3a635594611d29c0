"""Training as one of several workers: they meet, the chief alone writes the run, and none outlives another."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from aimodels.config.loading import Loaded, to_yaml
from aimodels.data.dataset import Dataset
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.crew import Crew, worker_lost
from aimodels.distribution.meeting import meet
from aimodels.runs.environment import package_versions
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.lock import locked
from aimodels.runs.place import RunPlace

# As a process that failed. Nothing interrupts an operation that all take part in, so it cannot be waited for.
FAILED = 1


class WorkerRun(RunFolder):
    """The run as a worker that is not the chief has it: files of its own, which go when it ends, and its logs, which
    are among those of the chief's run."""

    def __init__(self, path: Path, *, chief: Path, index: int) -> None:
        super().__init__(path)
        self.worker, self.chief = index, RunFolder(chief)
        self.tensorflow_log = self.chief.worker_log(index).with_suffix(".tensorflow.log")

    def become_latest(self, runs_dir: Path) -> None:
        """Nothing: the chief's is the latest run."""


@contextmanager
def met(cluster: Cluster | None, loaded: Loaded, dataset: Dataset) -> Iterator[Crew | None]:
    """The workers in touch while the block runs, once all of them bring the same config, data and versions; None where
    this process trains alone.

    Raises:
        UserError: a worker is missing, or brings something else.
    """
    if cluster is None:
        yield None
        return
    facts = {
        "config_sha256": sha256(to_yaml(loaded.config).encode()).hexdigest(),
        "data_fingerprint": dataset.provenance.fingerprint,
        "versions": package_versions(),
    }
    with meet(cluster, facts) as crew:
        yield crew


@contextmanager
def run_of(crew: Crew | None, loaded: Loaded, where: RunPlace) -> Iterator[RunFolder]:
    """The folder of the run, a new one or one that goes on, locked; of the workers, the chief's is the one that stays.

    Raises:
        UserError: the folder cannot be made, or another process trains the run.
    """
    if crew is None or crew.cluster.is_chief:
        run = where.resumed or RunFolder.create(where.runs_dir, stem=loaded.name, exactly=where.exactly)
        with locked(run):
            if crew is not None:
                crew.tell(str(run.path.resolve()).encode())
                crew.watch(lambda index: _leave(crew, index, run=run))
            yield run
        return
    chief = Path(crew.hear().decode())
    crew.watch(lambda index: _leave(crew, index, run=None))
    folder = Path(tempfile.mkdtemp(prefix="aimodels-worker-"))
    # What it says of how it ended is read until the very end.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run = WorkerRun(folder / chief.name, chief=chief, index=crew.cluster.index)
    run.path.mkdir()
    yield run


def _leave(crew: Crew, index: int, *, run: RunFolder | None) -> None:
    """End this process: a worker is lost, and the operation that all take part in would wait for it for ever."""
    error = worker_lost(crew.cluster, index)
    if run is not None and run.run_file.exists():
        told = {"code": error.code, "message": error.message}
        run.update(status="failed", ended=now(), error=told, reason=error.message)
    sys.stderr.write(f"error[{error.code}]: {error.message}\n  help: {error.help}\n")
    sys.stderr.flush()
    os._exit(FAILED)
