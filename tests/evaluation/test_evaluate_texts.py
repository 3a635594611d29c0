"""What an evaluation of texts leaves behind besides the scores: lengths, unknown words, cut texts, the hardest."""

import csv
import json

import numpy as np
import pytest
from fake_runs import MAX_LENGTH, TEXT, add_evaluation, answers, run_folder, some_images, some_texts

from aimodels.data.dataset import Texts
from aimodels.runs.evaluations import EvaluationFolder

CLASS_NAMES = ("cat", "dog, the", "eel")
NUM_EXAMPLES = 30
LONG = "word<br />\nand " * 5_000


@pytest.fixture
def text_run(runs_dir):
    return run_folder(runs_dir, stem="texts", class_names=CLASS_NAMES, input=TEXT)


@pytest.fixture
def image_run(runs_dir):
    return run_folder(runs_dir, class_names=CLASS_NAMES)


@pytest.fixture
def images():
    targets, probabilities = answers(NUM_EXAMPLES, num_classes=3)
    return {"examples": some_images(NUM_EXAMPLES), "targets": targets, "probabilities": probabilities}


@pytest.fixture
def texts():
    """The fifth is empty, and the seventh long and answered wrongly with certainty."""
    targets, probabilities = answers(NUM_EXAMPLES, num_classes=3, skill=1.0)
    found = some_texts(NUM_EXAMPLES)
    strings = (*found.strings[:4], "", found.strings[5], LONG, *found.strings[7:])
    targets[6], probabilities[6] = 0, [0.001, 0.998, 0.001]
    return {"examples": Texts(strings, found.names), "targets": targets, "probabilities": probabilities}


def test_predictions_about_texts_say_how_many_words_they_have(text_run, texts):
    add_evaluation(text_run, **texts)
    with (text_run.path / "eval" / "test" / "predictions.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    probabilities = ["p_cat", "p_dog, the", "p_eel"]
    assert header == ["example", "target", "prediction", "correct", "loss", "num_tokens", *probabilities]
    assert rows[0][0] == "row 1"
    lengths = [len(text.split()) for text in texts["examples"].strings]
    assert [int(row[5]) for row in rows] == lengths
    back = EvaluationFolder(text_run.evaluation("test")).predictions
    assert back.num_tokens.tolist() == lengths
    np.testing.assert_array_equal(back.probabilities, texts["probabilities"])
    np.testing.assert_array_equal(back.targets, texts["targets"])


def test_predictions_about_images_have_no_words(image_run, images):
    add_evaluation(image_run, **images)
    assert EvaluationFolder(image_run.evaluation("test")).predictions.num_tokens is None


def test_the_hardest_texts_are_kept_cut(text_run, texts):
    add_evaluation(text_run, **texts, top_losses=4)
    examples = EvaluationFolder(text_run.evaluation("test")).examples
    kept = examples["top_losses"]
    assert "images" not in kept
    assert kept["examples"][0] == "row 7"
    assert kept["texts"][0] == LONG[:398].rstrip() + "…"
    assert len(kept["texts"]) == len(kept["losses"]) == 4
    assert len(examples["predictions"]["texts"]) == 16


def test_the_report_says_how_the_texts_were_read(text_run, texts):
    evaluation = add_evaluation(text_run, **texts)
    report = json.loads((text_run.path / "eval" / "test" / "report.json").read_text())
    lengths = np.array([len(text.split()) for text in texts["examples"].strings])
    assert report["words"] == {
        "texts": NUM_EXAMPLES,
        "words": int(np.minimum(lengths, MAX_LENGTH).sum()) + 1,  # an empty text is one unknown word
        "unknown": int((np.minimum(lengths, MAX_LENGTH) // 10).sum()),
        "cut": int((lengths > MAX_LENGTH).sum()),
        "without_words": 1,
        "max_length": MAX_LENGTH,
        "keep": "start",
        "unit": "words",
    }
    text = (text_run.path / "eval" / "test" / "report.txt").read_text()
    assert str(evaluation.words) in text
    assert f"cut to {MAX_LENGTH} words, of which the start is kept" in text
    assert "texts without a word: 1" in text


def test_the_report_lists_the_hardest_texts_one_line_each(text_run, texts):
    add_evaluation(text_run, **texts, top_losses=3)
    *_, title, header, first, _, _ = (text_run.path / "eval" / "test" / "report.txt").read_text().splitlines()
    assert title == "hardest texts"
    assert header.split() == ["loss", "true", "answer", "probability", "example", "text"]
    assert first.startswith("6.908  cat")
    assert "dog, the       99.80%  row 7    word and word and" in first
    assert first.endswith("…")
    assert len(first) <= 120


def test_a_report_about_images_has_no_words(image_run, images):
    evaluation = add_evaluation(image_run, **images)
    assert evaluation.words is None
    assert "words" not in json.loads((image_run.path / "eval" / "test" / "report.json").read_text())
    assert "hardest" not in (image_run.path / "eval" / "test" / "report.txt").read_text()


def test_texts_that_no_file_could_hold_are_written_all_the_same(text_run, texts):
    strings = ("half \ud800 a pair \x1b[31m\x00", *texts["examples"].strings[1:])
    add_evaluation(text_run, **(texts | {"examples": Texts(strings)}), top_losses=NUM_EXAMPLES)
    report = (text_run.path / "eval" / "test" / "report.txt").read_text()
    assert "half � a pair �[31m�" in report
    assert "half � a pair" in json.dumps(EvaluationFolder(text_run.evaluation("test")).examples, ensure_ascii=False)
