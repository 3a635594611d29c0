"""Tables that cannot work, or seem not to, from the command line: a clear message, the exit code, nothing left."""

from pathlib import Path

import pytest

from aimodels.cli import main

# A column is called `size`, which is also an option of columns.
CONFIG = """
name: bad
data: {name: csv, path: t.csv, target: y, columns: {size: number, colour: category}}
model: {name: mlp, hidden: [4]}
train: {epochs: 1, batch_size: 8}
"""
ROWS = [f"{number},{'red' if number % 3 else 'blue'},{'yes' if number % 2 else 'no'}" for number in range(40)]


def table(*lines: str, end: str = "\n", start: str = "") -> None:
    """The table t.csv of these lines and the config bad.yaml for it."""
    Path("t.csv").write_bytes((start + end.join(lines) + end).encode())
    Path("bad.yaml").write_text(CONFIG, encoding="utf-8")


@pytest.mark.parametrize(
    ("lines", "changes", "code", "says"),
    [
        (["size,colour,y", *ROWS[:5], "6,red", *ROWS[7:]], [], "AM251", "t.csv:7"),
        (["size,colour,y", *ROWS[:5], '6,"red,yes', *ROWS[7:]], [], "AM252", "t.csv:7"),
        (["size,colour,y", *ROWS[:5], "six,red,yes", *ROWS[7:]], [], "AM253", '"six"'),
        (["size,size,y", *ROWS], [], "AM254", "size"),
        (["size,,y", *ROWS], [], "AM255", "column 2"),
        (["size,colour,z", *ROWS], [], "AM265", "y"),
        (["size,colour,y", *(f"{number},red,yes" for number in range(40))], [], "AM210", "yes"),
        (["size,colour,y"], [], "AM256", "t.csv"),
        ([], [], "AM256", "t.csv"),
        (["size,colour,y", "1,red,yes"], [], "AM210", ""),
        (["size,colour,y", *ROWS[:4]], ["data.fold.number=1", "data.fold.of=5"], "AM125", "5"),
    ],
    ids=[
        "ragged row", "unbalanced quote", "a word in a number column", "duplicate header", "empty header",
        "no target column", "constant target", "no rows", "empty file", "one row", "fewer rows than folds",
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used(
    lines: list[str], changes: list[str], code: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table(*lines)
    exit_code = main(["check", "bad.yaml", *changes])
    told = capsys.readouterr()
    assert exit_code in (2, 4), told.err
    assert f"error[{code}]" in told.err
    assert says in told.err
    assert "= help: " in told.err
    assert "Traceback" not in told.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("end", "start"), [("\r\n", ""), ("\r", ""), ("\n", "\ufeff")], ids=["crlf", "cr", "byte order mark"]
)
def test_line_ends_and_marks_make_no_difference(end: str, start: str, capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *ROWS, end=end, start=start)
    assert main(["check", "bad.yaml"]) == 0, capsys.readouterr().err


def test_mixed_line_ends(capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *ROWS)
    Path("t.csv").write_bytes(Path("t.csv").read_bytes().replace(b"\n", b"\r\n", 17))
    assert main(["check", "bad.yaml"]) == 0, capsys.readouterr().err


def test_infinite_values_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *ROWS, "inf,red,yes", "-inf,blue,no")
    assert main(["check", "bad.yaml"]) == 0
    told = capsys.readouterr()
    assert "infinite" in told.out + told.err
    assert "2" in told.out


def test_100_000_categories(capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *(f"{number},c{number},{'yes' if number % 2 else 'no'}" for number in range(100_000)))
    assert main(["check", "bad.yaml"]) == 0, capsys.readouterr().err


def test_a_row_that_cannot_be_read_can_be_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *ROWS, "six,red,yes", "7,red")
    assert main(["check", "bad.yaml", "data.on_error=skip"]) == 0
    told = capsys.readouterr()
    assert "warning[" in told.err
    assert "t.csv:42" in told.err


def test_a_category_only_in_test_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *ROWS)
    Path("test.csv").write_text("size,colour,y\n1,green,yes\n2,red,no\n", encoding="utf-8")
    assert main(["check", "bad.yaml", "data.test_path=test.csv"]) == 0, capsys.readouterr().err


def test_a_column_may_be_learned_from_and_weigh_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    table("size,colour,y", *ROWS)
    changes = ["data.weights=size", "data.split={by: group, column: colour}"]
    assert main(["check", "bad.yaml", *changes]) == 0, capsys.readouterr().err
