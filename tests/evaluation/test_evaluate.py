"""An evaluation leaves whole, consistent files behind, and refuses what it cannot measure."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from fake_runs import TEXT, FakePredictor, add_evaluation, answers, complete_run, run_folder, some_texts

from aimodels import discovery
from aimodels.config.schema import DatasetOptions
from aimodels.data.dataset import Dataset, ImageFiles, ImageInput, Provenance, Split, Target, TextInput, Texts
from aimodels.data.thumbnails import decode
from aimodels.errors import FailedError, MissingError, UsageError
from aimodels.evaluation import evaluate as evaluating
from aimodels.evaluation.evaluate import EvaluationRequest, evaluate
from aimodels.runs.evaluations import EvaluationFolder, evaluations

CLASS_NAMES = ("cat", "dog, the", "eel")
NUM_EXAMPLES = 30


@pytest.fixture
def run(runs_dir):
    return run_folder(runs_dir, class_names=CLASS_NAMES)


@pytest.fixture
def case():
    targets, probabilities = answers(NUM_EXAMPLES, num_classes=3, skill=1.0)
    images = np.arange(NUM_EXAMPLES * 64, dtype=np.uint8).reshape(NUM_EXAMPLES, 8, 8, 1)
    return {"examples": images, "targets": targets, "probabilities": probabilities}


def test_the_report_says_what_was_measured(run, case):
    evaluation = add_evaluation(run, **case)
    report = json.loads((run.path / "eval" / "test" / "report.json").read_text())
    accuracy = (case["probabilities"].argmax(axis=1) == case["targets"]).mean()
    assert report["metrics"]["accuracy"] == pytest.approx(accuracy)
    assert (report["split"], report["checkpoint"], report["num_examples"]) == ("test", "best", NUM_EXAMPLES)
    assert report["data_fingerprint"] == "abc123"
    text = (run.path / "eval" / "test" / "report.txt").read_text()
    assert f"accuracy            {accuracy:.4f}" in text
    assert "dog, the" in text
    assert sorted(evaluation.files.values()) == [
        "eval/test/examples.json",
        "eval/test/predictions.csv",
        "eval/test/report.json",
        "eval/test/report.txt",
    ]


def test_predictions_come_back_as_they_were_answered(run, case):
    add_evaluation(run, **case)
    with (run.path / "eval" / "test" / "predictions.csv").open(newline="") as file:
        header, first, *_ = csv.reader(file)
    assert header == ["example", "target", "prediction", "correct", "loss", "p_cat", "p_dog, the", "p_eel"]
    assert first[0] == "test[0]"
    assert first[3] == ("true" if first[1] == first[2] else "false")
    back = EvaluationFolder(run.evaluation("test")).predictions
    np.testing.assert_array_equal(back.targets, case["targets"])
    np.testing.assert_array_equal(back.probabilities, case["probabilities"])
    np.testing.assert_array_equal(back.predictions, case["probabilities"].argmax(axis=1))


def test_the_hardest_examples_are_kept_with_their_pictures(run, case):
    add_evaluation(run, **case, top_losses=4)
    kept = EvaluationFolder(run.evaluation("test")).examples["top_losses"]
    order = np.argsort(case["probabilities"][np.arange(NUM_EXAMPLES), case["targets"]])[:4]
    assert kept["examples"] == [f"test[{position}]" for position in order]
    np.testing.assert_array_equal(decode(kept["images"]), case["examples"][order])
    assert kept["losses"] == sorted(kept["losses"], reverse=True)
    assert kept["targets"] == [CLASS_NAMES[target] for target in case["targets"][order]]


def test_no_hardest_examples_are_kept_if_none_are_wanted(run, case):
    add_evaluation(run, **case, top_losses=0)
    assert EvaluationFolder(run.evaluation("test")).examples["top_losses"]["examples"] == []


def test_examples_in_files_are_called_by_their_names_and_decoded(run, case, tmp_path):
    files = ImageFiles(tuple(tmp_path / f"{number}.png" for number in range(NUM_EXAMPLES)))
    add_evaluation(run, **(case | {"examples": files}), top_losses=3)
    kept = EvaluationFolder(run.evaluation("test")).examples["top_losses"]
    numbers = [int(name.rpartition("/")[2].removesuffix(".png")) for name in kept["examples"]]
    assert decode(kept["images"])[:, 0, 0, 0].tolist() == numbers


def test_metrics_keep_what_training_wrote(run, case):
    run.metrics_file.write_text(json.dumps({"best": {"epoch": 3}, "last": {"epoch": 5}}))
    add_evaluation(run, **case)
    add_evaluation(run, **case, name="validation")
    metrics = run.metrics()
    assert (metrics["best"], metrics["last"]) == ({"epoch": 3}, {"epoch": 5})
    assert set(metrics["evaluations"]) == {"test", "validation"}
    assert metrics["evaluations"]["test"]["all"].keys() >= {"accuracy", "log_loss"}


def test_another_checkpoint_does_not_write_over_the_best(run, case):
    add_evaluation(run, **case)
    add_evaluation(run, **case, checkpoint="last")
    assert [folder.name for folder in evaluations(run)] == ["test", "test-last"]


def test_an_evaluation_that_was_cut_off_is_not_whole(run, case, monkeypatch):
    add_evaluation(run, **case)
    monkeypatch.setattr("aimodels.runs.evaluations.write_text", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        add_evaluation(run, **case)
    assert evaluations(run) == ()


def test_answers_that_are_not_finite_are_refused(run, case):
    case["probabilities"][4, 1] = np.nan
    with pytest.raises(FailedError, match="answers 1 of 30 examples with probabilities that are not finite") as caught:
        add_evaluation(run, **case)
    assert caught.value.code == "AM516"
    assert not run.evaluation("test").exists()


# --- which examples --------------------------------------------------------------------------------------------


class PathOptions(DatasetOptions):
    path: str = "there"
    test: float = 0.1


class TextOptions(DatasetOptions):
    source: str = "auto"
    test: float = 0.1
    on_error: str = "skip"


IMAGES = np.zeros((NUM_EXAMPLES, 8, 8, 1), np.uint8)


def fake_dataset(options, *, class_names=CLASS_NAMES, test=True, fingerprint="abc123", examples=IMAGES):
    targets, _ = answers(NUM_EXAMPLES, num_classes=len(class_names))
    split = Split(name="train", examples=examples, targets=targets)
    return Dataset(
        input=TextInput() if isinstance(examples, Texts) else ImageInput(8, 8, 1),
        target=Target(task="multiclass", class_names=class_names),
        train=split,
        validation=None,
        test=split.take([0, 1, 2], name="test") if test else None,
        provenance=Provenance(description=f"from {getattr(options, 'path', 'memory')}", fingerprint=fingerprint),
    )


@pytest.fixture
def loading(run, monkeypatch):
    """Let the run's dataset be a fake one; gives the options that it was loaded with."""
    run.__dict__["config"] = run.config.model_copy(update={"data": PathOptions(name="fake")})

    def change(**facts):
        seen = []

        def load(options, *, seed):
            seen.append(options)
            return fake_dataset(options, **facts)

        monkeypatch.setattr(discovery, "plugin", lambda folder, name: SimpleNamespace(load=load))
        return seen

    def predictor(run, *, checkpoint, strategy):
        return CountingPredictor()

    monkeypatch.setattr(evaluating, "_predictor", predictor)
    return change


class CountingPredictor(FakePredictor):
    """Answers the first class to every example."""

    def __init__(self):
        super().__init__(np.zeros((0, 3), np.float32), class_names=CLASS_NAMES)

    def answer(self, examples, *, batch_size):
        answer = np.tile(np.array([0.6, 0.3, 0.1], np.float32), (len(examples), 1))
        return FakePredictor(answer, class_names=CLASS_NAMES).answer(examples, batch_size=batch_size)


def test_a_split_of_the_runs_own_data_is_measured(run, loading):
    loading()
    evaluation = evaluate(run, EvaluationRequest())
    assert evaluation.scores.num_examples == 3
    assert evaluation.folder.path == run.evaluation("test")


def test_changed_data_is_refused_with_both_fingerprints(run, loading):
    loading(fingerprint="xyz789")
    with pytest.raises(FailedError, match="was abc123 and is now xyz789") as caught:
        evaluate(run, EvaluationRequest())
    assert caught.value.code == "AM510"


def test_a_missing_split_is_refused_with_those_there_are(run, loading):
    loading(test=False)
    with pytest.raises(MissingError, match="no test split; there is train") as caught:
        evaluate(run, EvaluationRequest())
    assert caught.value.code == "AM511"


def test_other_data_without_splits_is_measured_whole(run, loading, tmp_path):
    seen = loading(test=False, fingerprint="other")
    folder = tmp_path / "new photos!"
    folder.mkdir()
    evaluation = evaluate(run, EvaluationRequest(data=folder))
    assert evaluation.folder.name == "data-new_photos"
    assert evaluation.scores.num_examples == NUM_EXAMPLES
    assert (seen[0].path, seen[0].validation, seen[0].test, seen[0].limit) == (str(folder), 0.0, 0.0, None)


@pytest.mark.parametrize(
    ("class_names", "note"),
    [
        (("cat", "eel"), "missing: dog, the"),
        (("cat", "dog, the", "eel", "fox"), "unknown to the run: fox"),
        (("eel", "dog, the", "cat"), "the same names in another order: eel, dog, the, cat"),
    ],
)
def test_other_classes_are_refused(run, loading, tmp_path, class_names, note):
    loading(class_names=class_names)
    with pytest.raises(FailedError, match="are not those that fake-001 was trained on") as caught:
        evaluate(run, EvaluationRequest(data=tmp_path))
    assert caught.value.code == "AM513"
    assert caught.value.notes == (note,)


def test_other_texts_are_read_by_the_options_of_the_run(runs_dir, loading, monkeypatch, tmp_path):
    run = run_folder(runs_dir, stem="texts", class_names=CLASS_NAMES, input=TEXT)
    run.__dict__["config"] = run.config.model_copy(update={"data": TextOptions(name="fake")})
    seen = loading(examples=some_texts(NUM_EXAMPLES), test=False)
    evaluation = evaluate(run, EvaluationRequest(data=tmp_path / "new reviews.csv.gz"))
    assert evaluation.folder.name == "data-new_reviews"
    assert evaluation.scores.num_examples == evaluation.words.texts == NUM_EXAMPLES
    assert seen[0].model_dump() == {
        "name": "fake",
        "source": str(tmp_path / "new reviews.csv.gz"),
        "on_error": "skip",
        "fold": None,
        "validation": 0.0,
        "test": 0.0,
        "limit": None,
    }


def test_other_data_that_is_not_there_is_told_by_its_option(run, loading, monkeypatch, tmp_path):
    loading()

    def load(options, *, seed):
        raise MissingError(f"no such file: {options.path}", code="AM201", help="correct the path in the `data` section")

    monkeypatch.setattr(discovery, "plugin", lambda folder, name: SimpleNamespace(load=load))
    with pytest.raises(MissingError, match="no such file") as caught:
        evaluate(run, EvaluationRequest(data=tmp_path / "nothing"))
    assert (caught.value.code, caught.value.help) == ("AM201", "correct the path behind --data")


def test_data_without_a_path_cannot_be_replaced(run, loading, tmp_path):
    loading()
    run.__dict__["config"] = run.config.model_copy(update={"data": DatasetOptions(name="fake")})
    with pytest.raises(UsageError, match="cannot be read from a path") as caught:
        evaluate(run, EvaluationRequest(data=tmp_path))
    assert caught.value.code == "AM519"


def test_equal_evaluations_leave_equal_numbers(runs_dir):
    first, second = complete_run(runs_dir), complete_run(runs_dir)
    for name in ("predictions.csv", "examples.json"):
        assert (first.evaluation("test") / name).read_bytes() == (second.evaluation("test") / name).read_bytes()
