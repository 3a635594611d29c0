"""What happens around every command: documents, exit codes, failures, what goes to which stream."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aimodels.cli import main
from aimodels.cli.document import envelope

ESCAPE = "\x1b"


def document(text):
    """The one JSON document that is all of a text, read as strictly as JSON allows."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


FAILURES = [
    (["expalin"], 2, "AM150"),
    (["explain", "--nonsense"], 2, "AM151"),
    (["explain", "AM000"], 3, "AM154"),
    (["runs", "show", "nothing"], 3, "AM502"),
    (["runs", "ls", "--filter", "size"], 2, "AM527"),
    (["runs", "rm"], 2, "AM151"),
    (["runs"], 0, None),
    (["runs", "--nonsense"], 2, "AM150"),
    (["--nonsense"], 2, "AM151"),
]


@pytest.mark.parametrize(("arguments", "exit_code", "code"), [case for case in FAILURES if case[2]])
def test_a_failure_is_told_once_with_and_without_json(capfd, arguments, exit_code, code):
    assert main(arguments) == exit_code
    shown = capfd.readouterr()
    assert shown.out == ""
    assert f"error[{code}]: " in shown.err
    assert main([*arguments, "--json"]) == exit_code
    told = document(capfd.readouterr().out)
    assert told["schema"] == "aimodels/1"
    assert told["ok"] is False
    assert told["exit_code"] == exit_code
    assert [error["code"] for error in told["errors"]] == [code]
    assert {"message", "kind", "help"} <= set(told["errors"][0])


@pytest.mark.parametrize("arguments", [["explain"], ["explain", "AM502"], ["runs", "ls"]])
def test_success_is_one_document(capfd, arguments):
    assert main(["--json", *arguments]) == 0
    shown = capfd.readouterr()
    told = document(shown.out)
    assert told["ok"] is True
    assert told["warnings"] == []
    assert told["nonfinite"] == []
    assert shown.err == ""


def test_a_misspelt_command_gets_the_nearest(capsys):
    assert main(["expalin"]) == 2
    assert "did you mean `aimodels explain`?" in capsys.readouterr().err


def test_a_config_without_its_command_gets_the_command(capsys):
    assert main(["mine.yaml"]) == 2
    assert "aimodels train mine.yaml" in capsys.readouterr().err


def test_a_misspelt_option_gets_the_nearest(capsys):
    assert main(["runs", "ls", "--filtre", "x"]) == 2
    assert "did you mean `--filter`" in capsys.readouterr().err


def test_an_alias_is_named_and_works(capsys):
    assert main(["validate", "no-such-config.yaml"]) == 3
    assert capsys.readouterr().err.startswith("note: `validate` is called `check` here\n")


NOISY = '''
from aimodels.events import warn

def command(console):
    """Makes noise."""
    print("a library talks")
    warn("AM214", "few rows")
    console.out("for people")
    console.essential("the value")
    console.note("a remark")
    return {"value": float("nan"), "list": [1.0, float("inf")]}
'''


def test_stdout_is_kept_for_the_document(new_command, capfd):
    new_command("noisy", NOISY)
    assert main(["noisy", "--json"]) == 0
    shown = capfd.readouterr()
    told = document(shown.out)
    assert told["value"] is None
    assert told["nonfinite"] == ["value", "list[1]"]
    assert told["warnings"] == [{"code": "AM214", "message": "few rows", "help": ""}]
    assert "a library talks" in shown.err
    assert "a remark" not in shown.err


def test_quiet_is_the_essential_value(new_command, capfd):
    new_command("noisy", NOISY)
    assert main(["-q", "noisy"]) == 0
    shown = capfd.readouterr()
    assert shown.out == "the value\n"
    assert "remark" not in shown.err
    assert "few rows" not in shown.err


def test_native_code_cannot_write_into_the_document(root):
    source = """
import os
from aimodels.cli.console import Console
from aimodels.cli.options import Shared

console = Console(Shared(json_mode=True))
with console.keeping_stdout():
    os.write(1, b"native code talks")
    console.print_document("{}")
os.write(1, b"after")
"""
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=root)
    assert ended.stdout == "{}\nafter"
    assert ended.stderr == "native code talks"


WARNING_LIBRARY = '''
import warnings

def command(console):
    """Uses a library that warns."""
    for _ in range(2):
        warnings.warn_explicit("odd numbers\\nmore", UserWarning, "/env/site-packages/keras/src/x.py", 3)
'''


@pytest.mark.filterwarnings("default")
def test_a_library_warns_in_our_words(new_command, capfd):
    new_command("odd", WARNING_LIBRARY)
    assert main(["odd"]) == 0
    assert capfd.readouterr().err == "warning[AM706]: keras says: odd numbers\n"
    assert main(["odd", "-q"]) == 0
    assert capfd.readouterr().err == ""
    assert main(["odd", "--json"]) == 0
    told = document(capfd.readouterr().out)
    assert [(warning["code"], warning["message"]) for warning in told["warnings"]] == [
        ("AM706", "keras says: odd numbers")
    ]


BUGGY = '''
from aimodels.events import RunStarted, emit
from recorded_events import STARTED
from dataclasses import replace

def command(console, *, run: str = ""):
    """Fails."""
    if run:
        emit(replace(STARTED, path=run))
    raise ValueError("it was 3")
'''


def test_a_bug_is_one_line_and_a_file(new_command, capfd, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    new_command("buggy", BUGGY)
    assert main(["buggy"]) == 70
    shown = capfd.readouterr()
    assert "error[AM900]: this is a bug in aimodels: ValueError: it was 3" in shown.err
    assert "Traceback" not in shown.err
    [saved] = tmp_path.glob("aimodels-error-*.txt")
    assert str(saved) in shown.err
    assert "raise ValueError" in saved.read_text()


def test_a_bug_of_a_run_is_kept_in_the_run(new_command, tmp_path, capfd):
    new_command("buggy", BUGGY)
    assert main(["buggy", "--run", str(tmp_path / "run"), "--json"]) == 70
    [error] = document(capfd.readouterr().out)["errors"]
    assert error["kind"] == "bug"
    assert "raise ValueError" in (tmp_path / "run" / "logs" / "error.txt").read_text()


def test_debug_shows_the_traceback_without_local_variables(new_command, capfd):
    new_command("buggy", BUGGY)
    assert main(["buggy", "--debug"]) == 70
    shown = capfd.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert "locals" not in shown


def test_ctrl_c_is_130(new_command, capfd):
    new_command("slow", 'def command(console):\n    """Is stopped."""\n    raise KeyboardInterrupt\n')
    assert main(["slow"]) == 130
    assert main(["slow", "--json"]) == 130
    assert document(capfd.readouterr().out)["exit_code"] == 130


def test_sigterm_is_143(new_command, capfd):
    source = "import os, signal\n\n\ndef command(console):\n"
    new_command("slow", source + '    """Is stopped."""\n    os.kill(os.getpid(), signal.SIGTERM)\n')
    assert main(["slow"]) == 143
    assert main(["slow", "--json"]) == 143
    told = document(capfd.readouterr().out)
    assert (told["exit_code"], told["errors"][0]["code"]) == (143, "AM490")


def test_an_answer_survives_the_failure_that_follows(new_command, capfd):
    source = '''
from aimodels.errors import AnswerIsNo

def command(console):
    """Says no."""
    console.answer({"accuracy": 0.5})
    raise AnswerIsNo("too low", code="AM528")
'''
    new_command("judge", source)
    assert main(["judge", "--json"]) == 4
    told = document(capfd.readouterr().out)
    assert told["accuracy"] == 0.5
    assert told["ok"] is False


def test_github_gets_an_annotation(capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    Path("wrong.yaml").write_text("trian: 3\n")
    assert main(["check", "wrong.yaml"]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("::error ")]
    assert lines
    assert lines[0].startswith("::error file=wrong.yaml,line=1,col=1,title=AM1")


# --- colours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "environ", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--no-color"], {"FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_in_a_pipe(program, options, environ, colored):
    ended = program("explain", "AM000", *options, **environ)
    assert ended.returncode == 3
    assert (ESCAPE in ended.stderr) is colored
    assert ESCAPE not in ended.stdout


@pytest.mark.parametrize("environ", [{"FORCE_COLOR": "1"}, {"CI": "1"}, {"TERM": "dumb"}])
def test_a_log_has_no_codes(program, environ):
    ended = program("runs", "ls", "--color", "never", **environ)
    assert not set("\x1b\r\b") & set(ended.stdout + ended.stderr)


def test_marks_become_ascii_where_the_stream_is(program):
    ended = program("runs", "show", "ünknown", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.returncode == 3
    assert "\\xfcnknown" in ended.stderr


def test_a_reader_that_leaves_is_no_error(root):
    command = f"{sys.executable} -m aimodels explain | true"
    environ = os.environ | {"PYTHONPATH": str(root)}
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, env=environ)
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_what_json_cannot_say_is_refused():
    with pytest.raises(TypeError, match="value: a object has no place in JSON"):
        envelope("x", ok=True, document={"value": object()}, warnings=[])
