"""The wheel that users install: it is whole, and it works without the repository beside it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel unpacked into it, as an installation would."""
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(ROOT)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [wheel] = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(built / "site")
    return built / "site"


def test_the_wheel_holds_what_is_not_code(installed: Path) -> None:
    package = installed / "aimodels"
    configs = {path.relative_to(ROOT / "configs") for path in ROOT.joinpath("configs").rglob("*.yaml")}
    assert {
        path.relative_to(package / "shipped_configs") for path in package.glob("shipped_configs/**/*.yaml")
    } == configs
    assert (package / "py.typed").exists()
    for folder in ("data/samples", "explanations", "templates"):
        there = {path.name for path in ROOT.joinpath("aimodels", folder).iterdir() if path.is_file()}
        assert there
        assert {path.name for path in package.joinpath(folder).iterdir()} >= there


def test_the_wheel_brings_nothing_else(installed: Path) -> None:
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"aimodels"}


def test_the_wheel_works_from_an_empty_folder(installed: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    place = [sys.executable, "-c", "import aimodels; print(aimodels.__file__)"]
    shown = subprocess.run(place, env=environment, capture_output=True, check=True, text=True)
    assert shown.stdout.startswith(str(installed))
    command = [sys.executable, "-m", "aimodels", "check", "quickstart"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
