"""What does not suit the data is found by `check`, before anything is built and without TensorFlow."""

from pathlib import Path

import pytest

from aimodels.cli import main

TEXTS = "data: {name: imdb, source: sample, limit: 50}\nmodel: {name: lstm}\n"
IMAGES = "data: {name: mnist, source: sample, limit: 50}\nmodel: {name: mlp}\n"


@pytest.mark.parametrize(
    ("config", "change", "says"),
    [
        (TEXTS, "model={name: cnn}", 'error[AM306]: the architecture "cnn" takes images, and the data are texts'),
        (IMAGES, "model={name: transformer}", 'error[AM306]: the architecture "transformer" takes texts'),
        (TEXTS, "train.augment={rotate: 0.1}", "error[AM311]: `train.augment` does not fit the data"),
        (IMAGES, "train.augment={word_swap: 0.1}", "error[AM311]: `train.augment` does not fit the data"),
        (IMAGES, "train.batch_size={tokens: 100}", "error[AM311]: `train.batch_size` does not fit the data"),
        (TEXTS, "model.embedding.file=glove.txt", "error[AM201]: no such file or folder: glove.txt"),
    ],
)
def test_what_does_not_suit_the_data_is_refused(
    config: str, change: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("wrong.yaml", "w", encoding="utf-8") as file:
        file.write(config)
    exit_code = main(["check", "wrong.yaml", change])
    told = capsys.readouterr().err
    assert says in told
    assert "Traceback" not in told
    assert exit_code == (3 if "AM201" in says else 2)


def test_pairs_are_for_what_reads_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "said,replied,label\n" + "yes,no,0\nno,yes,1\n" * 10
    Path("pairs.csv").write_text(rows, encoding="utf-8")
    data = "data: {name: text_table, path: pairs.csv, text: said, pair: replied, target: label}\n"
    Path("pairs.yaml").write_text(f"{data}model: {{name: lstm}}\n", encoding="utf-8")
    assert main(["check", "pairs.yaml"]) == 2
    shown = " ".join(capsys.readouterr().err.replace("|", " ").split())
    assert (
        'error[AM306]: the architecture "lstm" takes texts or rows of a table, and the data are pairs of texts' in shown
    )
    assert "bert reads pairs" in shown


def test_what_suits_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with open("right.yaml", "w", encoding="utf-8") as file:
        file.write(TEXTS)
    assert main(["check", "right.yaml"]) == 0
    assert "✓ fit      model and training suit the data; --build also builds the model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("train.class_weights={ned: 2}", "error[AM305]: `train.class_weights` names the class 'ned'"),
        ("train.loss=huber", "error[AM311]: `train.loss` does not fit the data: huber is for numbers"),
        ("train.sampling=over train.batch_size={tokens: 100}", "error[AM311]: `train.sampling` does not fit the data"),
        ("data.validation=0 evaluate.threshold={maximise: f1}", "error[AM311]: `evaluate.threshold` does not fit"),
    ],
)
def test_what_does_not_suit_the_task_is_refused(change: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with open("wrong.yaml", "w", encoding="utf-8") as file:
        file.write(TEXTS)
    changes = change.replace(" train.", "\0train.").replace(" evaluate.", "\0evaluate.").split("\0")
    assert main(["check", "wrong.yaml", *changes]) == 2
    assert says in capsys.readouterr().err
