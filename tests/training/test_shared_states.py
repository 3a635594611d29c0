"""The state that several workers go on from: the chief's, sent to those that do not see its disk."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.crew import Crew
from aimodels.distribution.launching import free_ports
from aimodels.distribution.meeting import meet
from aimodels.errors import FailedError
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow


def together(pool: ThreadPoolExecutor, *calls: Any) -> list[Any]:
    return [each.result(timeout=60) for each in [pool.submit(call) for call in calls]]


@pytest.fixture
def workers() -> Any:
    """A pool of threads, and three workers that have met."""
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(3))
    clusters = [Cluster(addresses, index=index, source="the test") for index in range(3)]
    with ThreadPoolExecutor(3) as pool:
        crews = together(pool, *(lambda each=each: meet(each, {}, timeout=30) for each in clusters))
        yield pool, crews
        together(pool, *(crew.close for crew in crews))


def runs(tmp_path: Path) -> list[RunFolder]:
    """The run of the chief, that of a worker that sees it, and that of one that does not."""
    from aimodels.training.crewed import WorkerRun

    chief, nowhere = tmp_path / "chief", tmp_path / "nowhere"
    made = [
        RunFolder(chief),
        *(
            WorkerRun(tmp_path / f"worker-{index}", chief=seen, index=index, goes_on=True)
            for index, seen in ((1, chief), (2, nowhere))
        ),
    ]
    for run in made:
        run.path.mkdir()
    return made


def newest(run: RunFolder, crew: Crew) -> Any:
    from aimodels.training.shared_states import newest_state_of

    return newest_state_of(run, crew)


def write(run: RunFolder, *, epoch: int) -> Path:
    from aimodels.training.progress import Progress, Watch
    from aimodels.training.state import Position, State
    from aimodels.training.state_files import write_state

    progress = Progress(epochs_done=epoch, best=Watch("loss", "min", best=0.5), stopping=None, plateau=None)
    # Larger than what is sent at once.
    values = {"network/00000": np.random.default_rng(epoch).normal(size=(300_000,))}
    return write_state(State(Position(epoch), progress, values), run, keep=2)


def test_all_workers_get_the_newest_state_of_the_chief(workers: Any, tmp_path: Path) -> None:
    pool, crews = workers
    made = runs(tmp_path)
    assert together(pool, *(lambda each=each: newest(*each) for each in zip(made, crews, strict=True))) == [None] * 3
    for epoch in (1, 2):
        write(made[0], epoch=epoch)
    states = together(pool, *(lambda each=each: newest(*each) for each in zip(made, crews, strict=True)))
    assert [state.position.epoch for state in states] == [2, 2, 2]
    for state in states:
        np.testing.assert_array_equal(state.values["network/00000"], states[0].values["network/00000"])
    # What was sent is kept by nobody but the chief.
    assert [len(list(run.states.glob("*"))) for run in made] == [2, 0, 0]


def test_what_did_not_arrive_whole_is_refused(workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aimodels.training import shared_states

    pool, crews = workers
    made = runs(tmp_path)
    write(made[0], epoch=1)
    receive = shared_states._receive

    def broken(crew: Crew, path: Path, *, size: int) -> None:
        receive(crew, path, size=size)
        path.write_bytes(path.read_bytes()[:-1] + b"\0")

    monkeypatch.setattr(shared_states, "_receive", broken)
    calls = [pool.submit(newest, run, crew) for run, crew in zip(made, crews, strict=True)]
    with pytest.raises(FailedError, match=r"which worker 0 \(.*\) sent, did not arrive whole") as caught:
        calls[2].result(timeout=60)
    assert caught.value.code == "AM427"
    assert [call.result(timeout=60).position.epoch for call in calls[:2]] == [1, 1]


def test_a_state_is_for_whoever_may_read_the_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    plain = tmp_path / "plain"
    plain.touch()
    assert write(run, epoch=1).stat().st_mode == plain.stat().st_mode
