"""Help pages: every command has one, it costs nothing, and one broken file breaks no other."""

import inspect
import json
import re
import resource
import subprocess
import sys

import pytest

from aimodels.cli import finding, main

COMMANDS = [(name,) for name in finding.commands()]
COMMANDS += [(group, name) for group in finding.groups() for name in finding.commands(finding.folder_of(group))]
HEAVY = ("tensorflow", "keras", "matplotlib", "sklearn", "pandas", "numpy")


def test_commands_are_found():
    assert ("runs", "ls") in COMMANDS
    assert ("explain",) in COMMANDS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(program, words):
    ended = program(*words, "--help")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    purpose, *_ = ended.stdout.splitlines()
    assert purpose.endswith(".")
    for part in ("Examples:", f"Usage: aimodels {' '.join(words)}", "--runs-dir", "Exit codes:"):
        assert part in ended.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--json", "--help"]], ids=" ".join)
def test_the_first_page_lists_every_command_in_its_group(program, arguments):
    ended = program(*arguments)
    assert ended.returncode == 0
    listed = [line.split()[0] for line in ended.stdout.splitlines() if line.startswith("  ") and line.split()]
    assert {name for (name, *_) in COMMANDS} <= set(listed)
    assert "Look:" in ended.stdout


def test_a_group_lists_its_commands(program):
    ended = program("runs")
    assert ended.returncode == 0
    assert "  compare  " in ended.stdout


def test_version_says_what_is_installed(program):
    ended = program("-V")
    assert ended.returncode == 0
    assert ended.stdout.startswith("aimodels ")
    assert "keras 3." in ended.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["runs", "ls"], ["explain"], ["-V"], ["runs", "ls", "--json"]], ids=" ".join
)
def test_looking_around_loads_nothing_heavy(root, arguments):
    source = f"""
import json, sys
from aimodels.cli import main
code = main({arguments!r})
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)
"""
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=root)
    code, loaded = json.loads(ended.stderr.splitlines()[-1])
    assert code == 0
    assert loaded == []


def test_help_is_quick(program):
    def seconds() -> float:
        # Of the processor: the machine of a test run has other things to do.
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    program("--help")
    before = seconds()
    program("--help")
    assert seconds() - before < 0.6


def test_a_broken_file_breaks_no_other_command(new_command, capsys):
    new_command("broken", "def command(:\n")
    assert main([]) == 0
    assert re.search(r"\bbroken +\(cannot be loaded: broken.py, line 1", capsys.readouterr().out)
    assert main(["explain"]) == 0


def test_a_file_without_a_command_is_told_as_such(new_command, capsys):
    new_command("hollow", "")
    assert main(["hollow"]) == 2
    assert "it has no command" in capsys.readouterr().err


def test_no_command_hides_a_shared_option():
    from aimodels.cli.options import PARAMETERS

    for words in COMMANDS:
        own = set(inspect.signature(finding.load(words)).parameters)
        assert not own & {parameter.name for parameter in PARAMETERS}, words


@pytest.mark.parametrize(
    ("line", "word", "expected"), [("aimodels exp", 1, "explain"), ("aimodels runs sh", 2, "show")]
)
def test_the_shell_gets_completions(program, line, word, expected):
    ended = program(_AIMODELS_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(word))
    assert ended.returncode == 0
    assert expected in ended.stdout.split()
