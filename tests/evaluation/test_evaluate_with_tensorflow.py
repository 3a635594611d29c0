"""Texts of a folder, asked of a real network: what it read of them is what the evaluation says."""

import json

import pytest

from aimodels.evaluation.evaluate import EvaluationRequest, evaluate
from aimodels.runs.atomic import write_json

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def run(runs_dir):
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow()

    from text_runs import MAX_LENGTH, untrained_text_run

    run = untrained_text_run(runs_dir)
    run.update(words={"vocabulary": 30, "max_length": MAX_LENGTH, "keep": "start"})
    write_json(run.metrics_file, {"best": None, "last": None})
    return run


@pytest.fixture
def folder(tmp_path):
    """Texts of 3, 20, 0 and 2 words, of which the vocabulary has 2, 20, 0 and 0."""
    folder = tmp_path / "new reviews"
    for name, text in [
        ("neg/1", "a wonderful zebra"),
        ("neg/2", "good " * 20),
        ("pos/1", ""),
        ("pos/2", "Zwei Zebras!"),
    ]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_words_are_counted_as_the_network_reads_them(run, folder):
    evaluation = evaluate(run, EvaluationRequest(data=folder, top_losses=2))
    report = json.loads((run.evaluation("data-new_reviews") / "report.json").read_text())
    assert report["words"] == {
        "texts": 4,
        "words": 3 + 12 + 1 + 2,
        "unknown": 1 + 0 + 1 + 2,
        "cut": 1,
        "without_words": 1,
        "max_length": 12,
        "keep": "start",
        "unit": "words",
    }
    rows = evaluation.folder.predictions
    assert rows.num_tokens.tolist() == [3, 20, 0, 2]
    assert [name.rpartition("/")[2] for name in rows.examples] == ["1.txt", "2.txt", "1.txt", "2.txt"]
    assert len(evaluation.folder.examples["top_losses"]["texts"]) == 2
