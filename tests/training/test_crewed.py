"""Several workers before there is a run and when one is lost: nobody waits for ever, whatever cannot be written."""

import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aimodels.config.loading import load
from aimodels.distribution.cluster import Cluster
from aimodels.distribution.launching import free_ports
from aimodels.errors import MachineError
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

DATASET: Any = SimpleNamespace(num_examples={"train": 3}, provenance=SimpleNamespace(fingerprint="abc"))


class Left(Exception):
    """In the place of the end of the process."""


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes with which this process would have ended."""
    from aimodels.training import crewed

    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        raise Left

    monkeypatch.setattr(crewed.os, "_exit", leave)
    monkeypatch.setattr(crewed, "OWN_WORDS_SECONDS", 0.05)
    return codes


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_fails_before_there_is_a_run_is_not_waited_for(
    left: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    from aimodels.training.crewed import met

    Path("c.yaml").write_text("data: {name: mnist, source: sample}\nmodel: {name: mlp}\n")
    loaded = load(Path("c.yaml"))
    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    has_met, is_over = threading.Event(), threading.Event()

    def fail() -> None:
        with met(Cluster(workers, index=1, source="the test"), loaded, DATASET):
            has_met.wait(10)
            raise Left

    other = threading.Thread(target=fail)
    other.start()
    with met(Cluster(workers, index=0, source="the test"), loaded, DATASET) as crew:
        assert crew is not None
        has_met.set()
        for _ in range(3_000):
            if left or is_over.wait(0.01):
                break
    other.join()
    assert left == [1]
    assert f"error[AM421]: worker 1 ({workers[1]}) was lost" in capfd.readouterr().err


@pytest.fixture
def crew() -> Any:
    return SimpleNamespace(cluster=Cluster(("a:1", "b:2"), index=0, source="the test"))


@pytest.mark.parametrize("what", ["run.json", "stderr"])
def test_a_process_leaves_even_if_nothing_can_be_written(
    left: list[int], crew: Any, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aimodels.training.crewed import _leave

    def refused(*_: Any, **__: Any) -> None:
        raise MachineError("the disk is full", code="AM704") if what == "run.json" else BrokenPipeError

    run = RunFolder(tmp_path)
    run.run_file.write_text("{}")
    monkeypatch.setattr(*((run, "update") if what == "run.json" else (sys.stderr, "write")), refused)
    with pytest.raises(Left):
        _leave(crew, 1, run=run)
    assert left == [1]


def test_a_folder_that_is_no_run_yet_does_not_stay(left: list[int], crew: Any, tmp_path: Path) -> None:
    from aimodels.training.crewed import _leave

    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.lock_file.touch()
    with pytest.raises(Left):
        _leave(crew, 1, run=run)
    assert not run.path.exists()
