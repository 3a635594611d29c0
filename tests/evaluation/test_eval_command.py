"""`aimodels eval`: the table for people, the document for programs, and the exit code for scripts."""

import json

import numpy as np
import pytest
from fake_runs import IMAGE, TABLE, TEXT, FakePredictor, TableFunction, run_folder, some_numbers, some_rows

from aimodels.cli import answering_options, main
from aimodels.config.losses import Quantile
from aimodels.data.dataset import Provenance, Split, Texts
from aimodels.evaluation import evaluate as evaluating
from aimodels.evaluation import table_findings
from aimodels.evaluation.chosen import Chosen
from aimodels.runs.folder import RunFolder

TARGETS = np.array([0, 0, 1, 1], np.int64)
ANSWERS = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9]], np.float32)


REVIEWS = Texts(("Good.<br />Fine.", "Not my cup of tea at all. " * 20, "So so", "Great"), ("r1", "r2", "r3", "r4"))


@pytest.fixture
def evaluating_on(runs_dir, monkeypatch):
    """Makes a finished run that answers 3 of these 4 test examples rightly, without TensorFlow."""

    def make(examples, *, input):
        run = run_folder(runs_dir, class_names=["cat", "dog"], input=input)
        run.checkpoints.mkdir()
        run.checkpoint("best").touch()
        split = Split(name="test", examples=examples, targets=TARGETS)
        chosen = Chosen(name="test", split=split, provenance=Provenance("4 fake examples", fingerprint="abc123"))
        monkeypatch.setattr(RunFolder, "config", run.config)
        monkeypatch.setattr(answering_options, "start", lambda *_, **__: None)
        monkeypatch.setattr(evaluating, "own_split", lambda run, *, name: chosen)
        predictor = FakePredictor(ANSWERS, class_names=["cat", "dog"])
        monkeypatch.setattr(evaluating, "_predictor", lambda *_, **__: predictor)
        return run

    return make


@pytest.fixture
def table_run(runs_dir, monkeypatch):
    """A finished run that predicts the mass of forty rows, with an error of some 300 g; its own data cannot be read."""
    run = run_folder(runs_dir, class_names=(), input=TABLE, task="regression")
    run.checkpoints.mkdir()
    run.checkpoint("best").touch()
    targets, answers = some_numbers(40)
    split = Split(name="test", examples=some_rows(40), targets=targets)
    provenance = Provenance("40 fake rows", fingerprint="abc123")
    chosen = Chosen(name="test", split=split, provenance=provenance, without_train="the table is gone")
    monkeypatch.setattr(RunFolder, "config", run.config)
    monkeypatch.setattr(RunFolder, "model", lambda run: None)
    monkeypatch.setattr(answering_options, "start", lambda *_, **__: None)
    monkeypatch.setattr(evaluating, "own_split", lambda run, *, name: chosen)
    predictor = TableFunction(values=lambda table: np.resize(answers, table.num_rows))
    monkeypatch.setattr(evaluating, "_predictor", lambda *_, **__: predictor)
    monkeypatch.setattr(table_findings, "category_names", lambda network: ())
    return run


@pytest.fixture
def run(evaluating_on):
    return evaluating_on(np.zeros((4, 8, 8, 1), np.uint8), input=IMAGE)


@pytest.fixture
def text_run(evaluating_on):
    return evaluating_on(REVIEWS, input=TEXT)


def document_of(capsys):
    return json.loads(capsys.readouterr().out)


def test_people_see_scores_classes_confusions_and_files(run, capsys):
    assert main(["eval", "fake-001", "--no-plots"]) == 0
    shown = capsys.readouterr().out
    assert "fake-001 on test: 4 examples, checkpoint best" in shown
    assert "accuracy            0.7500" in shown
    assert "dog                  0.6667  1.0000  0.8000" in shown
    assert "cat taken for dog      1 times, 50.0% of its examples" in shown
    assert "runs/fake-001/eval/test/report.txt" in shown


def test_programs_get_everything_in_one_document(run, capsys):
    assert main(["eval", "fake-001", "--json"]) == 0
    document = document_of(capsys)
    assert document["ok"] is True
    assert document["metrics"]["accuracy"] == 0.75
    assert document["confusion_matrix"] == [[1, 1], [0, 2]]
    assert [row["name"] for row in document["per_class"]] == ["cat", "dog"]
    assert document["thresholds"] == []
    assert "topk_accuracy" in document["skipped"]
    assert {"report", "predictions", "roc", "confusion_matrix"} <= document["files"].keys()
    assert all((run.path / path).is_file() for path in document["files"].values())


def test_scripts_get_the_accuracy_alone(run, capsys):
    assert main(["eval", "fake-001", "-q", "--no-plots"]) == 0
    assert capsys.readouterr() == ("0.75\n", "")


def test_a_missed_bar_is_exit_code_4_with_everything_still_written(run, capsys):
    bars = ["--min", "accuracy=0.97", "--min", "macro_recall=0.7", "--max", "log_loss=9"]
    assert main(["eval", "fake-001", "--json", *bars]) == 4
    document = document_of(capsys)
    assert document["exit_code"] == 4
    assert document["thresholds"] == [
        {"metric": "accuracy", "bound": "min", "wanted": 0.97, "got": 0.75, "ok": False},
        {"metric": "macro_recall", "bound": "min", "wanted": 0.7, "got": 0.75, "ok": True},
        {"metric": "log_loss", "bound": "max", "wanted": 9.0, "got": document["metrics"]["log_loss"], "ok": True},
    ]
    assert document["errors"][0]["code"] == "AM515"
    assert all((run.path / path).is_file() for path in document["files"].values())


def test_a_bar_that_is_met_is_exit_code_0(run, capsys):
    assert main(["eval", "fake-001", "--min", "accuracy=0.75", "--no-plots"]) == 0
    assert "ok    accuracy 0.7500, wanted >= 0.75" in capsys.readouterr().out


def test_a_misspelt_metric_is_found_before_anything_is_measured(run, capsys):
    assert main(["eval", "fake-001", "--min", "acuracy=0.9"]) == 2
    assert "did you mean accuracy" in capsys.readouterr().err
    assert not run.evaluation("test").exists()


def test_an_unknown_run_is_exit_code_3(run):
    assert main(["eval", "nothing"]) == 3


def test_no_pictures_are_drawn_unless_wanted(run):
    main(["eval", "fake-001", "--no-plots"])
    assert not list(run.path.rglob("*.png"))
    main(["eval", "fake-001"])
    assert (run.evaluation("test") / "plots" / "confusion_matrix.png").is_file()


def test_people_see_how_texts_were_read_and_the_three_hardest_of_them(text_run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["eval", "fake-001", "--no-plots"]) == 0
    shown = capsys.readouterr().out
    assert "words read" in shown
    assert "1 of 4 texts (25.0%) cut to 60 words, of which the start is kept" in shown
    _, header, *lines = shown[shown.index("hardest texts") :].splitlines()[:5]
    assert header.split() == ["loss", "true", "answer", "probability", "text"]
    assert lines[0] == "1.609  cat   dog          80.00%  Not my cup of tea at all. Not my cup of tea a…"
    assert [line.split()[1:3] for line in lines] == [["cat", "dog"], ["dog", "dog"], ["cat", "cat"]]
    assert all(len(line) <= 80 for line in lines)


def test_a_wide_terminal_has_room_for_the_names_of_texts(text_run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    main(["eval", "fake-001", "--no-plots"])
    shown = capsys.readouterr().out
    assert "1.609  cat   dog          80.00%  r2       Not my cup of tea" in shown
    assert all(len(line) <= 150 for line in shown[shown.index("hardest texts") :].splitlines()[:5])


def test_programs_get_how_texts_were_read(text_run, capsys):
    assert main(["eval", "fake-001", "--json"]) == 0
    document = document_of(capsys)
    assert document["words"]["cut"] == 1
    assert {"accuracy_by_length", "threshold", "score_hist", "top_losses"} <= document["files"].keys()


def test_no_hardest_texts_are_shown_if_none_are_wanted(text_run, capsys):
    assert main(["eval", "fake-001", "--top-losses", "0"]) == 0
    assert "hardest texts" not in capsys.readouterr().out
    assert "hardest texts" not in (text_run.evaluation("test") / "report.txt").read_text()


def test_images_have_no_hardest_texts(run, capsys):
    main(["eval", "fake-001", "--no-plots"])
    shown = capsys.readouterr().out
    assert "hardest" not in shown
    assert "words" not in shown


def test_people_see_the_errors_in_their_unit_and_what_the_columns_count(table_run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["eval", "fake-001", "--no-plots"]) == 0
    shown = capsys.readouterr().out
    metrics = json.loads((table_run.evaluation("test") / "report.json").read_text())["metrics"]
    assert f"rmse                   {metrics['rmse']:.1f} g  95 % interval: " in shown
    assert f"mape                   {100 * metrics['mape']:.2f} %\n" in shown
    assert "rmse added by shuffling a column, ± deviation of 5 times 40 rows" in shown
    assert "training mean not fitted · ridge regression not fitted" in " ".join(shown.split())
    assert "(the table is gone)" in " ".join(shown.split())
    assert "precision" not in shown
    assert "largest errors" in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_scripts_get_r2_alone_where_numbers_are_predicted(table_run, capsys):
    assert main(["eval", "fake-001", "-q", "--no-plots"]) == 0
    metrics = json.loads((table_run.evaluation("test") / "report.json").read_text())["metrics"]
    assert capsys.readouterr().out == f"{metrics['r2']!r}\n"


def test_bars_are_of_the_metrics_of_the_task(table_run, capsys):
    assert main(["eval", "fake-001", "--no-plots", "--min", "r2=0.5", "--max", "mae=1000"]) == 0
    assert main(["eval", "fake-001", "--no-plots", "--max", "mae=1"]) == 4
    assert main(["eval", "fake-001", "--no-plots", "--min", "accuracy=0.5"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "no metric is called accuracy" in told
    assert "there are: r2, mae, rmse, mape, median_absolute_error, max_error, mean_error" in told


def test_the_scores_of_a_quantile_can_be_bars(table_run, capsys, monkeypatch):
    train = table_run.config.train.model_copy(update={"loss": Quantile(name="quantile", quantile=0.9)})
    monkeypatch.setattr(RunFolder, "config", table_run.config.model_copy(update={"train": train}))
    bars = ["--max", "pinball_loss=1e9", "--min", "share_below=0"]
    assert main(["eval", "fake-001", "--no-plots", *bars]) == 0
    assert "asked for: 0.9" in capsys.readouterr().out
    assert main(["eval", "fake-001", "--no-plots", "--min", "share_below=1.1"]) == 4


def test_programs_get_baselines_and_all_files_of_tables(table_run, capsys):
    assert main(["eval", "fake-001", "--json", "--no-plots"]) == 0
    document = document_of(capsys)
    assert (document["unit"], document["baselines"]["metric"], document["unseen_values"]) == ("g", "r2", {})
    assert {"importance", "by_feature"} <= document["files"].keys()
    assert all((table_run.path / path).is_file() for path in document["files"].values())
