"""`aimodels predict` on the command line: what it shows, and what it says about what it cannot use."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from text_runs import untrained_text_run

from aimodels.cli import main
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

REVIEW = "A waste of two good hours and one good actor, and nobody gives me back the money that I paid for the ticket."


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, run: RunFolder, *arguments: str) -> list[str]:
    """The lines that a person sees on a terminal of 80 columns."""
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        patch.setattr(sys, "stdout", terminal)
        assert predict(run, *arguments) == 0
    return terminal.getvalue().splitlines()


@pytest.fixture(scope="module")
def attentive_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return untrained_text_run(tmp_path_factory.mktemp("attentive") / "runs", pooled_by="attention")


def predict(run: RunFolder, *arguments: str) -> int:
    return main(["predict", str(run.path), *arguments])


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert "= help: " in shown.err
    return shown.err


def test_a_program_gets_a_line_per_text_with_tabs(text_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    Path("t.csv").write_text('id,text\n1,good\n2,""\n')
    assert predict(text_run, "t.csv", "--text", "two\thours\n", "--text", REVIEW) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [r"two\thours\n", REVIEW, "t.csv:2", "t.csv:3"]
    assert {line[1] for line in lines} <= {"neg", "pos"}
    assert all(0.5 <= float(line[2]) <= 1 for line in lines)
    assert [len(line) for line in lines] == [3] * 4


def test_a_person_sees_every_text_cut_to_the_width_above_its_answer(
    text_run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("t.csv").write_text('text\ngood\n"two\nhours"\nx\n')
    texts = [REVIEW, "", "不错的电影" * 20, "stars\x1b[31m"]
    lines = shown(monkeypatch, text_run, "t.csv", *[word for text in texts for word in ("--text", text)])
    assert lines[0] == "A waste of two good hours and one good actor, and nobody gives me back the mone…"
    assert lines[2] == "(empty)"
    assert lines[4] == ("不错的电影" * 20)[:39] + "…"
    assert "\x1b" not in lines[6]
    assert all("━" in line and "%" in line for line in [*lines[1:8:2], *lines[8:]])
    assert [line[:7] for line in lines[8:]] == ["t.csv:2", "t.csv:3", "t.csv:5"]
    assert len({line.index("━") for line in lines[8:]}) == 1


def test_explain_shows_the_words_that_weigh_most(
    attentive_run: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, attentive_run, "--text", "two good hours", "--explain")
    assert {line.split()[0] for line in lines[2:]} == {"two", "good", "hours"}
    shares = [float(line.split()[-1].rstrip("%")) for line in lines[2:]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert predict(attentive_run, "--text", "two good hours", "--explain", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["predictions"]
    assert [entry["word"] for entry in told["attention"]] == ["two", "good", "hours"]
    weights = [entry["weight"] for entry in told["attention"]]
    assert [round(100 * weight, 1) for weight in sorted(weights, reverse=True)] == pytest.approx(shares, abs=0.11)


def test_explain_stands_in_lines_and_files_for_programs_too(
    attentive_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(attentive_run, "--text", "two good hours", "--explain") == 0
    *_, weighed = capsys.readouterr().out.strip().split("\t")
    words = [entry.split()[0] for entry in weighed.split(", ")]
    assert set(words) == {"two", "good", "hours"}
    assert predict(attentive_run, "--text", "two good hours", "--explain", "-o", "a.csv") == 0
    header, row = Path("a.csv").read_text().splitlines()
    assert header == "input,prediction,probability,p_neg,p_pos,error,attention"
    assert row.endswith(f'"{weighed}"')


def test_without_explain_there_is_no_attention(attentive_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(attentive_run, "--text", "two good hours", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["predictions"]
    assert set(told) == {"input", "prediction", "scores", "num_tokens"}


def test_stdin_has_a_text_per_line(
    text_run: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"good\n\nfilm \xff\n")))
    assert predict(text_run, "-") == 1
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["stdin:1", "stdin:2", "stdin:3"]
    assert lines[2][1:] == ["error", "not UTF-8: byte 0xff at character 6"]


def test_what_cannot_be_read_is_named_and_the_others_are_answered(
    text_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("latin.txt").write_bytes(b"caf\xe9")
    Path("t.csv").write_text("text,id\ngood,1\nbad\n")
    assert predict(text_run, "latin.txt", "t.csv", "-o", "answers.jsonl") == 1
    said = refused(capsys)
    assert "error[AM234]: 2 of 3 inputs could not be read: latin.txt: not UTF-8: byte 0xe9 at character 4" in said
    assert "t.csv:3: 1 cells in place of 2" in said
    answers = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    assert [("prediction" in answer, "error" in answer) for answer in answers] == [
        (False, True),
        (True, False),
        (False, True),
    ]


def test_a_text_of_a_megabyte_is_answered_like_its_beginning(
    text_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("long.txt").write_text("good film " * 100_000)
    assert predict(text_run, "long.txt", "--text", "good film " * 6) == 0
    long, short = [line.split("\t")[1:] for line in capsys.readouterr().out.splitlines()]
    assert long == short


WRONG = {
    "nothing": ([], 2, "AM151", ["name the texts to ask about", "--text"]),
    "an image": (["photo.png"], 2, "AM160", ["reviews-001 takes texts, not images, which photo.png is by its name"]),
    "an array": (["digits.npy"], 2, "AM160", ["digits.npy is by its name"]),
    "a column of nothing": (["--text", "x", "--column", "review"], 2, "AM162", ["no table is among the inputs"]),
    "no such column": (["t.csv", "--column", "review"], 1, "AM242", ["t.csv has no column called review", "--column"]),
    "a sentence": (["Was it good?"], 3, "AM233", ["no file matches Was it good?", "--text"]),
    "no attention": (
        ["--text", "x", "--explain"],
        2,
        "AM161",
        ["does not pool by attention", "model.pooling=attention"],
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_run_for_texts_does_not_take(
    wrong: str, text_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, exit_code, code, says = WRONG[wrong]
    Path("photo.png").touch()
    Path("digits.npy").touch()
    Path("t.csv").write_text("text\nx\n")
    assert predict(text_run, *arguments) == exit_code
    said = refused(capsys)
    assert f"error[{code}]: " in said
    for words in says:
        assert words in said


@pytest.mark.parametrize("option", [["--text", "good"], ["--column", "text"], ["--explain"]])
def test_a_run_for_images_takes_no_texts(
    option: list[str], trained_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("digits.npy", np.zeros((1, 28, 28), np.uint8))
    assert predict(trained_run, "digits.npy", *option) == 2
    assert f"error[AM160]: smoke-001 takes images, not texts, which {option[0]} is for" in refused(capsys)


def test_a_run_for_images_is_given_images(trained_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(trained_run) == 2
    assert "error[AM151]: name the images to ask about" in refused(capsys)


def test_a_checkpoint_of_a_network_for_images_is_refused(
    text_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]).save("other.keras")
    assert predict(text_run, "--text", "x", "--checkpoint", "other.keras") == 1
    said = refused(capsys)
    assert "error[AM508]: other.keras belongs to another config: it takes (8, 8, 3) and gives 1 outputs, " in said
    assert "reviews-001 has text and 1" in said


def test_a_checkpoint_with_another_vocabulary_is_refused(
    text_run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = untrained_text_run(tmp_path / "runs", pooled_by="attention")
    assert predict(text_run, "--text", "x", "--checkpoint", str(other.checkpoint("best"))) == 1
    assert "error[AM508]: " in refused(capsys)


def test_a_checkpoint_of_the_run_itself_loads_in_a_process_that_has_imported_no_layer(
    text_run: RunFolder, root: Path
) -> None:
    command = [sys.executable, "-m", "aimodels", "predict", str(text_run.path), "--text", "two good hours", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(root)})
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["predictions"]) == 1


def test_what_is_not_read_of_a_text_is_told(text_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    longest = text_run.facts()["words"]["max_length"]
    Path("long.txt").write_text("good " * (longest + 1))
    arguments = ("long.txt", "--text", "", "--text", "good")
    assert predict(text_run, *arguments) == 0
    told = capsys.readouterr().err
    assert f"warning[AM235]: 1 of 3 texts is longer than {longest} words; only the start was read" in told
    assert "warning[AM236]: 1 of 3 texts holds no word, and is answered as" in told
    assert predict(text_run, *arguments, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert sorted(answer["num_tokens"] for answer in document["predictions"]) == [0, 1, longest + 1]
    assert [warning["code"] for warning in document["warnings"]] == ["AM235", "AM236"]


@pytest.mark.parametrize("given", ["empty.csv", "-"])
def test_nothing_to_answer_is_no_success(
    text_run: RunFolder, given: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("empty.csv").write_text("")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert predict(text_run, given, "-o", "answers.csv") == 1
    assert "error[AM237]: there was nothing to answer: no texts were found" in refused(capsys)
    assert not Path("answers.csv").exists()


def test_workers_do_not_share_stdin(
    text_run: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIMODELS_WORKERS", "a:1,b:1")
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    assert predict(text_run, "-") == 2
    assert "error[AM445]: `-` reads standard input, which several workers do not share" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"good film\n")))
    assert predict(text_run, "-", "--strategy", "single") == 0


def test_a_device_that_is_none_is_named(text_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(text_run, "--text", "good", "--device", "tpu") == 2
    assert "error[AM446]: --device tpu names no device" in capsys.readouterr().err


def test_who_answers_and_why_is_told(text_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(text_run, "--text", "good", "--strategy", "single") == 0
    assert "device  CPU (single: asked for)" in capsys.readouterr().err
    assert predict(text_run, "--text", "good", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["device"], document["strategy"]) == ("CPU", "single: one CPU device")
