"""`aimodels plot`: pictures of one run or several, with names for what was left out."""

import json

import pytest
from fake_runs import add_history, complete_run, run_folder

from aimodels import discovery
from aimodels.cli import main


@pytest.fixture
def run(runs_dir):
    return complete_run(runs_dir)


def test_the_files_are_named_and_what_was_skipped_is_told(run, capsys):
    assert main(["plot", "fake-001", "--kind", "history,topk_accuracy"]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{run.plots.relative_to(run.path.parent.parent) / 'history.png'}\n"
    assert "skipped topk_accuracy: there are 3 classes" in shown.err


def test_figures_that_are_skipped_for_the_same_reason_share_a_line(run, capsys):
    assert main(["plot", "fake-001", "--kind", "history,residuals,worst,folds"]) == 0
    skipped = [line for line in capsys.readouterr().err.splitlines() if line.startswith("skipped")]
    assert skipped[0] == "skipped residuals, worst: the run predicts classes; this is for a predicted number"
    assert skipped[1].startswith("skipped folds: the run is no cross-validation")


def test_programs_get_files_and_reasons(run, capsys, tmp_path):
    arguments = ["--kind", "roc", "--kind", "topk_accuracy", "--format", "svg", "-o", "pictures", "--json"]
    assert main(["plot", "fake-001", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == {"roc": "pictures/roc.svg"}
    assert list(document["skipped"]) == ["topk_accuracy"]
    assert (tmp_path / "pictures" / "roc.svg").is_file()


def test_several_runs_are_drawn_beside_the_runs(run, runs_dir):
    complete_run(runs_dir, seed=1)
    complete_run(runs_dir, seed=2)
    assert main(["plot", "fake-001", "fake-002", "--kind", "timing"]) == 0
    assert main(["plot", "fake-001", "fake-002", "fake-003", "--kind", "timing"]) == 0
    assert (runs_dir / "compared" / "fake-001+fake-002" / "timing.png").is_file()
    assert (runs_dir / "compared" / "fake-001+fake-002+1-more" / "data" / "timing.json").is_file()


def test_every_figure_is_listed_with_what_it_shows(capsys):
    assert main(["plot", "--list", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert tuple(figures) == discovery.names("figures")
    assert all(purpose.endswith(".") for purpose in figures.values())


def test_nothing_to_draw_is_exit_code_3_with_the_reasons(runs_dir, capsys):
    add_history(run_folder(runs_dir))
    assert main(["plot", "fake-001", "--kind", "roc", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["errors"][0]["code"] == "AM517"
    assert document["skipped"] == {"roc": "fake-001 was not evaluated yet: aimodels eval fake-001"}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (["fake-001", "--kind", "hystory"], 2, "AM104"),
        (["fake-001", "--kind", "roc", "--smooth", "0.5"], 2, "AM524"),
        (["fake-001", "--metric", "acuracy"], 2, "AM521"),
        (["fake-009"], 3, "AM502"),
        ([], 2, "AM151"),
    ],
)
def test_wrong_words_are_refused(run, capsys, arguments, exit_code, code):
    assert main(["plot", *arguments, "--json"]) == exit_code
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == code
