"""Where a run was made."""

import subprocess
import sys
from pathlib import Path

from aimodels.runs.environment import environment, git_state


def test_everything_about_this_machine(root):
    source = "import json, sys; from aimodels.runs.environment import environment; print(json.dumps(environment()))"
    source += "; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", source], cwd=root, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found = environment()
    assert found["python"].startswith("3.")
    assert found["packages"]["keras"].startswith("3.")
    assert found["cpu"]["cores"] >= 1


def test_devices_are_unknown_while_tensorflow_is_not_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    assert environment()["devices"] is None


def test_the_commit_and_whether_it_was_changed(tmp_path):
    def git(*arguments: str) -> None:
        person = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *person, *arguments], cwd=tmp_path, check=True, capture_output=True)

    assert git_state(tmp_path) is None
    git("init", "-q")
    Path("file").write_text("one")
    git("add", "file")
    git("commit", "-qm", "one")
    state = git_state(tmp_path)
    assert len(state["commit"]) == 40
    assert state["dirty"] is False
    Path("file").write_text("two")
    assert git_state(tmp_path)["dirty"] is True
