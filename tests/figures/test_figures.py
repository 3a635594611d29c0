"""Every figure keeps its contract; what the pictures say is read from their texts and artists, never from pixels."""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pytest
from fake_runs import IMAGE, TEXT, add_evaluation, add_history, answers, complete_run, run_folder
from fake_tables import complete_table_run, cross_validation

from aimodels import discovery
from aimodels.errors import UsageError
from aimodels.figure_style import CurveOptions, NothingToDraw, Series, styled

FIGURES = discovery.names("figures")
TEN = tuple("0123456789")


def split_of(figure):
    return "train" if figure.SOURCE == "training" else "test"


def series_of(kind, *runs):
    """The numbers as they come back from the JSON file beside a picture, which must be strict."""
    figure = discovery.plugin("figures", kind)
    numbers = [figure.read(run, split=split_of(figure)) for run in runs]
    return [
        Series(name=run.name, numbers=json.loads(json.dumps(one, allow_nan=False)))
        for run, one in zip(runs, numbers, strict=True)
    ]


def drawn(kind, *runs, rendered=False, **options):
    with styled():
        figure = discovery.plugin("figures", kind).draw(series_of(kind, *runs), **options)
        if rendered:
            figure.draw_without_rendering()
    return figure


def words_of(figure):
    """Everything that can be read on a figure, as one string."""
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two runs of ten classes with everything that figures read. Nothing may be written into them."""
    folder = tmp_path_factory.mktemp("images")
    return [complete_run(folder, class_names=TEN, seed=seed) for seed in (0, 1)]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Two such runs on texts of two classes."""
    folder = tmp_path_factory.mktemp("texts")
    return [complete_run(folder, class_names=("neg", "pos"), seed=seed, input=TEXT) for seed in (0, 1)]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Two such runs on tables for numbers."""
    folder = tmp_path_factory.mktemp("tables")
    return [complete_table_run(folder, seed=seed) for seed in (0, 1)]


@pytest.fixture(scope="module")
def validations(tmp_path_factory):
    """Two cross-validations."""
    folder = tmp_path_factory.mktemp("validations")
    return [cross_validation(folder) for _ in range(2)]


# --- every figure ----------------------------------------------------------------------------------------------


def those_that_show(kind, *groups):
    """The groups of runs of which a figure has something to show."""
    found = []
    for group in groups:
        with contextlib.suppress(NothingToDraw):
            series_of(kind, *group)
            found.append(group)
    return found


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_is_drawn_from_complete_runs(kind, images, texts, tables, validations):
    pairs = those_that_show(kind, images, texts, tables, validations)
    assert pairs
    for run, _ in pairs:
        figure = drawn(kind, run, rendered=True)
        assert run.name in words_of(figure)
        assert any(axes.has_data() for axes in figure.axes)


@pytest.mark.parametrize("kind", [kind for kind in FIGURES if discovery.plugin("figures", kind).OVERLAYS])
def test_every_figure_that_overlays_names_each_run(kind, images, texts, tables, validations):
    pairs = those_that_show(kind, images, texts, tables, validations)
    assert pairs
    for pair in pairs:
        shown = words_of(drawn(kind, *pair, rendered=True))
        assert all(run.name in shown for run in pair)
        assert "2 runs" in shown


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_says_why_an_empty_run_shows_nothing(kind, runs_dir):
    with pytest.raises(NothingToDraw) as caught:
        drawn(kind, run_folder(runs_dir))
    assert len(caught.value.reason) > 10


def test_all_figures_are_drawn_without_tensorflow(images, texts, tables, validations, tmp_path):
    program = """
import sys
from pathlib import Path
from aimodels.drawing import DrawRequest, draw_figures
from aimodels.runs.folder import RunFolder
for path in sys.argv[2:]:
    draw_figures([RunFolder(Path(path))], DrawRequest(folder=Path(sys.argv[1]), dpi=20))
heavy = [name for name in ("tensorflow", "keras", "matplotlib.pyplot") if name in sys.modules]
sys.exit(f"loaded {heavy}" if heavy else 0)
"""
    folder = tmp_path / "pictures"
    runs = [str(group[0].path) for group in (images, texts, tables, validations)]
    arguments = [sys.executable, "-c", program, str(folder), *runs]
    ended = subprocess.run(arguments, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.stem for path in folder.glob("*.png")) == sorted(FIGURES)


@pytest.mark.parametrize("input", [IMAGE, TEXT], ids=["images", "texts"])
@pytest.mark.parametrize("num_classes", [2, 40])
def test_every_figure_takes_any_number_of_classes_and_any_name(num_classes, input, runs_dir):
    hostile = [
        "_hidden",
        r"$\price of $10",
        "two\nlines",
        "a name that is far too long to stand on any axis of any picture",
    ]
    names = [*hostile, *(f"class {k}" for k in range(40))][:num_classes]
    run = complete_run(runs_dir, class_names=names, num_examples=12, input=input)
    kinds = [kind for kind in FIGURES if those_that_show(kind, [run])]
    assert len(kinds) > 10
    for kind in kinds:
        assert run.name in words_of(drawn(kind, run, rendered=True))


def test_absent_classes_are_left_out_and_not_drawn_as_zero(runs_dir):
    run = run_folder(runs_dir, class_names=["cat", "dog", "eel"])
    targets, probabilities = answers(60, num_classes=3)
    targets[targets == 2] = 0
    add_evaluation(run, examples=np.zeros((60, 8, 8, 1), np.uint8), targets=targets, probabilities=probabilities)
    assert "eel" not in series_of("roc", run)[0].numbers["curves"]
    recall = drawn("per_class", run).axes[1].collections[0].get_offsets()
    assert recall[:, 1].tolist() == [0, 1]
    assert "eel  (0)" in words_of(drawn("per_class", run))
    drawn("confusion_matrix", run)


# --- history ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("epochs", "validation"), [(1, False), (1, True), (10, True), (100, False)])
def test_history_numbers_epochs_from_1_in_whole_steps(runs_dir, epochs, validation):
    run = run_folder(runs_dir)
    add_history(run, epochs=epochs, validation=validation)
    figure = drawn("history", run)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "learning rate"]
    low, high = figure.axes[-1].get_xlim()
    ticks = [tick for tick in figure.axes[-1].get_xticks() if low <= tick <= high]
    assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)
    assert ("validation" in words_of(figure)) == validation


def test_history_draws_train_solid_and_validation_dashed_in_one_colour(runs_dir):
    run = run_folder(runs_dir)
    add_history(run)
    train, validation, *_ = drawn("history", run).axes[0].get_lines()
    assert (train.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert train.get_color() == validation.get_color()
    np.testing.assert_array_equal(train.get_ydata(), run.history()["loss"])
    np.testing.assert_array_equal(validation.get_ydata(), run.history()["val_loss"])


def test_history_marks_the_best_epoch_on_the_metric_that_decided(runs_dir):
    run = run_folder(runs_dir)
    add_history(run)
    best = run.metrics()["best"]
    figure = drawn("history", run)
    [star] = [line for line in figure.axes[0].get_lines() if line.get_marker() == "*"]
    assert star.get_xydata().tolist() == [[best["epoch"], best["value"]]]
    assert not [line for line in figure.axes[1].get_lines() if line.get_marker() == "*"]
    assert f"best epoch {best['epoch']}" in words_of(figure)


def test_history_shows_where_training_stopped_early(runs_dir):
    run = run_folder(runs_dir)
    add_history(run)
    assert "stopped early" not in words_of(drawn("history", run))
    run.update(status="stopped_early")
    assert "stopped early" in words_of(drawn("history", run))


@pytest.mark.parametrize(("x", "label", "last"), [("step", "step", 400), ("time", "seconds of training", None)])
def test_history_can_be_over_steps_and_seconds(runs_dir, x, label, last):
    run = run_folder(runs_dir)
    add_history(run)
    figure = drawn("history", run, options=CurveOptions(x=x))
    assert figure.axes[-1].get_xlabel() == label
    data = figure.axes[0].get_lines()[0].get_xdata()
    assert data[-1] == (last or pytest.approx(sum(run.timing()["seconds"])))


def test_history_shows_only_the_metrics_asked_for(runs_dir):
    run = run_folder(runs_dir)
    add_history(run)
    figure = drawn("history", run, options=CurveOptions(metrics=("val_accuracy",)))
    assert [axes.get_ylabel() for axes in figure.axes] == ["accuracy"]
    with pytest.raises(UsageError, match="no metric of these runs is called acuracy") as caught:
        drawn("history", run, options=CurveOptions(metrics=("acuracy",)))
    assert caught.value.help == "did you mean accuracy?"


def test_smoothing_leaves_the_raw_curve_faint_behind(runs_dir):
    run = run_folder(runs_dir)
    add_history(run, epochs=30)
    raw, smooth, *_ = drawn("history", run, options=CurveOptions(smooth=0.9)).axes[0].get_lines()
    np.testing.assert_array_equal(raw.get_ydata(), run.history()["loss"])
    assert raw.get_alpha() < 1
    assert np.abs(np.diff(smooth.get_ydata())).sum() < np.abs(np.diff(raw.get_ydata())).sum()
    assert smooth.get_ydata()[0] == pytest.approx(raw.get_ydata()[0])


def test_a_metric_that_is_missing_in_an_epoch_leaves_a_gap(runs_dir):
    run = run_folder(runs_dir)
    run.add_epoch({"loss": 1.0}, epoch=1)
    run.add_epoch({"loss": float("nan")}, epoch=2)
    run.add_epoch({"loss": 0.5}, epoch=3)
    values = drawn("history", run, options=CurveOptions(log_y=True)).axes[0].get_lines()[0].get_ydata()
    assert np.isnan(values).tolist() == [False, True, False]


# --- evaluation ------------------------------------------------------------------------------------------------


def evaluated(runs_dir, targets, probabilities, class_names):
    run = run_folder(runs_dir, class_names=class_names)
    images = np.zeros((len(targets), 8, 8, 1), np.uint8)
    probabilities = np.array(probabilities, np.float32)
    add_evaluation(run, examples=images, targets=np.array(targets, np.int64), probabilities=probabilities)
    return run


def test_confusion_matrix_has_true_classes_in_rows_and_a_fixed_scale(runs_dir):
    yes, no = [0.1, 0.9], [0.9, 0.1]
    run = evaluated(runs_dir, [0, 0, 0, 1, 1], [no, no, yes, no, yes], ["cat", "dog"])
    figure = drawn("confusion_matrix", run)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    [image] = axes.get_images()
    assert image.get_clim() == (0, 100)
    np.testing.assert_allclose(image.get_array(), [[200 / 3, 100 / 3], [50, 50]])
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "2\n67 %", (1, 0): "1\n33 %", (0, 1): "1\n50 %", (1, 1): "1\n50 %"}


def test_confusions_of_many_classes_are_bars_of_the_worst_pairs(runs_dir):
    names = [f"class {k}" for k in range(31)]
    answer = np.full((5, 31), 0.001)
    answer[[0, 1, 2, 3, 4], [7, 7, 7, 2, 4]] = 0.97
    run = evaluated(runs_dir, [3, 3, 3, 1, 4], answer, names)
    axes = drawn("confusion_matrix", run).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["class 3 → class 7", "class 1 → class 2"]
    assert [bar.get_width() for bar in axes.patches] == [3, 1]
    assert axes.texts[0].get_text() == "3 (100 %)"


def test_many_classes_without_a_mistake_have_no_pairs(runs_dir):
    run = evaluated(runs_dir, range(31), np.eye(31), [f"class {k}" for k in range(31)])
    with pytest.raises(NothingToDraw, match="no example was answered wrongly"):
        drawn("confusion_matrix", run)


def test_areas_in_the_legends_are_those_of_the_report(images):
    report = json.loads((images[0].evaluation("test") / "report.json").read_text())
    for kind, area, name in (("roc", "AUC", "roc_auc"), ("pr", "AP", "pr_auc")):
        shown = words_of(drawn(kind, images[0]))
        assert f"macro average ({area} {report['metrics'][name]:.4f})" in shown
        for row in report["per_class"]:
            assert f"{row['name']} ({area} {row[name]:.4f})" in shown


def test_a_binary_task_has_one_curve_and_no_averages(runs_dir):
    run = evaluated(runs_dir, [0, 1, 0, 1], [[0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.45, 0.55]], ["no", "yes"])
    [one] = series_of("roc", run)
    assert (list(one.numbers["curves"]), one.numbers["averages"]) == (["yes"], {})
    assert "yes (AUC 0.7500)" in words_of(drawn("roc", run))


def test_calibration_shows_the_bins_and_the_error_of_the_report(runs_dir):
    run = evaluated(runs_dir, [0, 1, 1], [[0.95, 0.05], [0.95, 0.05], [0.3, 0.7]], ["no", "yes"])
    figure = drawn("calibration", run)
    curve = figure.axes[0].get_lines()[1]
    np.testing.assert_allclose(curve.get_xydata(), [[0.7, 1.0], [0.95, 0.5]], atol=1e-6)
    assert f"ECE {(0.3 + 2 * 0.45) / 3:.4f}" in words_of(figure)


def test_borders_and_marks_tell_right_from_wrong(runs_dir):
    run = evaluated(runs_dir, [0, 1], [[0.9, 0.1], [0.8, 0.2]], ["cat", "dog"])
    right, wrong, *_ = drawn("predictions", run).axes
    assert (right.get_title(), wrong.get_title()) == ("✓ cat", "✗ cat\ntrue dog")
    assert right.spines["left"].get_edgecolor() != wrong.spines["left"].get_edgecolor()
    hardest = drawn("top_losses", run).axes[0]
    assert hardest.get_title() == "✗ cat, 80%\ntrue dog\nloss 1.61"


def test_top_k_accuracy_counts_the_k_most_probable(images):
    [one] = series_of("topk_accuracy", images[0])
    report = json.loads((images[0].evaluation("test") / "report.json").read_text())
    assert one.numbers["k"] == [1, 2, 3, 4, 5]
    assert one.numbers["accuracy"][0] == pytest.approx(report["metrics"]["accuracy"])
    assert one.numbers["accuracy"] == sorted(one.numbers["accuracy"])


def test_runs_of_different_classes_are_not_laid_over_each_other(runs_dir, images):
    other = complete_run(runs_dir, class_names=["cat", "dog"])
    with pytest.raises(NothingToDraw, match="have different classes"):
        drawn("per_class", images[0], other)
