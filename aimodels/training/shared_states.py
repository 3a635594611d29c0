"""The state that several workers go on from: the chief reads it, and sends it to those that do not see its disk."""

import json
from collections.abc import Iterator
from pathlib import Path

from aimodels.distribution.crew import CHIEF, Crew
from aimodels.errors import FailedError
from aimodels.runs.folder import RunFolder
from aimodels.training.state import State
from aimodels.training.state_files import newest_kept, newest_state, read_state

# Each is a sign of life, also on a slow network.
BYTES_AT_ONCE = 1 << 20
SEEN, MISSING = b"seen", b"missing"


def newest_state_of(run: RunFolder, crew: Crew | None) -> State | None:
    """The newest state that is whole, the same for all workers; None where none was kept. All of them must call it.

    Raises:
        FailedError: the states are broken, a worker is gone, or what the chief sent did not arrive whole.
    """
    if crew is None:
        return newest_state(run)
    return _sent(run, crew) if crew.cluster.is_chief else _received(run, crew)


def _sent(run: RunFolder, crew: Crew) -> State | None:
    found = newest_kept(run)
    if found is None:
        crew.tell(b"null")
        return None
    crew.tell(json.dumps({"name": found.path.name, "size": found.path.stat().st_size}).encode())
    answers = crew.gather(SEEN) or []
    missing = [index for index, answer in enumerate(answers) if answer == MISSING]
    if missing:
        for part in _parts(found.path):
            crew.tell(part, to=missing)
    return found.state


def _received(run: RunFolder, crew: Crew) -> State | None:
    told = json.loads(crew.hear())
    if told is None:
        return None
    # The name says what is in it.
    state = read_state(run.chief.states / told["name"])
    crew.gather(MISSING if state is None else SEEN)
    if state is None:
        path = run.states / told["name"]
        _receive(crew, path, size=told["size"])
        state = read_state(path)
        path.unlink()
    if state is None:
        raise FailedError(
            f"the state {told['name']}, which {crew.cluster.describe(CHIEF)} sent, did not arrive whole",
            code="AM427",
            help="start all workers again with --resume; look after the disk of this worker's temporary folder",
        )
    return state


def _receive(crew: Crew, path: Path, *, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(crew.hear())


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(BYTES_AT_ONCE):
            yield part
