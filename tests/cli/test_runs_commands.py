"""`aimodels runs ...`, `doctor RUN` and `explain`, as a user types them."""

import json
import re
from pathlib import Path

import pytest
from written_runs import running, written_run

from aimodels.cli import main
from aimodels.cli.machine_checks import check_machine
from aimodels.cli.summary import how_to_go_on, summary


@pytest.fixture
def two(runs_dir):
    """Two runs; the second is better, and differs in its batch size."""
    first = written_run(runs_dir)
    return first, written_run(runs_dir, overrides=["train.batch_size=64"], accuracies=(0.6, 0.9), minute=1)


def told(capfd, *arguments, exit_code=0):
    """The JSON document of a command."""
    assert main([*arguments, "--json"]) == exit_code
    return json.loads(capfd.readouterr().out)


def shown(capfd, *arguments, exit_code=0):
    """What a command writes on stdout."""
    assert main(list(arguments)) == exit_code
    return capfd.readouterr().out


def test_ls_is_a_row_per_run_newest_first(two, capfd):
    header, *rows = shown(capfd, "runs", "ls").splitlines()
    assert header.split("\t")[:4] == ["name", "status", "task", "best"]
    assert [row.split("\t")[0] for row in rows] == ["mnist-002", "mnist-001"]
    assert rows[0].split("\t")[3:6] == ["val_accuracy 0.9000", "2/3", "41.2s"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--sort", "name"], ["mnist-001", "mnist-002"]),
        (["--sort", "val_accuracy"], ["mnist-002", "mnist-001"]),
        (["--sort", "loss"], ["mnist-001", "mnist-002"]),
        (["--sort", "best", "-n", "1"], ["mnist-002"]),
        (["--filter", "train.batch_size=32"], ["mnist-001"]),
        (["--filter", "status=failed"], []),
    ],
)
def test_ls_sorts_and_filters(two, capfd, options, names):
    assert shown(capfd, "runs", "ls", "-q", *options).split() == names
    assert [run["name"] for run in told(capfd, "runs", "ls", *options)["runs"]] == names


def test_ls_writes_csv_with_every_digit(two, capfd):
    text = shown(capfd, "runs", "ls", "--csv", "--columns", "name,val_loss,train.batch_size", "--sort", "name")
    assert text == "name,val_loss,train.batch_size\nmnist-001,0.75,32\nmnist-002,0.6,64\n"


def test_ls_shows_only_what_changed(two, capfd):
    header, *_ = shown(capfd, "runs", "ls", "--only-changed", "--md", "--columns", "name").splitlines()
    assert header == "| name | train.batch_size |"


def test_ls_leaves_columns_out_where_words_would_not_fit(two, capfd, monkeypatch):
    monkeypatch.setattr("aimodels.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setattr("aimodels.cli.terminal.width", lambda stream, *, environ: 80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["runs", "ls"]) == 0
    out, err = capfd.readouterr()
    header, *rows = out.splitlines()
    assert header.split() == ["name", "status", "best", "epochs", "seconds", "started"]
    assert len(rows) == 2
    assert max(map(len, [header, *rows])) <= 80
    assert "no room for tags, task; --columns chooses" in err
    assert main(["runs", "ls", "--columns", "name,tags"]) == 0
    assert capfd.readouterr().out.splitlines()[0].split() == ["name", "tags"]


def test_ls_without_runs_says_how_to_make_one(capfd):
    assert main(["runs", "ls"]) == 0
    assert "aimodels train quickstart" in capfd.readouterr().err


def test_a_lost_run_is_listed_as_lost(runs_dir, capfd):
    written_run(runs_dir, **running())
    assert told(capfd, "runs", "ls")["runs"][0]["status"] == "lost"


def test_ls_of_another_folder(two, runs_dir, tmp_path, capfd):
    moved = runs_dir.rename(tmp_path / "archive")
    assert shown(capfd, "--runs-dir", str(moved), "runs", "ls", "-q").split() == ["mnist-002", "mnist-001"]


SUMMARY = """\
✓ mnist-002 trained in 41.2s · 2 epochs · best epoch 2

                 train       val
  loss          0.5000    0.6000
  accuracy      1.0000    0.9000   best

  run       runs/mnist-002
  model     checkpoints/best.keras   122 B
  against   mnist-001: val_accuracy +0.1500 (better) · batch_size 32 -> 64

  next      aimodels eval latest        score it on the test split
            aimodels export latest      write a SavedModel for serving
"""


def test_what_goes_on_with_a_run_starts_as_many_workers_as_before(two, monkeypatch):
    assert how_to_go_on(two[0]) == "go on: aimodels train --resume mnist-001"
    monkeypatch.setenv("AIMODELS_LAUNCHED", "2")
    assert how_to_go_on(two[0]) == "go on: aimodels launch --workers 2 -- train --resume mnist-001"
    two[0].worker = 1
    assert how_to_go_on(two[0]) == ""


def test_nothing_is_better_on_other_data(two, capfd):
    two[1].update(data_fingerprint="other")
    assert "against   mnist-001: val_accuracy +0.1500 (on other data) · " in shown(capfd, "runs", "show")


def test_show_is_the_summary_and_the_curves(two, capfd):
    assert shown(capfd, "runs", "show").startswith(SUMMARY)
    assert re.search(r"val_accuracy +▁█", shown(capfd, "runs", "show", "mnist-002"))


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            {"status": "stopped_early", "reason": "no better"},
            "✓ mnist-001 stopped early after epoch 3: no better in 41.2s",
        ),
        ({"status": "interrupted", "fraction": 0.63}, "✗ mnist-001 interrupted after epoch 3 and 63% of the next"),
        (
            {"status": "failed", "error": {"message": "the loss is not finite"}},
            "✗ mnist-001 failed in 41.2s · 3 epochs: the",
        ),
        (running(), "✗ mnist-001 is lost"),
    ],
)
def test_the_first_line_says_how_it_ended(runs_dir, facts, line):
    assert summary(written_run(runs_dir, **facts), width=80).startswith(line)


def test_show_as_json_is_the_document_of_the_run(two, capfd):
    document = told(capfd, "runs", "show", "best")
    assert document["run"]["name"] == "mnist-002"
    assert document["metrics"]["best"]["value"] == 0.9
    assert document["files"]["best"] == "checkpoints/best.keras"
    assert not any(Path(path).is_absolute() for path in document["files"].values())


@pytest.mark.parametrize(
    ("option", "part"), [("--config", "batch_size: 64"), ("--env", '"python"'), ("--files", "run.json")]
)
def test_show_more(two, capfd, option, part):
    assert part in shown(capfd, "runs", "show", option)


def test_compare_marks_the_best(two, capfd):
    text = shown(capfd, "runs", "compare", "mnist-001", "mnist-002")
    assert "train.batch_size\t32\t64\n" in text
    assert "val_accuracy\t0.7500\t0.9000 (+0.1500) ★\n" in text
    assert "seed" not in text
    assert "seed\t7\t7\n" in shown(capfd, "runs", "compare", "mnist-001", "mnist-002", "--all")


def test_compare_fails_if_worse(two, capfd):
    better, worse = ["mnist-001", "mnist-002"], ["mnist-002", "mnist-001"]
    assert main(["runs", "compare", *better, "--fail-if-worse", "0.002"]) == 0
    assert main(["runs", "compare", *worse, "--fail-if-worse", "0.2"]) == 0
    capfd.readouterr()
    document = told(capfd, "runs", "compare", *worse, "--fail-if-worse", "0.002", exit_code=4)
    assert document["errors"][0]["code"] == "AM528"
    assert document["best"]["val_accuracy"] == "mnist-002"


def test_one_run_cannot_be_compared(two):
    assert main(["runs", "compare", "latest"]) == 2


def test_best_and_path_are_paths_for_scripts(two, capfd):
    assert shown(capfd, "runs", "best", "-q") == "runs/mnist-002\n"
    assert shown(capfd, "runs", "best", "--metric", "loss", "-q") == "runs/mnist-001\n"
    assert shown(capfd, "runs", "path", "mnist-001") == "runs/mnist-001\n"


def test_rm_asks_and_nobody_is_there(two, capfd, runs_dir):
    assert main(["runs", "rm", "mnist-001"]) == 2
    assert "pass -y" in capfd.readouterr().err
    assert (runs_dir / "mnist-001").exists()


@pytest.mark.parametrize(("answer", "left"), [("y\n", False), ("\n", True), ("no\n", True)])
def test_rm_takes_only_a_yes_for_a_yes(two, runs_dir, monkeypatch, answer, left):
    class Terminal:
        def isatty(self):
            return True

        def readline(self):
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["runs", "rm", "mnist-001"]) == 0
    assert (runs_dir / "mnist-001").exists() is left


def test_rm_removes_all_or_nothing(two, runs_dir, capfd):
    assert main(["runs", "rm", "mnist-001", "mnist-009", "-y"]) == 3
    assert (runs_dir / "mnist-001").exists()
    assert main(["runs", "rm", "mnist-001", "mnist-002", "-y"]) == 0
    assert list(runs_dir.iterdir()) == []


def test_doctor_of_a_run_says_what_is_broken(two, capfd):
    assert main(["doctor", "mnist-001"]) == 0
    capfd.readouterr()
    two[0].checkpoint("best").write_bytes(b"PK")
    document = told(capfd, "doctor", "mnist-001", exit_code=4)
    assert [check["name"] for check in document["checks"] if check["state"] == "error"] == ["checkpoints/best.keras"]


@pytest.mark.tensorflow
def test_doctor_finds_this_machine_in_order(capfd):
    document = told(capfd, "doctor")
    names = [check["name"] for check in document["checks"]]
    assert {"python", "tensorflow", "memory", "disk", "runs", "data cache", "terminal", "devices"} <= set(names)


def test_doctor_tells_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    from aimodels.cli.console import Console
    from aimodels.cli.options import Shared

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = {}
    for check in check_machine(Console(Shared(runs_dir=tmp_path / "runs"))):
        found[check.name] = check
        if check.name == "runs":
            break
    assert found["runs"].state == "error"
    assert "Permission denied" in found["runs"].message


def test_explain_shows_a_page(capfd):
    assert shown(capfd, "explain", "am502").startswith("# AM502: not a run\n")
    document = told(capfd, "explain", "AM502")
    assert (document["code"], document["title"]) == ("AM502", "not a run")


def test_explain_lists_every_page(capfd):
    assert "AM502  not a run\n" in shown(capfd, "explain")
    assert "AM502" in told(capfd, "explain")["codes"]
