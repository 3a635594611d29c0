"""`aimodels predict` about rows of a table: what it writes, what it shows, and what it says about the rest."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from table_runs import INPUT, MULTILABEL, REGRESSION, some_rows, untrained_table_run

from aimodels.cli import main
from aimodels.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

HEADER = "id,remark,Größe,a/b,class,bill length (mm)"
ROWS = ['7,"an ""x"", and y",2024-05-03,1.50,x,0.25', "8,,,,,", "9,a y,2024-05-03, 2 ,y,NA"]


def predict(run: RunFolder, *arguments: str) -> int:
    return main(["predict", str(run.path), *arguments])


@pytest.fixture
def table() -> Path:
    path = Path("rows.csv")
    path.write_text("\n".join([HEADER, *ROWS]) + "\n")
    return path


@pytest.fixture(scope="module")
def regression_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return untrained_table_run(tmp_path_factory.mktemp("numbers") / "runs", REGRESSION)


@pytest.fixture(scope="module")
def multilabel_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return untrained_table_run(tmp_path_factory.mktemp("labels") / "runs", MULTILABEL)


def test_a_batch_of_any_size_gives_the_same_answers(table_run: RunFolder) -> None:
    from aimodels.data.raw_columns import raw
    from aimodels.prediction.predict import Predictor
    from aimodels.prediction.table_answering import RawRows

    predictor, rows = Predictor(table_run), some_rows(50)
    whole = predictor.answer(rows).probabilities
    assert predictor.answer(some_rows(0)).probabilities.shape == (0, 2)
    np.testing.assert_allclose(predictor.answer(rows, batch_size=3).probabilities, whole, atol=1e-6)
    np.testing.assert_allclose(predictor.answer(rows.take(np.array([7]))).probabilities, whole[7:8], atol=1e-6)
    again = predictor.answer(RawRows(raw(rows.table(), input=INPUT))).probabilities
    np.testing.assert_array_equal(again, whole)


def test_the_columns_are_kept_as_they_are_and_the_answers_stand_behind_them(
    table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(table_run, str(table), "-o", "out.csv") == 0
    lines = Path("out.csv").read_text().splitlines()
    assert lines[0] == f"{HEADER},prediction,probability,p_no,p_yes,error"
    assert [line[: len(row)] for line, row in zip(lines[1:], ROWS, strict=True)] == ROWS
    for row in csv.DictReader(lines):
        assert float(row["p_no"]) + float(row["p_yes"]) == pytest.approx(1, abs=1e-6)
        assert row["probability"] == row[f"p_{row['prediction']}"]
        assert row["error"] == ""
    shown = capsys.readouterr()
    assert "out.csv: 3 rows" in shown.out
    assert "1 column that the model does not read: id" in shown.err
    assert predict(table_run, str(table), "-o", "out.jsonl") == 0
    documents = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [document["a/b"] for document in documents] == ["1.50", "", " 2 "]
    for document, row in zip(documents, csv.DictReader(lines), strict=True):
        assert (document["prediction"], document["p_yes"]) == (row["prediction"], pytest.approx(float(row["p_yes"])))


def test_columns_of_parquet_keep_their_types(table_run: RunFolder) -> None:
    from pyarrow import parquet

    parquet.write_table(some_rows(5).table(), "rows.parquet")
    assert predict(table_run, "rows.parquet", "-o", "out.parquet") == 0
    told = parquet.read_table("out.parquet")
    assert told.select(INPUT.names).equals(some_rows(5).table())
    assert [str(kind) for kind in told.schema.types[-5:]] == ["string", "float", "float", "float", "string"]


def test_a_name_that_is_taken_gets_a_number(
    table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(table_run, str(table), "-o", "once.csv") == 0
    assert predict(table_run, "once.csv", "-o", "twice.csv") == 0
    added = Path("twice.csv").read_text().splitlines()[0].split(",")[-5:]
    assert added == ["prediction_2", "probability_2", "p_no_2", "p_yes_2", "error_2"]
    assert "the rows have a column prediction already; the model's is called prediction_2" in capsys.readouterr().err


def test_the_threshold_decides_what_the_prediction_is(tmp_path: Path, table: Path) -> None:
    run = untrained_table_run(tmp_path / "runs")
    predictions = []
    for threshold in (1e-6, 0.999999):
        run.update(threshold={"value": threshold})
        assert predict(run, str(table), "-o", "out.csv") == 0
        rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
        assert all(row["probability"] == row[f"p_{row['prediction']}"] for row in rows)
        predictions.append([row["prediction"] for row in rows])
    assert predictions == [["yes"] * 3, ["no"] * 3]


def test_a_number_is_told_with_its_unit(
    regression_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(regression_run, str(table), "-o", "out.csv") == 0
    assert "out.csv: 3 rows, prediction in g" in capsys.readouterr().out
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert list(rows[0])[-2:] == ["prediction", "error"]
    assert predict(regression_run, str(table)) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["rows.csv row 1", "rows.csv row 2", "rows.csv row 3"]
    assert {line[2] for line in lines} == {"g"}
    numbers = [float(row["prediction"]) for row in rows]
    assert [float(line[1]) for line in lines] == pytest.approx(numbers, rel=1e-5)
    assert predict(regression_run, str(table), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["predictions"][0] == {
        "input": "rows.csv row 1", "prediction": pytest.approx(numbers[0]), "unit": "g"
    }  # fmt: skip
    assert (document["num_rows"], document["other_columns"]) == (3, ["id"])


def test_several_labels_are_a_list(multilabel_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(multilabel_run, str(table), "--json") == 0
    answers = json.loads(capsys.readouterr().out)["predictions"]
    for answer in answers:
        likely = [score["label"] for score in answer["scores"] if score["probability"] >= 0.5]
        assert sorted(answer["predictions"]) == sorted(likely)
    assert predict(multilabel_run, str(table), "-o", "out.csv") == 0
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert [row["prediction"] for row in rows] == ["|".join(answer["predictions"]) for answer in answers]
    assert "probability" not in rows[0]


def test_a_person_sees_a_line_per_row_and_a_written_row_above_its_answer(
    regression_run: RunFolder, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert predict(regression_run, str(table), "--row", '{"class": "x"}') == 0
    lines = terminal.getvalue().splitlines()
    assert lines[0] == '{"class": "x"}'
    assert lines[1].startswith("    ")
    assert lines[1].endswith(" g")
    assert [line.split("  ")[0] for line in lines[2:]] == ["rows.csv row 1", "rows.csv row 2", "rows.csv row 3"]


def test_rows_that_cannot_be_read_are_told_and_the_others_are_answered(
    table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text(f"{HEADER}\n{ROWS[0]}\n1,2\n9,a y,2024-05-03,much,y,3\n")
    assert predict(table_run, str(table), "-o", "out.csv") == 1
    said = capsys.readouterr().err
    assert "error[AM291]: 2 of 3 rows could not be read: rows.csv row 2: the row has 2 cells, expected 6" in said
    assert 'rows.csv row 3: column a/b: "much" is no number' in said
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert [bool(row["prediction"]) for row in rows] == [True, False, False]
    assert [row["id"] for row in rows] == ["7", "", "9"]
    assert rows[2]["error"] == 'column a/b: "much" is no number'
    assert predict(table_run, str(table), "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert [("prediction" in answer, "error" in answer) for answer in document["predictions"]] == [
        (True, False),
        (False, True),
        (False, True),
    ]
    assert document["num_errors"] == 2


def test_values_that_training_has_not_shown_are_counted(
    table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text(f"{HEADER}\n1,,,,Mars,\n2,,,,Venus,\n3,,,,x,inf\n4,,,,,\n")
    assert predict(table_run, str(table), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["unseen"] == {"class": {"rows": 2, "first": "Mars"}}
    warned = {warning["code"]: warning["message"] for warning in document["warnings"]}
    assert warned["AM290"] == 'values that training has not shown: class (2 rows, first "Mars")'
    assert warned["AM264"].endswith("bill length (mm) (1)")


def test_dates_that_the_network_cannot_read_are_counted(
    table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ["1.2.2020", "", "NA", " 2020-02-01 ", "2020-02-30", "1.2.2020", "soon"]
    table.write_text("\n".join([HEADER, *(f"1,,{cell},,," for cell in cells)]) + "\n")
    assert predict(table_run, str(table), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["unread_dates"] == {"Größe": {"rows": 4, "first": "1.2.2020", "format": "iso"}}
    # The network says the same: what it takes for missing is answered as if it were.
    answers = [answer["scores"] for answer in document["predictions"]]
    assert [answer == answers[1] for answer in answers] == [True, True, True, False, True, True, True]
    assert predict(table_run, "--row", '{"Größe": "1.2.2020"}') == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "AM292]: what is no date of the format that the run reads is taken for missing: Größe (1 row, first" in said
    assert '"1.2.2020", expected iso)' in said


def test_a_missing_date_is_not_an_unread_one(table_run: RunFolder) -> None:
    import pyarrow

    from aimodels.prediction.predict import Predictor

    predictor, missing = Predictor(table_run), ["", "  ", " NA ", None]
    assert predictor.unread_dates(pyarrow.table({"Größe": pyarrow.array(missing, pyarrow.string())})) == []
    [found] = predictor.unread_dates(pyarrow.table({"Größe": [*missing, "2024-5-3", " 2024-05-03"]}))
    assert (found.count, found.first) == (1, "2024-5-3")


def test_stdin_and_files_are_read_in_turn(
    table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table.read_bytes())))
    assert predict(table_run, "-", str(table), "--limit", "4") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["stdin row 1", "stdin row 2", "stdin row 3", "rows.csv row 1"]
    assert lines[3][1:] == lines[0][1:]


WRONG = {
    "nothing": ([], 2, "AM151", "name the rows to ask about"),
    "a text": (["--text", "x"], 2, "AM160", "takes rows, not texts, which --text is for"),
    "words": (["rows.csv", "--explain"], 2, "AM160", "which --explain is for"),
    "a column of texts": (["rows.csv", "--column", "remark"], 2, "AM160", "which --column is for"),
    "its own input": (["rows.csv", "-o", "rows.csv"], 2, "AM165", "rows.csv is where the answers would go"),
    "another format": (["rows.csv", "-o", "out.xlsx"], 2, "AM156", "has the suffix .xlsx"),
    "no rows": (["empty.csv", "-o", "out.csv"], 1, "AM237", "there was nothing to answer: no rows were found"),
    "other columns": (["rows.csv", "other.csv", "-o", "out.csv"], 1, "AM166", "other.csv row 1 has other columns"),
    "a row and a file": (["rows.csv", "--row", "{}", "-o", "out.csv"], 1, "AM166", "rows.csv row 1 has other columns"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_asked_is_refused(
    wrong: str, table_run: RunFolder, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, exit_code, code, says = WRONG[wrong]
    Path("empty.csv").write_text(f"{HEADER}\n")
    Path("other.csv").write_text(table.read_text().replace("id,", "number,"))
    before = table.read_bytes()
    assert predict(table_run, *arguments) == exit_code
    said = capsys.readouterr().err
    assert f"error[{code}]: " in said
    assert says in said
    assert "Traceback" not in said
    assert table.read_bytes() == before
    assert not Path("out.csv").exists()


def test_a_run_for_texts_takes_no_rows(text_run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(text_run, "--row", "{}") == 2
    assert "takes texts, not rows of a table, which --row is for" in capsys.readouterr().err
