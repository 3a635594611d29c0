"""What follows a training: pictures, the threshold, the scores on the validation split; and what is told of them."""

import signal

import pytest
from fake_runs import IMAGE, TABLE, add_history, run_folder

from aimodels.cli.summary import run_document, summary
from aimodels.cli.training import completing, finish_training, raise_if_interrupted
from aimodels.errors import Interrupted
from aimodels.runs.atomic import write_json
from aimodels.runs.status import is_unfinished

THRESHOLD = {"value": 0.3125, "metric": "balanced_accuracy", "on": "validation", "score": 0.87654}
BASELINES = {"line": "accuracy 97.1 % · most frequent class 43.8 %", "hint": ""}


@pytest.fixture
def done(monkeypatch):
    """What is done, in order, in place of doing it."""
    done = []

    def draw(runs, request):
        done.append(("draw", request.split or "training", request.kinds if request.split else ()))

    def evaluate(run, request):
        done.append(("evaluate", request.split, request.importance))

    monkeypatch.setattr("aimodels.drawing.draw_figures", draw)
    monkeypatch.setattr("aimodels.evaluation.evaluate.evaluate", evaluate)
    monkeypatch.setattr("aimodels.evaluation.threshold_choice.choose_threshold", lambda run: done.append("threshold"))
    return done


def trained(runs_dir, *, splits=("train", "validation"), **facts):
    run = run_folder(runs_dir, **facts)
    run.checkpoints.mkdir()
    run.checkpoint("best").touch()
    run.update(num_examples=dict.fromkeys(splits, 10))
    return run


DRAW = ("draw", "training", ())
EVALUATE = ("evaluate", "validation", False)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"input": IMAGE}, "confusion_matrix"),
        ({"input": TABLE}, "confusion_matrix"),
        ({"input": TABLE, "task": "regression", "class_names": ()}, "pred_vs_true"),
        ({"input": TABLE, "task": "multilabel"}, "per_class"),
    ],
)
def test_the_threshold_comes_before_the_scores_and_these_before_their_picture(runs_dir, done, facts, kind):
    finish_training(trained(runs_dir, **facts), plots=True)
    assert done == [DRAW, "threshold", EVALUATE, ("draw", "validation", (kind,))]


def test_without_pictures_the_threshold_is_chosen_and_tables_are_measured(runs_dir, done):
    finish_training(trained(runs_dir, input=TABLE), plots=False)
    finish_training(trained(runs_dir, input=IMAGE), plots=False)
    assert done == ["threshold", EVALUATE, "threshold"]


def test_without_a_validation_split_only_the_training_is_drawn(runs_dir, done):
    finish_training(trained(runs_dir, splits=("train",), input=TABLE), plots=True)
    assert done == [DRAW, "threshold"]


def test_nothing_follows_a_training_without_a_checkpoint(runs_dir, done):
    run = trained(runs_dir)
    run.checkpoint("best").unlink()
    finish_training(run, plots=True)
    assert done == []


def finished(runs_dir, *, baselines=BASELINES):
    run = trained(runs_dir, input=TABLE)
    add_history(run)
    run.update(status="finished", seconds=3.0, monitor="val_loss", epochs_done=10, threshold=THRESHOLD)
    folder = run.evaluation("validation")
    folder.mkdir(parents=True)
    write_json(folder / "report.json", {"class_names": [], "baselines": baselines})
    return run


def test_the_summary_has_the_threshold_and_the_comparison(runs_dir):
    lines = summary(finished(runs_dir), width=80).splitlines()
    assert "  threshold 0.3125   the best balanced accuracy on validation: 0.8765" in lines
    assert "  compared  on validation: accuracy 97.1 % · most frequent class 43.8 %" in lines
    assert not [line for line in lines if "hint" in line]


def test_a_hint_stands_below_the_comparison(runs_dir):
    lines = summary(finished(runs_dir, baselines=BASELINES | {"hint": "train longer"}), width=80).splitlines()
    place = lines.index("  compared  on validation: accuracy 97.1 % · most frequent class 43.8 %")
    assert lines[place + 1] == "            hint: train longer"


def test_a_long_comparison_goes_on_below(runs_dir):
    line = "accuracy 97.1 % · most frequent class 43.8 % · logistic regression 96.0 % (scikit-learn, 300 training rows)"
    run = finished(runs_dir, baselines={"line": line, "hint": "train longer, " * 10})
    lines = summary(run, width=80).splitlines()
    assert [told for told in lines if len(told) > 80 and not told.startswith("  run ")] == []
    place = lines.index("  compared  on validation: accuracy 97.1 % · most frequent class 43.8 % ·")
    assert lines[place + 1] == f"{' ' * 12}logistic regression 96.0 % (scikit-learn, 300 training rows)"
    assert lines[place + 2].startswith(f"{' ' * 12}hint: train longer")
    assert lines[place + 3].startswith(f"{' ' * 12}longer, train")
    assert f"on validation: {line}\n" in summary(run, width=200)


def test_huge_numbers_do_not_run_into_each_other(runs_dir):
    run = finished(runs_dir)
    document = run.metrics()
    values = {"mae": 2.27872e17, "val_mae": 2.6331e17}
    write_json(run.metrics_file, document | {"best": document["best"] | {"all": values}})
    assert "  mae         2.27872e+17   2.6331e+17" in summary(run, width=80)


def test_the_document_has_them_too(runs_dir):
    document = run_document(finished(runs_dir))
    assert (document["threshold"], document["baselines"]) == (THRESHOLD, BASELINES)


def test_a_run_without_them_says_nothing_of_them(runs_dir):
    run = trained(runs_dir)
    assert not {"threshold", "baselines"} & run_document(run).keys()
    assert "compared" not in summary(run, width=80)


@pytest.fixture
def ctrl_c():
    """What a program on a terminal does on Ctrl-C; one in the background of a script takes no notice of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_after_training_can_do_the_rest(runs_dir, number, exit_code):
    run = trained(runs_dir)
    with pytest.raises(Interrupted, match=f"{number.name} after training") as caught, completing(run):
        signal.raise_signal(number)
    assert caught.value.exit_code == exit_code
    assert f"--resume {run.name}" in caught.value.help
    facts = run.facts()
    assert (facts["status"], facts["signal_number"]) == ("interrupted", number)
    assert is_unfinished(facts)


@pytest.mark.parametrize(
    ("facts", "when"),
    [
        ({"epochs_done": 0, "fraction": 0.0}, "before epoch 1"),
        ({"epochs_done": 4, "fraction": 0.0}, "after epoch 4"),
        ({"epochs_done": 4, "fraction": 0.266}, "in epoch 5 at 27 %"),
        ({"epochs_done": 4, "fraction": 1.0}, "in epoch 5, trained and not yet measured"),
    ],
)
def test_where_a_run_was_stopped_is_told(runs_dir, facts, when):
    run = trained(runs_dir)
    run.update(status="interrupted", reason="interrupted by SIGINT", signal_number=2, **facts)
    with pytest.raises(Interrupted) as caught:
        raise_if_interrupted(run)
    assert caught.value.message == f"interrupted by SIGINT {when}; {run.name} is saved"
