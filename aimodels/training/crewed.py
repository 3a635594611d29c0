"""Training as one of several workers: they meet, the chief alone writes the run, and none outlives another."""

import atexit
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from aimodels.config.loading import Loaded, to_yaml
from aimodels.data.dataset import Dataset
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.crew import Crew, worker_lost
from aimodels.distribution.meeting import meet
from aimodels.distribution.precision import hardware
from aimodels.errors import FailedError, UserError
from aimodels.runs.atomic import cannot_write
from aimodels.runs.environment import package_versions
from aimodels.runs.folder import RunFolder, now
from aimodels.runs.lock import locked, remove_what_never_began
from aimodels.runs.place import RunPlace

# As a process that failed. Nothing interrupts an operation that all take part in, so it cannot be waited for.
FAILED = 1
OWN_WORDS_SECONDS = 5.0


class WorkerRun(RunFolder):
    """The run as a worker that is not the chief has it: files of its own, which go when it ends, and its logs, which
    are among those of the chief's run, where it sees them. `goes_on`: the chief's is a run that was left."""

    def __init__(self, path: Path, *, chief: Path, index: int, goes_on: bool) -> None:
        super().__init__(path)
        self.goes_on = goes_on
        self.worker, self.chief = index, RunFolder(chief)
        self.tensorflow_log = self.chief.worker_log(index).with_suffix(".tensorflow.log")

    def become_latest(self, runs_dir: Path) -> None:
        """Nothing: the chief's is the latest run."""


@contextmanager
def met(cluster: Cluster | None, loaded: Loaded, dataset: Dataset) -> Iterator[Crew | None]:
    """The workers in touch while the block runs, once all of them bring the same config, data, versions and kind of
    devices; None where this process trains alone.

    Raises:
        UserError: a worker is missing, or brings something else.
    """
    if cluster is None:
        yield None
        return
    # The name is the chief's: a run that goes on has one, the file that it began with need not.
    config = loaded.config.model_copy(update={"name": None})
    facts = {
        "config": config.model_dump(mode="json"),
        "config_sha256": sha256(to_yaml(config).encode()).hexdigest(),
        "data": {"num_examples": dataset.num_examples},
        "data_fingerprint": dataset.provenance.fingerprint,
        "versions": package_versions(),
        "hardware": hardware(config.train.precision),
    }
    with meet(cluster, facts) as crew:
        crew.watch(lambda index: _leave_soon(crew, index))
        yield crew


@contextmanager
def run_of(crew: Crew | None, loaded: Loaded, where: RunPlace) -> Iterator[RunFolder]:
    """The folder of the run, a new one or one that goes on, locked; of the workers, the chief's is the one that stays.

    Raises:
        UserError: the folder cannot be made, or another process trains the run.
    """
    if crew is None or crew.cluster.is_chief:
        if where.resumed is None and where.exactly is not None:
            remove_what_never_began(RunFolder(where.exactly))
        run = where.resumed or RunFolder.create(where.runs_dir, stem=loaded.name, exactly=where.exactly)
        with locked(run):
            if crew is not None:
                goes_on = where.resumed is not None
                crew.tell(json.dumps({"path": str(run.path.resolve()), "goes_on": goes_on}).encode())
                crew.watch(lambda index: _leave(crew, index, run=run))
            yield run
        return
    told = json.loads(crew.hear())
    chief = Path(told["path"])
    folder = Path(tempfile.mkdtemp(prefix="aimodels-worker-"))
    # What it says of how it ended is read until the very end.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run = WorkerRun(folder / chief.name, chief=chief, index=crew.cluster.index, goes_on=told["goes_on"])
    run.path.mkdir()
    crew.watch(lambda index: _leave(crew, index, run=run))
    try:
        # Where this worker does not see the chief's disk its logs lie on its own, under the same path.
        run.chief.logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(run.chief.logs, error) from error
    yield run


def _leave_soon(crew: Crew, index: int) -> None:
    """End this process where it has not ended by itself: what the lost worker could not do, such as build the model,
    this one may be about to tell in its own words."""
    time.sleep(OWN_WORDS_SECONDS)
    _leave(crew, index)


def _leave(crew: Crew, index: int, *, run: RunFolder | None = None) -> None:
    """End this process: a worker is lost, and the operation that all take part in would wait for it for ever."""
    error = worker_lost(crew.cluster, index)
    try:
        if run is not None:
            _write_down(error, run=run)
        sys.stderr.write(f"error[{error.code}]: {error.message}\n  = help: {error.help}\n")
        sys.stderr.flush()
    finally:  # whatever cannot be written
        os._exit(FAILED)


def _write_down(error: FailedError, *, run: RunFolder) -> None:
    if run.worker is not None:
        shutil.rmtree(run.path.parent, ignore_errors=True)
    elif not run.run_file.exists():
        run.discard()
    else:
        told = {"code": error.code, "message": error.message}
        with suppress(UserError):
            run.update(status="failed", ended=now(), error=told, reason=error.message)
