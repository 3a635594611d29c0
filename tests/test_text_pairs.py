"""The whole way of pairs of texts, of numbers about texts, and of tables with texts, on the command line."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from aimodels.cli import main

pytestmark = pytest.mark.tensorflow

PAIRS = """
name: pairs
seed: 3
data: {name: text_table, path: pairs.csv, text: question, pair: answer, target: fits, validation: 0.2, test: 0.2}
model:
  name: bert
  encoder: random
  sizes: {vocabulary: 60, positions: 16, blocks: 1, size: 8, heads: 2, feed_forward: 16}
  wordpieces: {max_length: 12}
  pooling: attention
train: {epochs: 2, batch_size: 8, class_weights: balanced, optimizer: {name: adamw, learning_rate: 1e-2}}
"""
NUMBERS = """
name: numbers
seed: 3
data: {name: text_table, path: pairs.csv, text: answer, target: score, unit: stars, validation: 0.2, test: 0.2}
model: {name: lstm, embedding: {size: 4}, units: [4], dense: [], words: {vocabulary: 50, max_length: 8}}
train: {epochs: 2, batch_size: 8}
"""
TABLE = """
name: rows
seed: 3
data: {name: csv, path: pairs.csv, target: fits, validation: 0.2, test: 0.2, columns: COLUMNS}
model: {name: bert, encoder: encoder, freeze: 1, wordpieces: {max_length: 6}}
train: {epochs: 1, batch_size: 8, sampling: over}
"""
COLUMNS = "{question: text, answer: {kind: text, words: {max_length: 5}}, score: number}"
ANSWERS = {"no": "awful worst hate bad".split(), "yes": "great best love good".split()}


@pytest.fixture(autouse=True)
def pairs() -> None:
    """`pairs.csv`: 60 questions and answers, whether they fit, and a score."""
    random = np.random.default_rng(0)
    with Path("pairs.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["question", "answer", "fits", "score"])
        for number in range(60):
            name = ("no", "yes")[number % 3 > 0]
            question = [str(number), *random.choice(["film", "plot", "the", "actor"], random.integers(1, 12))]
            answer = random.choice(ANSWERS[name], random.integers(1, 4))
            lines.writerow([" ".join(question), " ".join(answer), name, f"{3 * (name == 'yes') + random.random():.2f}"])


def document(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """What a command says under --json."""
    capsys.readouterr()
    ended = main([*arguments, "--json"])
    shown = capsys.readouterr()
    assert ended == code, shown.out + shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


def trained(config: str, capsys: pytest.CaptureFixture[str]) -> Path:
    Path("config.yaml").write_text(config, encoding="utf-8")
    return Path(document(capsys, "train", "config.yaml", "--no-plots")["run"]["path"])


@pytest.mark.usefixtures("verified_here")
def test_pairs_go_the_whole_way(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(PAIRS, capsys)
    samples = json.loads((run / "plots" / "data" / "samples.json").read_text(encoding="utf-8"))
    assert len(samples["texts"]) == len(samples["seconds"]) == len(samples["labels"])
    assert all(text.startswith("[CLS]") and text.endswith("[SEP]") for text in samples["texts"])
    assert all(text.endswith("[SEP]") and "[CLS]" not in text for text in samples["seconds"])

    document(capsys, "eval", "latest")
    examples = json.loads((run / "eval" / "test" / "examples.json").read_text(encoding="utf-8"))
    assert set(" ".join(examples["top_losses"]["seconds"]).split()) <= {*ANSWERS["no"], *ANSWERS["yes"]}
    report = (run / "eval" / "test" / "report.txt").read_text(encoding="utf-8")
    assert all(" ‖ " in line for line in report.partition("hardest texts\n")[2].splitlines()[1:])
    assert (run / "eval" / "test" / "plots" / "top_losses.png").exists()

    expect_answers(capsys, monkeypatch)

    # Where the data is gone, what the run kept of it is asked about.
    Path("pairs.csv").unlink()
    [exported] = document(capsys, "export", "latest")["exports"]
    assert exported["max_abs_diff"] <= 1e-5
    assert "text_pair" in exported["signature"][0]["input"]
    signature = json.loads((run / "export/saved_model/1/assets.extra/signature.json").read_text(encoding="utf-8"))
    assert signature["input"] == {"kind": "text", "is_pair": True}


def expect_answers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs are asked about in every way, and single texts are refused."""
    written = ("--text", "the film", "--pair", "great", "--text", "the film", "--pair", "")
    one, other = document(capsys, "predict", "latest", *written, "--explain")["predictions"]
    assert (one["input"], one["pair"], other["pair"]) == ("the film", "great", "")
    pieces = [weight["piece"] for weight in one["attention_to_pieces"]]
    assert (pieces[0], pieces.count("[SEP]")) == ("[CLS]", 2)
    assert "".join(weight["word"] for weight in one["attention"]) == "thefilmgreat"
    assert [answer["num_tokens"] - len(answer["attention_to_pieces"]) for answer in (one, other)] == [0, 0]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"the film\tgreat\n")))
    [line] = document(capsys, "predict", "latest", "-")["predictions"]
    assert [score["probability"] for score in line["scores"]] == pytest.approx(
        [score["probability"] for score in one["scores"]], abs=1e-6
    )
    columns = ("--column", "question", "--pair-column", "answer")
    told = document(capsys, "predict", "latest", "pairs.csv", *columns, "--limit", "3")["predictions"]
    assert [answer["input"] for answer in told] == ["pairs.csv:2", "pairs.csv:3", "pairs.csv:4"]
    assert main(["predict", "latest", *written, "-o", "answers.csv"]) == 0
    with Path("answers.csv").open(encoding="utf-8", newline="") as file:
        answers = [(row["input"], row["pair"]) for row in csv.DictReader(file)]
    assert answers == [("the film", "great"), ("the film", "")]
    refused = document(capsys, "predict", "latest", "--text", "alone", code=2)
    assert refused["errors"][0]["code"] == "AM385"


@pytest.mark.slow
def test_pairs_are_exported_for_keras_and_trained_in_folds(capsys: pytest.CaptureFixture[str]) -> None:
    trained(PAIRS, capsys)
    [exported] = document(capsys, "export", "latest", "-f", "keras")["exports"]
    assert exported["max_abs_diff"] <= 1e-5
    folds = document(capsys, "train", "config.yaml", "--folds", "2", "train.epochs=1")
    assert folds["ok"]


@pytest.mark.slow
@pytest.mark.usefixtures("verified_here")
def test_numbers_about_texts_go_the_whole_way(capsys: pytest.CaptureFixture[str]) -> None:
    run = trained(NUMBERS, capsys)
    assert json.loads((run / "signature.json").read_text(encoding="utf-8"))["unit"] == "stars"
    assert "task: regression" in (run / "config.resolved.yaml").read_text(encoding="utf-8")
    lengths = json.loads((run / "plots" / "data" / "lengths.json").read_text(encoding="utf-8"))
    assert sum(lengths["splits"]["train"]["all texts"]["counts"]) == 38

    measured = document(capsys, "eval", "latest")
    assert {"r2", "mae", "rmse"} <= set(measured["metrics"])
    plots = {path.stem for path in (run / "eval" / "test" / "plots").iterdir()}
    assert {"pred_vs_true", "residuals", "residual_hist", "worst", "predictions"} <= plots
    with (run / "eval" / "test" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"error", "num_tokens"} <= set(rows[0])
    report = (run / "eval" / "test" / "report.txt").read_text(encoding="utf-8")
    assert "largest errors" in report
    assert "words read" in report

    [told] = document(capsys, "predict", "latest", "--text", "great")["predictions"]
    assert told["unit"] == "stars"
    assert main(["predict", "latest", "--text", "great", "-o", "answers.csv"]) == 0
    [line] = csv.DictReader(Path("answers.csv").read_text(encoding="utf-8").splitlines())
    assert float(line["prediction"]) == pytest.approx(told["prediction"])
    # Alone and among others, by the same network.
    by_name = {row["example"]: float(row["prediction"]) for row in rows}
    again = document(capsys, "predict", "latest", "pairs.csv", "--column", "answer")["predictions"]
    for answer in again:
        if answer["input"] in by_name:
            assert answer["prediction"] == pytest.approx(by_name[answer["input"]], abs=1e-5)
    [exported] = document(capsys, "export", "latest")["exports"]
    assert exported["relative"]
    assert exported["max_abs_diff"] <= 1e-5


@pytest.mark.slow
@pytest.mark.usefixtures("verified_here")
def test_text_columns_of_a_table_share_an_encoder(capsys: pytest.CaptureFixture[str]) -> None:
    from aimodels.runs.folder import RunFolder

    write_tiny_encoder(Path("encoder"))
    Path("config.yaml").write_text(TABLE.replace("COLUMNS", COLUMNS), encoding="utf-8")
    told = document(capsys, "train", "config.yaml", "--no-plots")
    assert [warning["code"] for warning in told["warnings"]].count("AM387") == 1
    [cut] = [warning["message"] for warning in told["warnings"] if warning["code"] == "AM537"]
    assert 'training texts of the column "question" are longer than 6 pieces' in cut
    run = RunFolder.open(Path(told["run"]["path"]))
    words = run.facts()["words"]
    assert [words["answer"]["splits"][name]["cut"] for name in ("train", "validation")] == [0, 0]
    assert cut.startswith(f"{words['question']['splits']['train']['cut']} of 38 ")
    written = ("--row", json.dumps({"question": "the film and the plot", "answer": "", "score": 1}))
    told = document(capsys, "predict", "latest", *written, *written)
    assert [(warning["code"], warning["message"].partition(";")[0][:41]) for warning in told["warnings"]] == [
        ("AM235", '2 of 2 texts of the column "question" are'),
        ("AM236", '2 of 2 texts of the column "answer" hold '),
    ]
    core = run.model().get_layer("bert")
    kinds = [type(layer).__name__ for layer in core.layers]
    assert (kinds.count("EncoderEmbeddings"), kinds.count("EncoderBlock"), kinds.count("MeanPooling")) == (1, 2, 2)
    measured = document(capsys, "eval", "latest", "--no-plots")
    assert {"accuracy", "roc_auc"} <= set(measured["metrics"])
    assert json.loads((run.path / "eval/test/importance.json").read_text(encoding="utf-8"))
    Path("encoder").rename("elsewhere")
    [exported] = document(capsys, "export", "latest")["exports"]
    assert exported["max_abs_diff"] <= 1e-5


def test_what_reads_words_takes_no_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    config = PAIRS.partition("model:")[0] + "model: {name: lstm}\n"
    Path("config.yaml").write_text(config, encoding="utf-8")
    refused = document(capsys, "train", "config.yaml", code=2)
    assert refused["errors"][0]["code"] == "AM306"
    assert not Path("runs").exists()
