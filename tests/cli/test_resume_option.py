"""`--resume` on the command line: alone, with a run, with a config; and what it refuses."""

import json
from pathlib import Path

import pytest
from written_runs import running, written_run

from aimodels.cli import main
from aimodels.cli.console import Console
from aimodels.cli.options import Shared
from aimodels.cli.parsing import parse
from aimodels.cli.resuming import Asked, Chosen, chosen
from aimodels.config.loading import load
from aimodels.config.writing import to_yaml
from aimodels.errors import FailedError, MissingError, UsageError
from aimodels.runs.atomic import write_text
from aimodels.runs.folder import RunFolder
from aimodels.runs.lock import locked

CONFIG = "data: {name: mnist}\nmodel: {name: mlp}\ntrain: {epochs: 4}\n"


def run_of(runs_dir: Path, *, name: str = "digits", config: str = CONFIG, **facts: object) -> RunFolder:
    Path(f"{name}.yaml").write_text(config)
    run = written_run(runs_dir, stem=name, **({"status": "interrupted", "epochs_done": 1} | facts))
    write_text(run.resolved_file, to_yaml(load(Path(f"{name}.yaml")).config.model_copy(update={"name": name})))
    return RunFolder(run.path)


def asked(config: str = "", *changes: str, resume: str | None, run_dir: Path | None = None) -> Chosen:
    return chosen(Console(Shared()), Asked(config, changes, (), {}, resume=resume, run_dir=run_dir))


@pytest.mark.parametrize(
    ("words", "resume", "config", "changes"),
    [
        (["--resume"], "", "", None),
        (["--resume", "--no-plots"], "", "", None),
        (["--resume", "digits-001"], "digits-001", "", None),
        (["--resume", "train.epochs=9"], "", "train.epochs=9", None),
        (["--resume", "digits.yaml", "seed=1"], "", "digits.yaml", ["seed=1"]),
        (["digits.yaml", "--resume", "auto"], "auto", "digits.yaml", None),
        (["digits.yaml", "--resume"], "", "digits.yaml", None),
        (["digits.yaml"], None, "digits.yaml", None),
    ],
)
def test_the_option_may_stand_alone(
    words: list[str], resume: str | None, config: str, changes: list[str] | None
) -> None:
    call = parse(["train", *words])
    assert call is not None
    given = [call.arguments[name] for name in ("resume", "config", "changes")]
    assert given == [resume, config, changes]


def test_alone_it_means_the_latest_that_can_go_on(runs_dir: Path) -> None:
    run_of(runs_dir, minute=1)
    lost = run_of(runs_dir, minute=2, **running(heartbeat="2026-01-01T00:00:00Z"))
    run_of(runs_dir, minute=3, status="finished")
    found = asked(resume="")
    assert found.resumed is not None
    assert (found.resumed.name, found.loaded.name) == (lost.name, "digits")
    assert found.loaded.config.train.epochs == 4


def test_a_run_that_is_trained_now_is_passed_over_or_named(runs_dir: Path) -> None:
    other, held = run_of(runs_dir, minute=1), run_of(runs_dir, minute=2)
    with locked(held):
        found = asked(resume="")
        assert found.resumed is not None
        assert found.resumed.name == other.name
        for resume, config in ((held.name, ""), ("auto", "digits.yaml")):
            with pytest.raises(FailedError, match=f"{held.name} is being trained by process") as caught:
                asked(config, resume=resume)
            assert caught.value.code == "AM509"


def test_changes_may_stand_where_the_config_would(runs_dir: Path) -> None:
    run = run_of(runs_dir)
    found = asked("train.epochs=9", "train.device=cpu", resume=run.name)
    assert (found.loaded.config.train.epochs, found.loaded.config.train.device) == (9, "cpu")
    with pytest.raises(UsageError) as caught:
        asked("seed=9", resume=run.name)
    assert caught.value.code == "AM505"


def test_auto_takes_the_latest_run_of_the_same_config_or_none(
    runs_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(runs_dir, minute=1)
    run_of(runs_dir, minute=2, config=CONFIG + "seed: 5\n")
    run_of(runs_dir, minute=3, name="letters")
    Path("digits.yaml").write_text(CONFIG)
    found = asked("digits.yaml", resume="auto")
    assert found.resumed is not None
    assert found.resumed.name == run.name
    fresh = asked("digits.yaml", "seed=6", resume="auto")
    assert (fresh.resumed, fresh.loaded.config.seed) == (None, 6)
    assert "a new one begins" in capsys.readouterr().err


def test_auto_with_a_folder_goes_on_in_it_and_nowhere_else(runs_dir: Path) -> None:
    run, other = run_of(runs_dir, minute=1), run_of(runs_dir, minute=2)
    found = asked("digits.yaml", resume="auto", run_dir=run.path)
    assert found.resumed is not None
    assert found.resumed.path == run.path
    assert asked("digits.yaml", resume="auto", run_dir=runs_dir / "new").resumed is None
    other.update(status="finished", epochs_done=4)
    with pytest.raises(UsageError, match="is finished") as caught:
        asked("digits.yaml", resume="auto", run_dir=other.path)
    assert caught.value.code == "AM529"


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (["train"], 2, "missing argument 'CONFIG'"),
        (["train", "--resume"], 3, "error[AM520]: there is no run to go on with in runs"),
        (["train", "--resume", "nobody"], 3, "error[AM502]"),
        (["train", "--resume", "auto"], 2, "needs a config"),
        (["train", "digits.yaml", "--resume"], 3, "there is no run called digits"),
        (["train", "digits.yaml", "--folds", "3", "--resume"], 2, "a cross-validation is not gone on with"),
        (["pretrain", "--resume"], 3, "error[AM520]"),
    ],
)
def test_what_cannot_go_on_is_refused(
    words: list[str], exit_code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("digits.yaml").write_text(CONFIG)
    assert main(words) == exit_code
    assert says in capsys.readouterr().err
    assert not Path("runs").exists()


def test_failed_runs_are_listed_with_the_command_and_not_offered_for_use(
    runs_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(runs_dir, status="failed", epochs_done=0)
    assert main(["runs", "ls"]) == 0
    assert f"{run.name} has failed; go on with it: aimodels train --resume {run.name}" in capsys.readouterr().err
    assert main(["runs", "show", run.name]) == 0
    shown = capsys.readouterr().out
    assert "aimodels eval" not in shown
    assert f"aimodels train --resume {run.name}" in shown


def test_the_command_finds_a_run_of_another_folder(runs_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(runs_dir, **running(heartbeat="2026-01-01T00:00:00Z"))
    moved = runs_dir.rename(runs_dir.parent / "kept runs")
    assert main(["--runs-dir", str(moved), "eval", run.name]) == 1
    said = capsys.readouterr().err
    assert "aimodels train --resume '" in said
    assert f"kept runs/{run.name}'" in said


def test_lost_runs_are_listed_with_the_command(runs_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(runs_dir, **running(heartbeat="2026-01-01T00:00:00Z"))
    assert main(["runs", "ls"]) == 0
    assert f"{run.name} is lost; go on with it: aimodels train --resume {run.name}" in capsys.readouterr().err
    assert main(["runs", "show", run.name]) == 0
    assert f"go on with it: aimodels train --resume {run.name}" in capsys.readouterr().out


def test_a_worker_that_does_not_see_the_run_follows_the_chief(
    runs_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("digits.yaml").write_text(CONFIG)
    workers = {"worker": ["gpu1:12345", "gpu2:12345"]}
    for index in (0, 1):
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": workers, "task": {"type": "worker", "index": index}}))
        for config in ("digits.yaml", ""):
            if (index, config) == (1, "digits.yaml"):
                assert asked(config, resume="digits-001").resumed is None
                continue
            with pytest.raises(MissingError) as caught:
                asked(config, resume="digits-001")
            assert caught.value.code == ("AM428" if index else "AM502")
    capsys.readouterr()
    assert asked("digits.yaml", resume="auto").resumed is None
    # Whether a new one begins the chief says.
    assert capsys.readouterr().err == ""
