"""From runs to files: where pictures go, that equal numbers give equal bytes, and what is left out."""

import json

import numpy as np
import pytest
from fake_runs import add_evaluation, add_history, answers, complete_run, run_folder

from aimodels.drawing import Drawn, DrawRequest, draw_figures, kinds
from aimodels.errors import ConfigError, UsageError
from aimodels.events import PlotDrawn, Warned, listening
from aimodels.figure_style import CurveOptions, fonts


@pytest.fixture
def run(runs_dir):
    return complete_run(runs_dir)


def test_pictures_go_where_they_belong_with_their_numbers_beside_them(run):
    history, matrix = draw_figures([run], DrawRequest(kinds=("history", "confusion_matrix")))
    assert history.path == run.plots / "history.png"
    assert matrix.path == run.evaluation("test") / "plots" / "confusion_matrix.png"
    assert history.path.read_bytes().startswith(b"\x89PNG")
    numbers = json.loads((run.plot_data / "history.json").read_text())
    assert numbers["columns"]["loss"] == run.history()["loss"]
    numbers = json.loads((run.evaluation("test") / "plots" / "data" / "confusion_matrix.json").read_text())
    assert np.sum(numbers["matrix"]) == 200


def test_what_training_left_for_pictures_is_not_changed_by_drawing(run):
    before = [(run.plot_data / name).read_bytes() for name in ("samples.json", "class_balance.json")]
    draw_figures([run], DrawRequest(kinds=("samples", "class_balance")))
    assert [(run.plot_data / name).read_bytes() for name in ("samples.json", "class_balance.json")] == before


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_same_numbers_give_the_same_bytes(run, tmp_path, format, start):
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        request = DrawRequest(kinds=("history", "confusion_matrix"), format=format, folder=folder)
        contents.append([one.path.read_bytes() for one in draw_figures([run], request)])
    assert contents[0] == contents[1]
    assert all(content.startswith(start) for content in contents[0])


def test_the_resolution_is_the_one_asked_for(run, tmp_path):
    sizes = []
    for dpi in (50, 100):
        [one] = draw_figures([run], DrawRequest(kinds=("history",), folder=tmp_path, dpi=dpi))
        sizes.append(int.from_bytes(one.path.read_bytes()[16:20], "big"))
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2)


def test_several_runs_share_a_picture_and_its_numbers(runs_dir, tmp_path):
    runs = [complete_run(runs_dir, seed=seed) for seed in (0, 1)]
    drawn = draw_figures(runs, DrawRequest(folder=tmp_path, dpi=20))
    shown = {"calibration", "history", "per_class", "pr", "roc", "score_hist", "timing"}
    assert {one.kind for one in drawn if one.path} == shown
    assert [one for one in drawn if one.skipped] == [
        Drawn("accuracy_by_length", skipped="its examples are no texts"),
        Drawn("feature_importance", skipped="the importance of columns was not measured; it is for rows of a table"),
        Drawn("folds", skipped="the run is no cross-validation: aimodels train CONFIG --folds 5 makes one"),
        Drawn("residual_hist", skipped="the run predicts classes; this is for a predicted number"),
        Drawn("threshold", skipped="there are 3 classes; a threshold is for two"),
        Drawn("topk_accuracy", skipped="there are 3 classes; top-k accuracy is drawn for 10 or more"),
    ]
    numbers = json.loads((tmp_path / "data" / "roc.json").read_text())
    assert [one["name"] for one in numbers["series"]] == ["fake-001", "fake-002"]


def test_what_cannot_be_drawn_is_left_out_with_the_reason(runs_dir):
    run = run_folder(runs_dir)
    add_history(run)
    heard = []
    with listening(heard.append):
        history, roc = draw_figures([run], DrawRequest(kinds=("history", "roc")))
    assert roc == Drawn("roc", skipped="fake-001 was not evaluated yet: aimodels eval fake-001")
    assert heard == [
        PlotDrawn(kind="history", path=str(history.path)),
        PlotDrawn(kind="roc", skipped=roc.skipped),
    ]


def test_the_test_split_comes_before_validation_unless_asked_otherwise(run):
    targets, probabilities = answers(20, num_classes=3)
    images = np.zeros((20, 8, 8, 1), np.uint8)
    add_evaluation(run, examples=images, targets=targets, probabilities=probabilities, name="validation")
    [one] = draw_figures([run], DrawRequest(kinds=("roc",)))
    assert one.path.is_relative_to(run.evaluation("test"))
    [one] = draw_figures([run], DrawRequest(kinds=("roc",), split="validation"))
    assert one.path.is_relative_to(run.evaluation("validation"))


@pytest.mark.parametrize(
    ("request_", "error", "code"),
    [
        (DrawRequest(kinds=("history", "hystory")), ConfigError, "AM104"),
        (DrawRequest(kinds=("roc",), curves=CurveOptions(log_y=True)), UsageError, "AM524"),
        (DrawRequest(kinds=("roc", "history"), curves=CurveOptions(metrics=("nothing",))), UsageError, "AM521"),
    ],
)
def test_a_wrong_request_is_refused_and_nothing_is_written(run, request_, error, code):
    with pytest.raises(error) as caught:
        draw_figures([run], request_)
    assert caught.value.code == code
    assert not list(run.path.rglob("*.png"))


def test_pictures_of_several_runs_need_a_folder(run):
    with pytest.raises(UsageError, match="belong to none of them"):
        draw_figures([run, run], DrawRequest(kinds=("history",)))


def test_letters_that_no_font_has_are_told(runs_dir, monkeypatch):
    monkeypatch.setattr(fonts, "OTHERS", ())
    run = complete_run(runs_dir, class_names=["猫", "犬"])
    heard = []
    with listening(heard.append):
        draw_figures([run], DrawRequest(kinds=("per_class",)))
    [warned] = [event for event in heard if isinstance(event, Warned)]
    assert warned.code == "AM522"


def test_every_kind_is_of_training_or_of_evaluation():
    assert set(kinds("training")) | set(kinds("evaluation")) == set(kinds())
    assert not set(kinds("training")) & set(kinds("evaluation"))
