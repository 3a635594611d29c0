"""Cross-validations on disk as they are left behind, written without training."""

import csv
from pathlib import Path

import numpy as np
from written_runs import written_run

from aimodels.cross_validation.results import scores_of, write_folds, write_metrics, write_out_of_fold
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import CROSS_VALIDATION, FOLDS, RunFolder

SECONDS = 2.5


def written_cross_validation(runs_dir: Path, *, accuracies=(0.5, 0.75, 1.0), of=3, stem="mnist", **facts) -> RunFolder:
    """A cross-validation whose first folds were scored so, each on two examples."""
    run = written_run(runs_dir, stem=stem, overrides=[f"train.folds={of}"], accuracies=())
    for path in (run.checkpoints, run.signature_file):
        path.rmdir() if path.is_dir() else path.unlink()
    run.folds.mkdir()
    planned = {"kind": CROSS_VALIDATION, "folds_planned": of, "folds_done": len(accuracies), "jobs": 2}
    status = "finished" if len(accuracies) == of else "interrupted"
    run.update(**planned, monitor=None, mode=None, status=status, epochs_planned=None, epochs_done=None)
    for number, accuracy in enumerate(accuracies, start=1):
        written_fold(run, number=number, accuracy=accuracy)
    scores = [scores_of(run, number=number, seconds=SECONDS) for number in range(1, len(accuracies) + 1)]
    document = write_folds(run, scores)
    if scores:
        write_metrics(run, document)
        run.update(monitor="test_accuracy", mode="max", best={"epoch": None, "value": document["mean"]["accuracy"]})
    if len(accuracies) == of:
        write_out_of_fold(run, np.tile(np.arange(1, of + 1), 2))
    run.update(**facts)
    return run


def written_fold(run: RunFolder, *, number: int, accuracy: float) -> RunFolder:
    """One of its runs, with an evaluation."""
    fold = written_run(run.path.parent, stem="fold", accuracies=(accuracy,))
    fold.path.rename(run.folds / str(number))
    (run.path.parent / "latest").unlink()
    run.become_latest(run.path.parent)
    fold = run.fold(number)
    assert fold.name == f"{run.name}/{FOLDS}/{number}"
    predicted = {"task": "binary", "class_names": ["a", "b"], "unit": None}
    write_json(fold.signature_file, {"input": {"kind": "image"}, **predicted})
    metrics = {"accuracy": accuracy, "log_loss": 1 - accuracy}
    write_json(fold.metrics_file, fold.metrics() | {"evaluations": {"test": {"num_examples": 2, "all": metrics}}})
    folder = fold.evaluation("test")
    folder.mkdir(parents=True)
    trivial = {"name": "most frequent class", "scores": {"accuracy": accuracy / 2}, "reason": ""}
    linear = {"name": "logistic regression", "scores": None, "reason": "not fitted"}
    write_json(folder / "report.json", {"class_names": ["a", "b"], "baselines": {"trivial": trivial, "linear": linear}})
    with (folder / "predictions.csv").open("w", newline="") as file:
        rows = [["example", "prediction"], ["test[0]", f"first of {number}"], ["named", f"second of {number}"]]
        csv.writer(file, lineterminator="\n").writerows(rows)
    return fold
