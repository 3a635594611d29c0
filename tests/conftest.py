"""What every test stands on: a folder of its own, no network, no settings of whoever runs it."""

import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LOOPBACK = ("127.", "::1", "localhost")
# They change what is printed, or send a library to the network.
SETTINGS_OF_THE_CALLER = ("CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "TERM")

_keras_home = tempfile.mkdtemp(prefix="keras-home-")


def pytest_configure() -> None:
    """Keras reads this once, when it is imported."""
    os.environ["KERAS_HOME"] = _keras_home


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_keras_home, ignore_errors=True)


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts in an empty folder, with the environment and the path of a fresh shell."""
    for name in [*SETTINGS_OF_THE_CALLER, *(key for key in os.environ if key.startswith("AIMODELS_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """Where the runs of a test land, which is where `./runs` is."""
    return tmp_path / "runs"


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Connections reach this machine and nothing else, also those of programs that a test starts."""
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to connect to {address}")
        connect(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if host is not None and not str(host).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to look up {host}")
        return getaddrinfo(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")  # the port of nobody
        patch.setenv("no_proxy", "127.0.0.1,localhost")
        yield


@pytest.fixture
def verified_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are verified without a process of their own, which loads TensorFlow anew: that takes seconds.

    For tests of what is answered. That an export needs nothing of this process is what others test, for every format.
    """

    def run(command: list[str], **_: Any) -> Any:
        [_, _, script, *_] = command
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", command[2:])
            patch.setitem(sys.modules, "aimodels", sys.modules["aimodels"])  # a script may hide it
            runpy.run_path(script, run_name="__main__")
        return subprocess.CompletedProcess(command, returncode=0)

    here = SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr("aimodels.verification.clean_process.subprocess", here)


SMOKE = """
name: smoke
seed: 3
data: {name: mnist, source: sample, limit: 200}
model: {name: mlp, hidden: [16]}
train: {epochs: 2, batch_size: 32}
"""


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One small finished run that many tests look at and none may change."""
    from aimodels.config.loading import load
    from aimodels.distribution.tensorflow_start import start_tensorflow
    from aimodels.runs.place import RunPlace

    start_tensorflow()

    from aimodels.training.train import train

    folder = tmp_path_factory.mktemp("trained")
    (folder / "smoke.yaml").write_text(SMOKE)
    return train(load(folder / "smoke.yaml"), RunPlace(folder / "runs"))


@pytest.fixture(scope="session")
def text_run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run for texts with a small network of random weights, which many tests ask and none may change."""
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()

    from text_runs import untrained_text_run

    return untrained_text_run(tmp_path_factory.mktemp("texts") / "runs")


@pytest.fixture(scope="session")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run for rows of a table with a small network of random weights, which many tests ask and none may change."""
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()

    from table_runs import untrained_table_run

    return untrained_table_run(tmp_path_factory.mktemp("rows") / "runs")
