"""Which rows may be given to `predict`, what they are called, and what is said about the rest."""

import gzip
import io
from contextlib import ExitStack
from pathlib import Path

import pytest

from aimodels.config.columns import CategoryColumn, NumberColumn
from aimodels.config.schema import ArchitectureOptions, Config
from aimodels.config.table_format import TableFormat
from aimodels.data.dataset import Column, TableInput
from aimodels.datasets import csv
from aimodels.errors import DataError, MissingError, UsageError
from aimodels.prediction.table_inputs import GivenRows, RowRequest, Tables, opened
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

INPUT = TableInput((Column("length", NumberColumn()), Column("island", CategoryColumn())), missing=("NA",))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "penguins-001")
    folder.path.mkdir()
    write_json(folder.signature_file, {"input": {"kind": "table", "columns": [], "missing": []}})
    data = csv.Options(name="csv", path="penguins.csv", target="species")
    folder.__dict__["config"] = Config(data=data, model=ArchitectureOptions(name="mlp"))
    return folder


@pytest.fixture
def german_run(run: RunFolder) -> RunFolder:
    """Of a table with a semicolon between cells and a comma before decimals."""
    data = csv.Options(
        name="csv", path="penguins.csv", target="species", format=TableFormat(delimiter=";", decimal=",")
    )
    run.__dict__["config"] = Config(data=data, model=ArchitectureOptions(name="mlp"))
    return run


def tables(run: RunFolder, *inputs: str, stdin: bytes = b"", **request: object) -> tuple[Tables, list[GivenRows]]:
    with ExitStack() as stack:
        found = stack.enter_context(
            opened(RowRequest(inputs=inputs, **request), run=run, input=INPUT, stdin=io.BytesIO(stdin))
        )
        return found, list(found.rows())


def told(run: RunFolder, *inputs: str, **request: object) -> list[tuple[str, object]]:
    """The names of the rows, and what is in them or wrong with them."""
    rows: list[tuple[str, object]] = []
    for given in tables(run, *inputs, **request)[1]:
        readable = dict(zip(given.readable.tolist(), given.table.to_pylist(), strict=True))
        rows += [
            (name, given.problems.get(place) or tuple(readable[place].values()))
            for place, name in enumerate(given.names)
        ]
    return rows


def test_columns_may_come_in_any_order_and_others_are_kept(run: RunFolder) -> None:
    Path("a.csv").write_text('island,"what, else",length\nDream, 7 ,39.10\n NA ,,NA\n')
    found, [given] = tables(run, "a.csv")
    assert found.others == ("what, else",)
    assert given.table.to_pydict() == {"length": [39.1, None], "island": ["Dream", None]}
    assert given.cells.to_pydict() == {
        "island": ["Dream", " NA "],
        "what, else": [" 7 ", ""],
        "length": ["39.10", "NA"],
    }
    assert list(given.names) == ["a.csv row 1", "a.csv row 2"]


ROWS = b"length,island\n1,Dream\n"
FILES = {
    "a.csv": ROWS,
    "a.csv.gz": gzip.compress(ROWS),
    "a.tsv": b"length\tisland\n1\tDream\n",
    "bom.csv": b"\xef\xbb\xbflength;island\r\n1;Dream\r\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_its_rows(name: str, run: RunFolder) -> None:
    Path(name).write_bytes(FILES[name])
    assert told(run, name) == [(f"{name} row 1", (1.0, "Dream"))]


def test_a_parquet_file_has_its_rows_in_its_types(run: RunFolder) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"island": ["Dream", None], "id": [7, 8], "length": [1, None]}), "a.parquet")
    _, [given] = tables(run, "a.parquet")
    assert given.table.to_pylist() == [{"length": 1.0, "island": "Dream"}, {"length": None, "island": None}]
    assert given.cells.column("id").to_pylist() == [7, 8]


def test_stdin_is_a_csv_file(run: RunFolder) -> None:
    assert told(run, "-", stdin=ROWS) == [("stdin row 1", (1.0, "Dream"))]


def test_a_mistake_on_stdin_is_said_to_be_there(run: RunFolder) -> None:
    with pytest.raises(DataError, match=r"^stdin has no column length") as caught:
        told(run, "-", stdin=b"island\nDream\n")
    assert caught.value.code == "AM261"
    with pytest.raises(DataError, match=r"^stdin:2: the quotes"):
        told(run, "-", stdin=b'length,island\n1,"Dream\n')


def test_another_delimiter_than_that_of_the_run_is_told(german_run: RunFolder) -> None:
    says = '`data.format.delimiter` is ";", and this file has something else between its cells'
    with pytest.raises(DataError, match=r"^stdin has no columns length, island") as caught:
        told(german_run, "-", stdin=ROWS)
    assert says in caught.value.notes
    for other in (b"island;x\nDream;1\n", b"x\n1\n"):
        with pytest.raises(DataError, match=r"^stdin has no column") as caught:
            told(german_run, "-", stdin=other)
        assert says not in caught.value.notes


def test_rows_on_the_command_line_come_first_and_patterns_name_several_files(run: RunFolder) -> None:
    for name in ("b.csv", "a.csv"):
        Path(name).write_bytes(ROWS)
    row = '{"length": 2}'
    names = [name for name, _ in told(run, "*.csv", written=[row])]
    assert names == [row, "a.csv row 1", "b.csv row 1"]
    assert [name for name, _ in told(run, "*.csv", written=[row], limit=2)] == names[:2]


CELLS = {
    '{"length": 39.1, "island": "Dream"}': (39.1, "Dream"),
    '{"length": "39.1", "island": 2007.0}': (39.1, "2007"),
    '{"length": NaN, "island": null}': (None, None),
    "{}": (None, None),
    '{"length": "NA", "island": true}': (None, "true"),
    '{"length": 1e400}': (None, None),
    '{"length": "long"}': 'column length: "long" is no number',
}


@pytest.mark.parametrize("text", CELLS)
def test_a_row_is_written_as_json(text: str, run: RunFolder) -> None:
    assert told(run, written=[text]) == [(text, CELLS[text])]


GERMAN_CELLS = {
    '{"length": 39.1, "island": 0.5}': (39.1, "0,5"),
    '{"length": "39,1", "island": "0.5"}': (39.1, "0.5"),
    '{"length": 1e-7}': (1e-7, None),
    '{"length": 1.5e-7}': (1.5e-7, None),
    '{"length": NaN}': (None, None),
    '{"length": 1e400}': (None, None),
    '{"length": "1.000"}': 'column length: "1.000" is no number',
}


@pytest.mark.parametrize("text", GERMAN_CELLS)
def test_a_string_in_a_row_is_read_as_in_the_files_of_the_run(text: str, german_run: RunFolder) -> None:
    assert told(german_run, written=[text]) == [(text, GERMAN_CELLS[text])]


NO_ROWS = {
    "length=3": ("AM163", "--row: length=3 is not JSON"),
    "[1]": ("AM163", "is no JSON object"),
    "": ("AM163", "--row: (empty) is not JSON"),
    '{"length": 1, "length": 2}': ("AM163", "length stands in it twice"),
    '{"length": [1]}': ("AM163", "is the value of length"),
    '{"island": "\\ud800"}': ("AM163", "half of a surrogate pair"),
    '{"lenght": 1, "Island": 2}': ("AM164", "the model reads no columns lenght, Island"),
}


@pytest.mark.parametrize("text", NO_ROWS)
def test_what_is_no_row_is_refused(text: str, run: RunFolder) -> None:
    code, message = NO_ROWS[text]
    with pytest.raises(UsageError) as caught:
        told(run, written=[text])
    assert caught.value.code == code
    assert message in caught.value.message
    if code == "AM164":
        assert caught.value.notes == (
            "near lenght: length",
            "near Island: island",
            "columns of the model: length, island",
        )


def test_rows_that_cannot_be_read_keep_their_place(run: RunFolder) -> None:
    lines = ["1,Dream", "2", "x,Dream", "3,Dream", "4,5,6", "-,Dream", "5"]
    Path("a.csv").write_text("length,island\n" + "".join(f"{line}\n" for line in lines))
    rows = [
        (1.0, "Dream"),
        "the row has 1 cell, expected 2",
        'column length: "x" is no number',
        (3.0, "Dream"),
        "the row has 3 cells, expected 2",
        'column length: "-" is no number',
        "the row has 1 cell, expected 2",
    ]
    assert told(run, "a.csv") == [(f"a.csv row {number}", row) for number, row in enumerate(rows, start=1)]
    assert told(run, "a.csv", limit=3) == told(run, "a.csv")[:3]
    _, [given] = tables(run, "a.csv")
    assert given.cells.column("island").to_pylist() == ["Dream", None, "Dream", "Dream", None, "Dream", None]


def test_infinite_numbers_are_counted(run: RunFolder) -> None:
    Path("a.csv").write_text("length,island\ninf,Dream\n1e300,x\n1,\n")
    _, [given] = tables(run, "a.csv")
    assert given.num_infinite == {"length": 2}


def test_a_column_that_is_not_there_is_named_with_those_near(run: RunFolder) -> None:
    Path("a.csv").write_text("Length,island\n1,Dream\n")
    with pytest.raises(DataError, match="a.csv has no column length") as caught:
        told(run, "a.csv")
    assert caught.value.code == "AM261"
    assert "near length: Length" in caught.value.notes


@pytest.mark.parametrize("name", ["photo.png", "rows.jsonl"])
def test_other_files_are_refused(name: str, run: RunFolder) -> None:
    Path(name).touch()
    with pytest.raises(UsageError, match=f"takes rows, not files such as {name}") as caught:
        told(run, name)
    assert caught.value.code == "AM160"


def test_what_is_not_there_is_said(run: RunFolder) -> None:
    with pytest.raises(MissingError, match=r"there is no file a.csv"):
        told(run, "a.csv")
