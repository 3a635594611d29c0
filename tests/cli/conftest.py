"""How the tests of the command line start it: in a process of its own, or in this one with commands of their own."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aimodels import discovery
from aimodels.cli import finding

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(root: Path) -> Program:
    """`program("runs", "ls", NO_COLOR="1")` runs `aimodels runs ls` in a process of its own."""

    def start(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aimodels", *arguments]
        whole = os.environ | {"PYTHONPATH": str(root)} | environ
        return subprocess.run(command, capture_output=True, text=True, env=whole, stdin=subprocess.DEVNULL, timeout=60)

    return start


@pytest.fixture
def new_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """`new_command("boom", source)` adds a command for one test, as a file in the folder of commands."""
    from aimodels.cli import commands

    package = tmp_path / "package"
    folder = package / finding.FOLDER
    folder.mkdir(parents=True)
    for path in (discovery.PACKAGE / finding.FOLDER).iterdir():
        if not path.name.startswith("_"):
            (folder / path.name).symlink_to(path)
    monkeypatch.setattr(discovery, "PACKAGE", package)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(folder)])

    def add(name: str, source: str) -> None:
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
        sys.modules.pop(f"aimodels.cli.commands.{name}", None)
        importlib.invalidate_caches()

    return add
