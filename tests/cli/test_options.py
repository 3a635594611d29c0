"""Shared options: before the command word or after it, and read roughly where the line is wrong."""

from pathlib import Path

import pytest

from aimodels.cli import parsing
from aimodels.cli.options import after_command, glance


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        ("--json explain AM101", "explain --json AM101"),
        ("-qv runs --color never ls -n 3", "runs ls -qv --color never -n 3"),
        ("--runs-dir=x runs ls", "runs ls --runs-dir=x"),
        ("explain --json", "explain --json"),
        ("--json --help", "--help --json"),
        ("--json", "--json"),
        ("--nonsense explain", "--nonsense explain"),
        ("runs --help", "runs --help"),
    ],
)
def test_shared_options_may_stand_in_front(given, ordered):
    assert after_command(given.split(), groups=["runs"]) == ordered.split()


def test_both_places_mean_the_same():
    front = parsing.parse(after_command(["--runs-dir", "r", "-q", "runs", "ls", "-n", "3"], groups=["runs"]))
    behind = parsing.parse(["runs", "ls", "-n", "3", "-q", "--runs-dir", "r"])
    assert front == behind
    assert front.shared.runs_dir == Path("r")
    assert front.arguments["limit"] == 3


def test_the_last_one_counts():
    call = parsing.parse(after_command(["--color", "always", "explain", "--color", "never"], groups=[]))
    assert call.shared.color == "never"


def test_the_folder_of_runs_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("AIMODELS_RUNS_DIR", "elsewhere")
    assert parsing.parse(["runs", "ls"]).shared.runs_dir == Path("elsewhere")
    assert parsing.parse(["runs", "ls", "--runs-dir", "here"]).shared.runs_dir == Path("here")


def test_a_glance_is_enough_to_tell_a_mistake():
    shared = glance(["explain", "--nonsense", "--json", "-qv", "--color=never"])
    assert (shared.json_mode, shared.quiet, shared.color) == (True, True, "never")
    assert glance(["explain", "--", "--json"]).json_mode is False
