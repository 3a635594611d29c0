"""Plug-ins by file name: what is found, what is refused, and that one broken file harms nobody else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aimodels import discovery
from aimodels.errors import ConfigError


def write_module(path: Path, text: str) -> None:
    """A module of the user's, in a folder below the current one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_names_are_file_names() -> None:
    assert "mnist" in discovery.names("datasets")
    assert not [name for name in discovery.names("datasets") if name.startswith("_")]


def test_an_unknown_word_gets_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError) as caught:
        discovery.plugin("datasets", "mnits")
    [problem] = caught.value.problems
    assert problem.code == "AM104"
    assert [suggestion.replace for suggestion in problem.suggestions] == ["mnist"]
    assert "mnist" in problem.label


def test_a_dotted_name_is_a_module_of_the_user(tmp_path: Path) -> None:
    write_module(
        tmp_path / "mine" / "of_squares.py", "Options = object\ndef load(options, *, seed): return 'squares'\n"
    )
    assert discovery.plugin("datasets", "mine.of_squares").load(None, seed=0) == "squares"


def test_a_module_that_is_not_there_says_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        discovery.plugin("datasets", "nowhere.at_all")
    assert caught.value.code == "AM301"
    assert str(tmp_path) in caught.value.help


def test_a_module_that_cannot_be_imported_is_not_called_missing(tmp_path: Path) -> None:
    write_module(tmp_path / "mine_too" / "broken.py", "import package_that_is_not_there\n")
    with pytest.raises(ConfigError, match="package_that_is_not_there") as caught:
        discovery.plugin("datasets", "mine_too.broken")
    assert caught.value.code == "AM309"


def test_a_module_without_the_contract_says_what_it_lacks(tmp_path: Path) -> None:
    write_module(tmp_path / "mine_three" / "half.py", "Options = object\n")
    with pytest.raises(ConfigError, match="has no load") as caught:
        discovery.plugin("datasets", "mine_three.half")
    assert caught.value.code == "AM302"


def test_one_broken_file_takes_down_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "site" / "aimodels"
    shutil.copytree(discovery.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in discovery.REQUIRED:
        copy.joinpath(folder, "broken.py").write_text("def load(:\n", encoding="utf-8")
    config = tmp_path / "digits.yaml"
    config.write_text("data: {name: mnist, source: sample}\nmodel: {name: mlp}\n", encoding="utf-8")
    for words in (["--help"], ["check", str(config)]):
        command = [sys.executable, "-m", "aimodels", *words]
        ended = subprocess.run(command, env={"PYTHONPATH": str(copy.parent)}, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
