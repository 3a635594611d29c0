"""Figures of tables: the numbers on them, what is shown where there is too much, and data at its extremes."""

import itertools
import json
import re

import numpy as np
import pytest
from fake_runs import add_history
from fake_tables import (
    COLUMNS,
    add_by_feature,
    add_classes,
    add_columns,
    add_folds,
    add_importance,
    add_labels,
    add_numbers,
    category_column,
    complete_table_run,
    cross_validation,
    date_column,
    labels_answered,
    number_column,
    numbers_answered,
    some_folds,
    some_rows,
    table_run,
)

from aimodels import discovery
from aimodels.drawing import Drawn, DrawRequest, draw_figures
from aimodels.figure_style import GREY, RIGHT, WRONG, CurveOptions, NothingToDraw, Series, clouds, styled, table_rows
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.clouds import read_cloud, span
from aimodels.figure_style.table_rows import draw_table
from aimodels.runs.atomic import write_json
from aimodels.runs.evaluations import EvaluationFolder
from aimodels.runs.predictions import read_predictions

OF_NUMBERS = ("pred_vs_true", "residuals", "residual_hist", "worst")
OF_ONE_CLASS = ("confusion_matrix", "calibration", "topk_accuracy", "score_hist", "threshold")
OF_CLASSES = (*OF_ONE_CLASS, "roc", "pr", "per_class", "top_losses")


def numbers_of(kind, run):
    """As they come back from the JSON file beside the picture, which must be strict."""
    figure = discovery.plugin("figures", kind)
    numbers = figure.read(run, split="train" if figure.SOURCE == "training" else "test")
    return json.loads(json.dumps(numbers, allow_nan=False))


def drawn(kind, *runs, **options):
    with styled():
        series = [Series(name=run.name, numbers=numbers_of(kind, run)) for run in runs]
        figure = discovery.plugin("figures", kind).draw(series, **options)
        figure.draw_without_rendering()
    return figure


def words_of(figure):
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


def ticks_of(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def predicting(runs_dir, *, targets, predictions, **facts):
    run = table_run(runs_dir, **facts)
    add_numbers(run, targets=targets, predictions=predictions)
    return run


def evaluation_of(run):
    return EvaluationFolder(run.evaluation("test"))


# --- pred_vs_true ----------------------------------------------------------------------------------------------


def test_predicted_and_true_numbers_stand_with_the_scores_of_the_report(runs_dir):
    run = predicting(runs_dir, targets=[1.0, 2.0, 3.0, 6.0], predictions=[1.0, 3.0, 3.0, 5.0])
    numbers = numbers_of("pred_vs_true", run)
    assert numbers["metrics"] == pytest.approx({"r2": 1 - 2 / 14, "mae": 0.5, "rmse": np.sqrt(0.5)})
    assert (numbers["cloud"]["x"], numbers["cloud"]["y"]) == ([1.0, 2.0, 3.0, 6.0], [1.0, 3.0, 3.0, 5.0])
    figure = drawn("pred_vs_true", run)
    shown = words_of(figure)
    assert "R² 0.8571, MAE 0.5000 g, RMSE 0.7071 g" in shown
    assert "4 examples (test)" in shown
    [axes] = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("true value (g)", "predicted value (g)")
    assert axes.get_xlim() == axes.get_ylim()
    [line] = axes.get_lines()
    assert (line.get_xdata() == line.get_ydata()).all()


def test_a_number_without_a_unit_has_none_on_its_axes(runs_dir):
    run = predicting(runs_dir, targets=[1.0, 2.0], predictions=[1.0, 2.0], unit=None)
    assert drawn("pred_vs_true", run).axes[0].get_xlabel() == "true value"
    assert "MAE 0.0000, RMSE" in words_of(drawn("pred_vs_true", run))


def test_very_many_examples_are_counted_in_hexagons(runs_dir):
    targets, predictions = numbers_answered(20_000)
    run = predicting(runs_dir, targets=targets, predictions=predictions)
    for kind in ("pred_vs_true", "residuals"):
        cloud = numbers_of(kind, run)["cloud"]
        assert sum(cloud["counts"]) == 20_000
        assert len(cloud["x"]) == len(cloud["counts"]) < 2_000
        figure = drawn(kind, run)
        [hexagons] = [found for found in figure.axes[0].collections if found.get_array() is not None]
        assert sum(hexagons.get_array()) == 20_000
        # Matplotlib puts every centre into the hexagon that it was counted for.
        assert sorted(hexagons.get_array()) == sorted(cloud["counts"])


def test_a_point_is_counted_in_the_hexagon_whose_centre_is_nearest(monkeypatch):
    monkeypatch.setattr(clouds, "MOST_POINTS", 0)
    x, y = np.random.default_rng(0).random((2, 300)) * [[clouds.NUM_ACROSS], [clouds.NUM_UP]]
    whole = np.array(list(np.ndindex(clouds.NUM_ACROSS + 1, clouds.NUM_UP + 1)), np.float64)
    centres = np.concatenate([whole, whole + 0.5])
    for place in range(300):
        cloud = read_cloud(x[[place]], y[[place]], across=(0, clouds.NUM_ACROSS), up=(0, clouds.NUM_UP))
        distances = (centres[:, 0] - x[place]) ** 2 + 3 * (centres[:, 1] - y[place]) ** 2
        assert [cloud["x"][0], cloud["y"][0]] == pytest.approx(centres[distances.argmin()])


def test_a_range_is_never_empty():
    assert span(np.zeros(3)) == (-1.0, 1.0)
    low, high = span(np.array([1e300]), np.array([1e300]))
    assert low < 1e300 < high


# --- residuals -------------------------------------------------------------------------------------------------


def test_errors_have_the_sign_of_the_report_and_the_answers(runs_dir):
    run = predicting(runs_dir, targets=[1.0, 5.0], predictions=[2.0, 3.0])
    cloud = numbers_of("residuals", run)["cloud"]
    assert (cloud["x"], cloud["y"]) == ([2.0, 3.0], [1.0, -2.0])
    spread = numbers_of("residual_hist", run)
    assert (spread["errors"], spread["mean"]) == ([-2.0, 1.0], evaluation_of(run).report["metrics"]["mean_error"])
    axis = "error: predicted − true value (g)"
    assert drawn("residuals", run).axes[0].get_ylabel() == axis
    assert [axes.get_xlabel() for axes in drawn("residual_hist", run).axes][0] == axis
    assert [axes.get_ylabel() for axes in drawn("residual_hist", run).axes][1] == axis


def test_the_running_median_follows_a_bend_and_not_the_outliers(runs_dir):
    predictions = np.arange(200.0)
    errors = np.where(predictions < 100, -5.0, 5.0)
    errors[::10] = 1e6
    run = predicting(runs_dir, targets=predictions - errors, predictions=predictions)
    running = numbers_of("residuals", run)["running"]
    assert len(running["prediction"]) == 10
    assert running["median"] == [-5.0] * 5 + [5.0] * 5
    assert running["prediction"][0] == 9.5
    assert "running median" in words_of(drawn("residuals", run))


@pytest.mark.parametrize("predictions", [np.arange(40.0), np.full(300, 7.0)], ids=["few", "equal"])
def test_there_is_no_running_median_of_a_few_examples_or_of_one_prediction(runs_dir, predictions):
    run = predicting(runs_dir, targets=np.arange(len(predictions)) * 1.0, predictions=predictions)
    assert numbers_of("residuals", run)["running"]["median"] == []
    assert "running median" not in words_of(drawn("residuals", run))


def test_the_histogram_of_errors_counts_all_but_those_very_far_out(runs_dir):
    targets, predictions = numbers_answered(1000)
    predictions[:3] += 1e9
    run = predicting(runs_dir, targets=targets, predictions=predictions)
    numbers = numbers_of("residual_hist", run)
    assert numbers["beyond"] == 3
    assert sum(numbers["counts"]) == 997
    assert numbers["edges"][-1] < 1e5
    assert "without 3 very far out" in words_of(drawn("residual_hist", run))


def test_errors_of_a_normal_distribution_lie_on_the_line(runs_dir):
    errors = np.random.default_rng(0).normal(10, 2, size=50_000)
    run = predicting(runs_dir, targets=np.zeros(50_000), predictions=errors)
    numbers = numbers_of("residual_hist", run)
    assert (numbers["mean"], numbers["deviation"]) == pytest.approx((10, 2), abs=0.05)
    inner = np.abs(numbers["normal"]) < 2
    np.testing.assert_allclose(
        np.array(numbers["errors"])[inner], 10 + 2 * np.array(numbers["normal"])[inner], atol=0.15
    )
    assert len(numbers["errors"]) <= 400
    assert numbers["errors"][:2] == sorted(errors)[:2]
    assert numbers["errors"][-1] == errors.max()


@pytest.mark.parametrize("deviation", [50_000, 100_000, 1_000_000])
def test_large_errors_have_ticks_side_by_side(runs_dir, deviation):
    targets = np.random.default_rng(0).normal(0, deviation, size=1000)
    figure = drawn("residual_hist", predicting(runs_dir, targets=targets, predictions=np.zeros(1000)))
    for axes in figure.axes:
        low, high = axes.get_xlim()
        shown = [tick for tick in axes.get_xticklabels() if low <= tick.get_position()[0] <= high]
        boxes = [tick.get_window_extent() for tick in shown]
        assert all(left.x1 + 5 < right.x0 for left, right in itertools.pairwise(boxes))


def test_runs_in_different_units_share_no_histogram(runs_dir):
    runs = [predicting(runs_dir, targets=[1.0, 2.0], predictions=[1.0, 3.0], unit=unit) for unit in ("g", "kg")]
    with pytest.raises(NothingToDraw, match="different units"):
        drawn("residual_hist", *runs)


# --- by column -------------------------------------------------------------------------------------------------


def test_errors_are_shown_for_the_most_important_columns(runs_dir):
    names = tuple(f"column {place}" for place in range(9))
    run = table_run(runs_dir, columns=names)
    folder = add_numbers(run, targets=[1.0, 2.0], predictions=[1.0, 3.0])
    add_by_feature(folder, columns=names)
    add_importance(folder, columns=names[::-1])
    figure = drawn("error_by_feature", run)
    assert [axes.get_title() for axes in figure.axes] == list(names[:2:-1])
    assert "by column (in brackets: examples), 6 of 9: the most important (test)" in words_of(figure)
    assert figure.axes[0].get_xlabel() == "mean absolute error (g)"


def test_without_importances_the_columns_in_which_the_error_varies_most_are_shown(runs_dir):
    run = table_run(runs_dir, task="multiclass", class_names=("a", "b", "c"))
    folder = add_classes(run, targets=[0, 1], probabilities=[[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]])
    columns = [
        {"name": "flat", "kind": "number", "labels": ["1", "2"], "counts": [5, 5], "errors": [0.5, 0.5]},
        {"name": "rare", "kind": "number", "labels": ["1", "2"], "counts": [999, 1], "errors": [0.5, 1.0]},
        {"name": "steep", "kind": "number", "labels": ["1", "2", "3"], "counts": [5, 5, 0], "errors": [0.4, 0.6, None]},
    ]
    write_json(folder.by_feature_file, {"error": "share wrong", "columns": columns})
    figure = drawn("error_by_feature", run)
    assert [axes.get_title() for axes in figure.axes][:3] == ["steep", "rare", "flat"]
    steep = figure.axes[0]
    assert ticks_of(steep) == ["1  (5)", "2  (5)", "3  (0)"]
    assert [bar.get_width() for bar in steep.patches[:3]] == [0.4, 0.6, 0.0]
    assert [text.get_text() for text in steep.texts] == ["0.4000", "0.6000", "none"]
    [mean] = steep.get_lines()
    assert mean.get_xdata()[0] == pytest.approx(0.5)
    assert steep.get_xlabel() == "share of wrong answers"


def test_the_importance_of_very_many_columns_is_summed_up(runs_dir):
    names = tuple(f"column {place}" for place in range(33))
    run = table_run(runs_dir, columns=names)
    folder = add_numbers(run, targets=[1.0, 2.0], predictions=[1.0, 3.0])
    found = [{"name": name, "mean": 33.0 - place, "std": 0.5} for place, name in enumerate(names)]
    write_json(
        folder.importance_file, {"metric": "rmse", "baseline": 2.5, "num_rows": 200, "repeats": 5, "columns": found}
    )
    figure = drawn("feature_importance", run)
    [axes] = figure.axes
    assert ticks_of(axes) == list(names[:30])
    assert [bar.get_width() for bar in axes.patches][:2] == [33.0, 32.0]
    shown = words_of(figure)
    assert "without 3 more columns: at most 3.000 each, together 6.000 g" in shown
    assert "how much worse rmse becomes when the column is shuffled (g)" in shown
    assert "rmse with nothing shuffled: 2.500 g; 200 rows, 5 shuffles each" in shown


def test_importance_in_accuracy_has_no_unit_and_may_be_below_zero(runs_dir):
    run = table_run(runs_dir, task="binary", class_names=("no", "yes"))
    folder = add_classes(run, targets=[0, 1], probabilities=[[0.8, 0.2], [0.4, 0.6]])
    found = [{"name": "a", "mean": 0.1, "std": 0.01}, {"name": "b", "mean": -0.05, "std": 0.0}]
    document = {"metric": "accuracy", "baseline": 1.0, "num_rows": 1, "repeats": 1, "columns": found}
    write_json(folder.importance_file, document)
    figure = drawn("feature_importance", run)
    assert figure.axes[0].get_xlim()[0] < -0.05
    assert "becomes when the column is shuffled\n" in words_of(figure) + "\n"
    assert "1 row, 1 shuffle each" in words_of(figure)


def test_importances_of_other_columns_or_metrics_are_not_laid_over_each_other(runs_dir):
    runs = [complete_table_run(runs_dir) for _ in range(3)]
    add_importance(evaluation_of(runs[1]), metric="mae")
    add_importance(evaluation_of(runs[2]), columns=COLUMNS[1:])
    with pytest.raises(NothingToDraw, match="in different metrics"):
        drawn("feature_importance", runs[0], runs[1])
    with pytest.raises(NothingToDraw, match="have different columns"):
        drawn("feature_importance", runs[0], runs[2])


# --- rows as examples ------------------------------------------------------------------------------------------


def test_the_largest_errors_stand_with_their_rows(runs_dir):
    run = table_run(runs_dir, columns=("a", "b"))
    rows = [{"a": "1.5", "b": "Dream"}, {"a": "", "b": "Biscoe"}, {"a": "3", "b": "Dream"}]
    folder = add_numbers(run, targets=[10.0, 20.0, 30.0], predictions=[11.0, 17.0, 30.0], rows=rows)
    add_importance(folder, columns=("b", "a"))
    figure = drawn("worst", run)
    [axes] = figure.axes
    cells = {text.get_text(): text for text in axes.texts}
    shown = [text.get_text() for text in axes.texts]
    assert shown[:3] == ["predicted 17.00 g", "predicted 11.00 g", "predicted 30.00 g"]
    assert "error -3.000 g" in cells
    assert "error +1.000 g" in cells
    assert "penguins.csv row 2" in cells
    assert shown.index("b") < shown.index("a")
    assert cells["missing"].get_color() == GREY
    assert cells["1.5"].get_ha() == "right"
    assert cells["Biscoe"].get_ha() == "left"
    assert "the 3 largest errors (test)" in words_of(figure)


def test_rows_answered_wrongly_are_told_from_those_answered_rightly(runs_dir):
    run = table_run(runs_dir, task="binary", class_names=("no", "yes"))
    add_classes(run, targets=[0, 1], probabilities=[[0.2, 0.8], [0.1, 0.9]])
    figure = drawn("top_losses", run)
    shown = words_of(figure)
    assert "✗ yes, 80%" in shown
    assert "✓ yes, 90%" in shown
    from matplotlib.colors import to_hex

    assert [to_hex(bar.get_facecolor()).upper() for bar in figure.axes[0].patches] == [WRONG, RIGHT]
    assert "true no" in words_of(drawn("predictions", run))


def test_an_example_without_a_label_is_said_to_have_none(runs_dir):
    run = table_run(runs_dir, task="multilabel", class_names=("red", "green"))
    add_labels(run, targets=[[0, 0], [1, 1]], probabilities=[[0.1, 0.9], [0.8, 0.7]])
    for kind in ("top_losses", "predictions"):
        shown = words_of(drawn(kind, run))
        assert "true no label" in shown
        assert "red|green" in shown


def test_of_very_many_columns_those_that_fit_are_shown(runs_dir):
    names = [f"a column called {place}" for place in range(60)]
    rows = some_rows(50, columns=names)
    with styled():
        figure = draw_table(rows, [Caption(("answer",))] * 50, names=[f"row {place}" for place in range(50)], title="t")
        canvas = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(canvas) for text in figure.axes[0].texts if text.get_text()]
    shown = words_of(figure)
    assert re.search(
        r"^([3-9]|1\d) of 60 columns; all of them are in the JSON file of this picture", shown, re.MULTILINE
    )
    assert "and 10 more rows, in the JSON file of this picture" in shown
    assert figure.get_figwidth() <= table_rows.WIDEST
    assert max(box.x1 for box in boxes) <= figure.bbox.x1
    assert min(box.y0 for box in boxes) >= 0


def test_no_two_texts_of_a_table_overlap(runs_dir):
    run = table_run(runs_dir, columns=("a name that is far too long to stand above any column", "猫", "x" * 70, "b"))
    add_numbers(run, targets=np.arange(9.0), predictions=np.zeros(9))
    with styled():
        figure = drawn("worst", run)
        canvas = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(canvas).shrunk(0.98, 0.9) for text in figure.axes[0].texts if text.get_text()]
    assert not [(one, other) for place, one in enumerate(boxes) for other in boxes[:place] if one.overlaps(other)]


def test_training_rows_stand_with_what_is_to_be_predicted(runs_dir):
    run = table_run(runs_dir)
    rows = [{"bill": 39.0, "island": "Dream"}, {"bill": None, "island": None}]
    write_json(run.plot_data / "samples.json", {"rows": rows, "labels": ["3750 g", "4100 g"]})
    shown = words_of(drawn("samples", run)).splitlines()
    assert {"3750 g", "39", "Dream", "missing"} <= set(shown)
    assert f"{run.name}: training rows, with what is to be predicted" in shown


# --- before training -------------------------------------------------------------------------------------------


def test_missing_values_are_shown_for_the_columns_that_have_any(runs_dir):
    run = table_run(runs_dir)
    columns = [
        number_column("whole", train=np.arange(90), validation=np.arange(10)),
        number_column("some", train=np.arange(80), validation=np.arange(9), missing=(20, 1)),
        date_column("day", count=(100, 10), missing=(50, 0)),
    ]
    add_columns(run, columns)
    numbers = numbers_of("missing_values", run)
    assert [column["name"] for column in numbers["columns"]] == ["day", "some"]
    assert numbers["columns"][1]["splits"] == {
        "train": {"count": 100, "missing": 20},
        "validation": {"count": 10, "missing": 1},
    }
    figure = drawn("missing_values", run)
    [axes] = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [50.0, 20.0, 0.0, 10.0]
    shown = words_of(figure)
    assert "missing values, in 2 of 3 columns" in shown
    assert "20 % (20)" in shown
    assert "train, 100 rows" in shown


def test_where_no_value_is_missing_there_is_nothing_to_draw(runs_dir):
    run = table_run(runs_dir)
    add_columns(run, [number_column("whole", train=np.arange(9), validation=np.arange(3))])
    with pytest.raises(NothingToDraw, match="no value is missing in 1 column"):
        drawn("missing_values", run)


def test_values_of_the_columns_are_shares_of_each_split(runs_dir):
    run = table_run(runs_dir)
    columns = [
        number_column("bill", train=[0.0, 0.0, 0.0, 1.0], validation=[1.0, 1.0], num_bins=2),
        category_column("island", values=["Dream", "Biscoe"], train=[3, 1], validation=[1, 1], others=(0, 2)),
        date_column("day"),
    ]
    add_columns(run, columns, target=number_column("g", train=[1.0, 2.0], validation=[1.0], num_bins=2))
    numbers = numbers_of("feature_hist", run)
    assert [column["name"] for column in numbers["columns"]] == ["bill", "island", "target (g)"]
    assert numbers["columns"][0]["counts"] == {"train": [3, 1], "validation": [0, 2]}
    assert numbers["columns"][0]["difference"] == pytest.approx(0.75)
    figure = drawn("feature_hist", run)
    island = figure.axes[1]
    assert ticks_of(island) == ["Dream", "Biscoe", "all others"]
    assert [bar.get_width() for bar in island.patches] == [75.0, 25.0, 0.0, 25.0, 25.0, 50.0]
    train, validation = figure.axes[0].patches
    assert train.get_data().values.tolist() == [75.0, 25.0]
    assert validation.get_data().values.tolist() == [0.0, 100.0]


def test_of_very_many_columns_those_that_differ_most_are_shown(runs_dir):
    run = table_run(runs_dir)
    random = np.random.default_rng(0)
    columns = [
        number_column(f"column {place}", train=random.normal(size=400), validation=random.normal(place, size=100))
        for place in range(30)
    ]
    add_columns(run, columns)
    figure = drawn("feature_hist", run)
    titles = {axes.get_title() for axes in figure.axes if axes.get_title()}
    assert len(titles) == 24
    assert not titles & {"column 0", "column 1"}
    assert "the 24 of 30 in which training and validation differ most" in words_of(figure)


def test_columns_are_drawn_without_a_validation_split(runs_dir):
    run = table_run(runs_dir)
    add_columns(run, [number_column("bill", train=np.arange(40), missing=(3,))])
    for kind in ("missing_values", "feature_hist"):
        shown = words_of(drawn(kind, run))
        assert "train" in shown
        assert "validation" not in shown


def test_examples_with_each_label_are_not_added_up(runs_dir):
    run = table_run(runs_dir, task="multilabel", class_names=("red", "green"))
    counts = {"class_names": ["red", "green"], "splits": {"train": [80, 70], "validation": [9, 8]}}
    write_json(run.plot_data / "class_balance.json", counts)
    figure = drawn("class_balance", run)
    assert [axes.get_title() for axes in figure.axes] == ["train", "validation"]
    assert "examples with each label" in words_of(figure)


# --- folds -----------------------------------------------------------------------------------------------------


def test_folds_stand_with_their_mean_and_deviation(runs_dir):
    run = cross_validation(runs_dir, [{"loss": 2.0, "accuracy": 0.9}, {"loss": 1.0, "accuracy": 0.7}])
    figure = drawn("folds", run)
    accuracy, loss = figure.axes
    assert accuracy.get_title() == "accuracy\n0.8000 ± 0.1414"
    assert loss.get_title() == "loss\n1.500 ± 0.7071"
    marks, mean = accuracy.get_lines()
    assert marks.get_ydata().tolist() == [0.9, 0.7]
    assert mean.get_ydata()[0] == pytest.approx(0.8)
    [band] = accuracy.patches
    assert band.get_y(), band.get_height() == pytest.approx((0.8 - 0.1414, 0.2828), abs=1e-3)
    assert "cross-validation, 2 folds" in words_of(figure)


def test_a_single_fold_has_no_deviation(runs_dir):
    figure = drawn("folds", cross_validation(runs_dir, [{"accuracy": 0.9}]))
    assert figure.axes[0].get_title() == "accuracy\n0.9000"
    assert [tick for tick in figure.axes[0].get_xticks() if 0.5 < tick < 1.5] == [1]


def test_simple_models_are_told_beside_the_folds_and_drawn_where_they_are_near(runs_dir):
    baselines = {
        "logistic regression": {"mean": {"accuracy": 0.95}, "std": {"accuracy": 0.1}},
        "most frequent class": {"mean": {"accuracy": 0.2}, "std": {"accuracy": 0.0}},
    }
    run = cross_validation(runs_dir, [{"accuracy": 0.9}, {"accuracy": 1.0}], baselines=baselines)
    figure = drawn("folds", run)
    assert figure.axes[0].get_title().splitlines()[2:] == ["logistic regression: 0.9500", "most frequent class: 0.2000"]
    assert [line.get_label() for line in figure.axes[0].get_lines()][2:] == ["logistic regression"]
    assert figure.axes[0].get_ylim()[0] > 0.5


def test_cross_validations_share_the_metrics_that_both_have(runs_dir):
    one, other = (cross_validation(runs_dir, [{name: 0.5, "accuracy": 0.9}] * 2) for name in ("a", "b"))
    assert [axes.get_title().partition("\n")[0] for axes in drawn("folds", one, other).axes] == ["accuracy"]
    third = cross_validation(runs_dir, [{"c": 0.5}], metric="c")
    with pytest.raises(NothingToDraw, match="no metric that all folds have"):
        drawn("folds", one, third)


def test_of_many_metrics_of_folds_the_most_telling_are_drawn_in_their_unit(runs_dir):
    names = ("macro_precision", "macro_f1", "weighted_f1", "rmse", "top_5_accuracy", "a", "b", "c", "accuracy")
    run = cross_validation(runs_dir, [dict.fromkeys(names, 0.5)] * 2)
    write_json(run.fold(1).signature_file, run.signature)
    titles = [axes.get_title().partition("\n")[0] for axes in drawn("folds", run).axes]
    assert titles == ["accuracy", "macro_f1", "rmse (g)", "a", "b", "c"]


def test_a_cross_validation_shows_its_folds_and_says_where_the_rest_is(runs_dir):
    run = cross_validation(runs_dir)
    picture = Drawn("folds", path=run.plots / "folds.png")
    assert draw_figures([run], DrawRequest()) == [picture]
    reason = f"{run.name} is a cross-validation; name a run of it: aimodels plot {run.name}/folds/1"
    assert draw_figures([run], DrawRequest(kinds=("folds", "roc"))) == [picture, Drawn("roc", skipped=reason)]


def test_a_cross_validation_without_a_fold_has_nothing_to_draw(runs_dir):
    run = table_run(runs_dir)
    add_folds(run, some_folds(1))
    document = json.loads(run.folds_file.read_text()) | {"folds": []}
    write_json(run.folds_file, document)
    with pytest.raises(NothingToDraw, match="no fold of the cross-validation was measured"):
        drawn("folds", run)


# --- which figures fit which task ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OF_CLASSES)
def test_figures_of_classes_are_left_out_for_numbers(runs_dir, kind):
    run = complete_table_run(runs_dir)
    [one] = draw_figures([run], DrawRequest(kinds=(kind,)))
    assert one == Drawn(kind, skipped="the run predicts a number; this is for classes")


@pytest.mark.parametrize("kind", OF_NUMBERS)
def test_figures_of_numbers_are_left_out_for_classes(runs_dir, kind):
    run = complete_table_run(runs_dir, task="binary", class_names=("no", "yes"))
    [one] = draw_figures([run], DrawRequest(kinds=(kind,)))
    assert one == Drawn(kind, skipped="the run predicts classes; this is for a predicted number")


@pytest.mark.parametrize("kind", OF_ONE_CLASS)
def test_figures_of_one_class_are_left_out_for_several_labels(runs_dir, kind):
    run = complete_table_run(runs_dir, task="multilabel", class_names=("red", "green"))
    [one] = draw_figures([run], DrawRequest(kinds=(kind,)))
    assert one == Drawn(kind, skipped="an example may have several labels; this is for one class per example")


# --- labels and thresholds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_classes", [2, 5])
def test_curves_of_labels_have_the_areas_of_the_report(runs_dir, num_classes):
    names = tuple(f"label {k}" for k in range(num_classes))
    run = complete_table_run(runs_dir, task="multilabel", class_names=names)
    report = evaluation_of(run).report
    for kind, area, metric in (("roc", "AUC", "roc_auc"), ("pr", "AP", "pr_auc")):
        figure = drawn(kind, run)
        shown = words_of(figure)
        assert f"macro average ({area} {report['metrics'][metric]:.4f})" in shown
        for row in report["per_class"]:
            assert f"{row['name']} ({area} {row[metric]:.4f})" in shown
        assert ", each label (test)" in shown
    assert ticks_of(drawn("per_class", run).axes[0])[0] == f"label 0  ({report['per_class'][0]['support']})"


def test_a_label_that_all_examples_have_has_no_curve(runs_dir):
    run = table_run(runs_dir, task="multilabel", class_names=("always", "sometimes"))
    targets, probabilities = labels_answered(40, num_classes=2)
    targets[:, 0] = 1
    add_labels(run, targets=targets, probabilities=probabilities)
    assert list(numbers_of("roc", run)["curves"]) == ["sometimes"]
    targets[:, 1] = 0
    add_labels(run, targets=targets, probabilities=probabilities)
    with pytest.raises(NothingToDraw, match="of the same class or labels"):
        drawn("roc", run)


def test_the_threshold_of_the_run_is_marked_and_told(runs_dir):
    run = table_run(runs_dir, task="binary", class_names=("no", "yes"))
    yes = np.array([0.1, 0.3, 0.35, 0.6, 0.9])
    add_classes(run, targets=[0, 0, 1, 1, 1], probabilities=np.stack([1 - yes, yes], axis=1), threshold=0.3)
    numbers = numbers_of("threshold", run)
    assert numbers["own"]["threshold"] == 0.3
    assert numbers["own"]["recall"] == 1.0
    assert "F1 at 0.3000, the threshold of the run: " in words_of(drawn("threshold", run))
    assert numbers_of("confusion_matrix", run)["matrix"] == [[1, 1], [0, 3]]
    assert drawn("confusion_matrix", run).axes[0].get_xlabel() == "predicted class\nyes from a probability of 0.3000 on"


def test_the_usual_threshold_goes_without_saying(runs_dir):
    run = complete_table_run(runs_dir, task="binary", class_names=("no", "yes"))
    assert drawn("confusion_matrix", run).axes[0].get_xlabel() == "predicted class"


# --- history ---------------------------------------------------------------------------------------------------


def test_curves_have_the_unit_of_the_target_where_they_are_in_it(runs_dir):
    run = table_run(runs_dir)
    run.add_epoch({"loss": 1.0, "mae": 300.0, "r2": 0.1, "val_loss": 1.1, "val_mae": 310.0, "val_r2": 0.1}, epoch=1)
    assert [axes.get_ylabel() for axes in drawn("history", run).axes] == ["loss", "mae (g)", "r2"]


def test_curves_of_very_different_size_are_on_a_logarithmic_axis(runs_dir):
    run = table_run(runs_dir)
    for epoch in range(1, 11):
        metrics = {"loss": 0.1 / epoch, "mae": 300.0 / epoch, "val_loss": 1e5 / epoch, "val_mae": 310.0}
        run.add_epoch(metrics, epoch=epoch)
    scales = {axes.get_ylabel(): axes.get_yscale() for axes in drawn("history", run).axes}
    assert scales == {"loss": "log", "mae (g)": "linear"}


def test_a_curve_that_falls_from_very_high_is_on_a_logarithmic_axis_unless_it_goes_below_zero(runs_dir):
    run = table_run(runs_dir)
    for epoch in range(1, 11):
        run.add_epoch({"loss": 1e6 if epoch == 1 else 1.0 / epoch, "r2": -1e6 if epoch == 1 else 0.9}, epoch=epoch)
    scales = {axes.get_ylabel(): axes.get_yscale() for axes in drawn("history", run).axes}
    assert scales == {"loss": "log", "r2": "linear"}


def test_usual_curves_stay_on_a_linear_axis(runs_dir):
    run = table_run(runs_dir)
    add_history(run, epochs=40)
    figure = drawn("history", run, options=CurveOptions(metrics=("loss", "accuracy")))
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "linear"]


# --- extremes --------------------------------------------------------------------------------------------------

HOSTILE = ("_hidden", r"$\price of $10", "two\nlines", "x" * 90, "a name that is far too long to stand on any axis")
TARGETS = np.random.default_rng(0).normal(4200, 800, size=60)


@pytest.mark.parametrize(
    ("targets", "predictions"),
    [
        ([5.0], [5.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]),
        ([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]),
        (TARGETS, TARGETS),
        (TARGETS, np.full(60, 4200.0)),
        (TARGETS, [4e12, *TARGETS[1:]]),
        (TARGETS * 1e-12, TARGETS[::-1] * 1e-12),
        (np.tile(TARGETS, 50), np.full(3000, 4200.0)),
        (np.zeros(3000), np.zeros(3000)),
    ],
    ids=["one", "zero", "equal-predictions", "equal-targets", "perfect", "mean", "outlier", "tiny", "line", "point"],
)
def test_every_figure_takes_any_numbers(runs_dir, targets, predictions):
    run = predicting(runs_dir, targets=targets, predictions=predictions, unit="a unit with a very long name")
    for kind in (*OF_NUMBERS, "predictions"):
        assert run.name in words_of(drawn(kind, run))


def test_every_figure_takes_any_names_of_columns(runs_dir):
    run = table_run(runs_dir, columns=HOSTILE)
    folder = add_numbers(run, targets=[1.0, 2.0], predictions=[1.0, 3.0])
    add_importance(folder, columns=HOSTILE)
    add_by_feature(folder, columns=HOSTILE)
    columns = [number_column(name, train=np.arange(9), validation=[], missing=(1, 4)) for name in HOSTILE[1:]]
    columns.append(category_column(HOSTILE[0], values=HOSTILE, train=[1] * 5, validation=[0] * 5))
    add_columns(run, columns)
    for kind in ("error_by_feature", "feature_importance", "missing_values", "feature_hist", "worst"):
        assert run.name in words_of(drawn(kind, run))


def test_a_column_of_one_value_or_of_none_is_drawn(runs_dir):
    run = table_run(runs_dir)
    none = number_column("none", train=[], validation=[], missing=(9, 1))
    one = number_column("one", train=[5.0] * 9, validation=[5.0], num_bins=1)
    one["splits"]["train"]["edges"] = one["splits"]["validation"]["edges"] = [5.0, 5.0]
    no_value = category_column("no value", values=[], train=[], validation=[], missing=(9, 1))
    add_columns(run, [none, one, no_value])
    shown = words_of(drawn("feature_hist", run))
    assert shown.count("all values are missing") == 2


def test_errors_of_zero_leave_empty_bars(runs_dir):
    run = table_run(runs_dir, columns=("a",))
    folder = add_numbers(run, targets=[1.0], predictions=[1.0])
    bins = {"name": "a", "kind": "number", "labels": ["1"], "counts": [1], "errors": [0.0]}
    write_json(folder.by_feature_file, {"error": "absolute error", "columns": [bins]})
    add_importance(folder, columns=("a",))
    assert drawn("error_by_feature", run).axes[0].get_xlim() == (0, 1)
    write_json(folder.by_feature_file, {"error": "absolute error", "columns": []})
    with pytest.raises(NothingToDraw, match="no column whose values could be put into bins"):
        drawn("error_by_feature", run)


def test_the_answers_are_read_once_for_all_figures_and_again_when_they_are_drawn_again(runs_dir, monkeypatch):
    run, reads = complete_table_run(runs_dir), []

    def counted(path, **task):
        reads.append(path)
        return read_predictions(path, **task)

    monkeypatch.setattr("aimodels.runs.evaluations.read_predictions", counted)
    draw_figures([run], DrawRequest(kinds=("pred_vs_true", "residuals", "residual_hist")))
    assert len(reads) == 1
    add_numbers(run, targets=[1.0, 2.0], predictions=[1.0, 2.0])
    draw_figures([run], DrawRequest(kinds=("pred_vs_true",)))
    assert len(reads) == 2
    document = json.loads((evaluation_of(run).plot_data / "pred_vs_true.json").read_text())
    assert document["cloud"]["x"] == [1.0, 2.0]


def test_equal_numbers_give_equal_bytes(runs_dir, tmp_path):
    run = complete_table_run(runs_dir)
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        made = draw_figures([run], DrawRequest(kinds=(*OF_NUMBERS, "error_by_feature", "feature_hist"), folder=folder))
        contents.append([one.path.read_bytes() for one in made])
    assert contents[0] == contents[1]
