"""A cross-validation in front of its user: listed as one run, shown fold by fold, removed whole."""

import json

import pytest
from fold_runs import written_cross_validation
from written_runs import running, written_run

from aimodels.cli import fold_lines, main
from aimodels.events import CrossValidationEnded, CrossValidationStarted, FoldEnded, FoldProgressed, FoldStarted


@pytest.fixture
def folds(runs_dir):
    return written_cross_validation(runs_dir)


def told(capfd, *arguments, exit_code=0):
    """The JSON document of a command."""
    assert main([*arguments, "--json"]) == exit_code
    return json.loads(capfd.readouterr().out)


def shown(capfd, *arguments, exit_code=0):
    """What a command writes on stdout."""
    assert main(list(arguments)) == exit_code
    return capfd.readouterr().out


def test_ls_shows_one_line_and_not_the_folds(folds, runs_dir, capfd):
    written_run(runs_dir, stem="other", minute=1)
    _, other, whole = [line.split("\t") for line in shown(capfd, "runs", "ls").splitlines()]
    assert other[0] == "other-001"
    assert whole[:5] == ["mnist-001", "finished", "image_classification", "test_accuracy 0.7500", "3 folds"]


def test_ls_says_how_many_folds_were_scored(runs_dir, capfd):
    written_cross_validation(runs_dir, accuracies=(0.5,))
    assert shown(capfd, "runs", "ls").splitlines()[1].split("\t")[4] == "1/3 folds"
    assert shown(capfd, "runs", "ls", "-q", "--filter", "folds_planned=3").split() == ["mnist-001"]


def test_show_is_a_table_with_mean_deviation_and_baseline(folds, capfd):
    lines = shown(capfd, "runs", "show").splitlines()
    assert lines[0] == "✓ mnist-001: 3 folds trained and scored in 41.2s"
    assert lines[2].split() == ["fold", "accuracy", "log_loss", "examples"]
    assert lines[4].split() == ["2", "0.7500", "0.2500", "2"]
    assert "0.7500 ± 0.2500" in next(line for line in lines if line.startswith("  mean ± std"))
    assert "0.3750 ± 0.1250" in next(line for line in lines if line.startswith("  most frequent class"))
    assert "train runs/mnist-001/config.resolved.yaml train.folds=null" in lines[-1]
    assert all(line == line.rstrip() for line in lines)


def test_a_narrow_terminal_has_fewer_metrics_of_folds(folds, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    lines = shown(capfd, "runs", "show").splitlines()
    assert lines[2].split() == ["fold", "accuracy", "examples"]
    assert all(len(line) <= 50 for line in lines[2:8])


def test_show_as_json(folds, capfd):
    document = told(capfd, "runs", "show")
    assert document["cross_validation"]["mean"]["accuracy"] == 0.75
    assert [fold["number"] for fold in document["cross_validation"]["folds"]] == [1, 2, 3]
    assert (document["cross_validation"]["done"], document["cross_validation"]["planned"]) == (3, 3)
    assert document["files"]["out_of_fold"] == "out_of_fold.csv"


@pytest.mark.parametrize(
    ("facts", "accuracies", "line"),
    [
        ({}, (0.5, 1.0), "✗ mnist-001 interrupted in 41.2s; 2 of 3 folds were scored and are kept"),
        (
            {"status": "failed", "error": {"code": "AM401", "message": "fold 2 of 3: no"}},
            (0.5,),
            "✗ mnist-001 failed in 41.2s: fold 2 of 3: no; 1 of 3 folds were scored and are kept",
        ),
        (running(), (0.5,), "✗ mnist-001 is lost: its process is gone or silent; 1 of 3 folds were scored"),
    ],
)
def test_show_says_how_it_ended(runs_dir, capfd, facts, accuracies, line):
    written_cross_validation(runs_dir, accuracies=accuracies, **facts)
    assert shown(capfd, "runs", "show").splitlines()[0] == line


@pytest.mark.parametrize("name", ["mnist-001/folds/2", "latest/folds/2", "mnist/folds/2", "runs/mnist-001/folds/2"])
def test_a_fold_is_a_run(folds, capfd, name):
    assert shown(capfd, "runs", "path", name) == "runs/mnist-001/folds/2\n"
    assert shown(capfd, "runs", "show", name).startswith("✓ mnist-001/folds/2 trained")


def test_a_fold_is_found_from_within(folds, capfd, monkeypatch):
    monkeypatch.chdir(folds.path)
    assert told(capfd, "runs", "show", "folds/3")["run"]["name"] == "mnist-001/folds/3"


def test_a_fold_that_is_not_there(folds, runs_dir, capfd):
    written_run(runs_dir, stem="other", minute=1)
    assert told(capfd, "runs", "show", "mnist-001/folds/9", exit_code=3)["errors"][0]["help"] == "there are: 1, 2, 3"
    assert "no cross-validation" in told(capfd, "runs", "show", "other/folds/1", exit_code=3)["errors"][0]["help"]


def test_a_fold_is_never_the_latest(folds, capfd):
    folds.fold(1).become_latest(folds.path.parent)
    assert shown(capfd, "runs", "path", "latest") == "runs/mnist-001\n"


@pytest.mark.parametrize("command", [["eval"], ["predict"], ["export"]])
def test_what_needs_a_model_names_the_folds(folds, capfd, command):
    [error] = told(capfd, *command, "mnist-001", *(["x.png"] if command == ["predict"] else []), exit_code=2)["errors"]
    assert error["code"] == "AM550"
    assert "runs/mnist-001/folds/1" in error["help"]


def test_plot_draws_the_folds_and_nothing_else(folds, capfd):
    document = told(capfd, "plot", "mnist-001")
    assert document["files"] == {"folds": "runs/mnist-001/plots/folds.png"}
    assert document["skipped"] == {}
    reason = told(capfd, "plot", "mnist-001", "--kind", "history", exit_code=3)["errors"][0]["notes"][0]
    assert "mnist-001/folds/1" in reason


def test_check_looks_at_the_first_fold(tmp_path, capfd):
    (tmp_path / "c.yaml").write_text("data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mlp}\n")
    splits = told(capfd, "check", "c.yaml", "train.folds=5", "data.validation=0.2")["data"]["splits"]
    assert splits == {"train": 32, "validation": 8, "test": 10}
    both = ["train.folds=5", "data.fold.number=1", "data.fold.of=5"]
    assert told(capfd, "check", "c.yaml", *both, exit_code=2)["errors"][0]["code"] == "AM128"


def test_rm_takes_all_of_it_or_nothing(folds, runs_dir, capfd):
    assert told(capfd, "runs", "rm", "mnist-001/folds/1", "-y", exit_code=2)["errors"][0]["code"] == "AM552"
    assert folds.fold(1).run_file.exists()
    assert told(capfd, "runs", "rm", "mnist-001", "-y")["removed"] == ["runs/mnist-001"]
    assert list(runs_dir.iterdir()) == []


def test_best_and_compare(folds, runs_dir, capfd):
    written_cross_validation(runs_dir, accuracies=(1.0, 1.0, 1.0), stem="better")
    assert shown(capfd, "runs", "best", "--metric", "test_accuracy", "-q") == "runs/better-001\n"
    compared = told(capfd, "runs", "compare", "mnist-001", "better-001")
    assert compared["metrics"]["test_accuracy"] == {"mnist-001": 0.75, "better-001": 1.0}


def test_a_mean_over_some_folds_is_not_the_best(folds, runs_dir, capfd):
    written_cross_validation(runs_dir, accuracies=(1.0,), stem="cut")
    assert shown(capfd, "runs", "best", "--metric", "test_accuracy", "-q") == "runs/mnist-001\n"


def test_doctor_looks_at_every_fold(folds, capfd):
    checks = {check["name"]: check["state"] for check in told(capfd, "doctor", "mnist-001")["checks"]}
    assert checks["folds/1"] == "ok"
    folds.fold(2).checkpoint("best").write_bytes(b"broken")
    document = told(capfd, "doctor", "mnist-001", exit_code=4)
    broken = next(check for check in document["checks"] if check["name"] == "folds/2")
    assert broken["state"] == "error"
    assert "best.keras is broken" in broken["message"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--jobs", "2"], "AM553"), (["--folds", "2", "--jobs", "999"], "AM553"), (["--folds", "1"], "AM102")],
)
def test_train_refuses(arguments, code, tmp_path, capfd):
    (tmp_path / "c.yaml").write_text("data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mlp}\n")
    assert told(capfd, "train", "c.yaml", *arguments, exit_code=2)["errors"][0]["code"] == code
    assert not (tmp_path / "runs").exists()


def test_lines_of_the_log():
    started = CrossValidationStarted(
        run="x-001",
        path="runs/x-001",
        task="image_classification",
        seed=1,
        data="mnist",
        num_examples=300,
        num_unused=100,
        num_classes=10,
        model="mlp",
        epochs=4,
        folds=5,
        jobs=2,
        threads=1,
    )
    ended = FoldEnded(1, 5, status="finished", seconds=75.0, metric="accuracy", value=0.5)
    over = CrossValidationEnded("x-001", "finished", 5, 5, seconds=90.0, metric="accuracy", mean=0.5, std=0.25)
    events = [started, FoldStarted(1, 5), ended, FoldEnded(2, 5, status="interrupted", seconds=1.0), over]
    assert [line for event in events for line in fold_lines.lines(event)] == [
        "run runs/x-001 (task image_classification, seed 1)",
        "data mnist: 300 examples (its own test split of 100 is left unused), 10 classes; model mlp",
        "5 folds of 4 epochs, 2 at a time with 1 thread each",
        "fold 1/5 begins",
        "fold 1/5  accuracy 0.5000  1m15s",
        "fold 2/5  interrupted  1.0s",
        "done x-001 in 1m30s: accuracy 0.5000 ± 0.2500 (5 of 5 folds)",
    ]
    progressed = FoldProgressed(1, 5, epoch=2, epochs=4, metrics={"accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.25})
    assert fold_lines.progressed(progressed) == "fold 1/5  epoch 2/4  loss 1.0000  val_accuracy 0.2500"
