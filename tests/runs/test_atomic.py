"""Whole files or none."""

import os

import pytest

from aimodels.errors import MachineError
from aimodels.runs.atomic import replacing, write_text
from aimodels.runs.folder import RunFolder


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path):
    write_text(tmp_path / "deep" / "a.json", "old")
    write_text(tmp_path / "deep" / "a.json", "new")
    assert (tmp_path / "deep" / "a.json").read_text() == "new"
    assert os.listdir(tmp_path / "deep") == ["a.json"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.json", "old")

    def fail() -> None:
        with replacing(tmp_path / "a.json") as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / "a.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_file_in_the_place_of_a_folder_is_an_error_of_the_machine(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="cannot write") as caught:
        write_text(tmp_path / "file" / "deep" / "a.json", "text")
    assert caught.value.code == "AM703"
    # Not every file is one of a run.
    assert caught.value.help == "check the permissions of the folder, or name another place for it"


def test_for_runs_another_folder_is_advised(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(MachineError) as caught:
        RunFolder.create(tmp_path / "runs", stem="a")
    assert (caught.value.code, "--runs-dir" in caught.value.help) == ("AM703", True)
