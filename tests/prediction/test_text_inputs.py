"""Which texts may be given to `predict`, what they are called, and what is said about the rest."""

import gzip
import io
import json
from pathlib import Path
from typing import IO, Any

import pytest

from aimodels.data.unpacking import MOST_TEXT_BYTES
from aimodels.errors import DataError, MissingError, UsageError
from aimodels.prediction.text_inputs import GivenText, TextRequest, read_texts
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

CONFIG = """
data: {name: text_table, path: reviews.csvCOLUMNS}
model: {name: lstm}
train: {epochs: 1}
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "reviews-001")
    folder.path.mkdir()
    write_json(folder.signature_file, {"input": {"kind": "text"}})
    folder.resolved_file.write_text(CONFIG.replace("COLUMNS", ""), encoding="utf-8")
    return folder


def read(run: RunFolder, *inputs: str, stdin: bytes = b"", **request: object) -> list[GivenText]:
    return read_texts(TextRequest(inputs=inputs, **request), run=run, stdin=io.BytesIO(stdin))


def told(given: list[GivenText]) -> list[tuple[str, str]]:
    return [(item.name, item.problem or item.text) for item in given]


def test_a_text_is_called_by_itself_and_comes_first(run: RunFolder) -> None:
    Path("a.txt").write_text("from a file")
    given = read(run, "a.txt", written=("first", "", "second\nline"))
    assert told(given) == [("first",) * 2, ("",) * 2, ("second\nline",) * 2, ("a.txt", "from a file")]
    assert [item.is_its_name for item in given] == [True, True, True, False]


@pytest.mark.parametrize("name", ["review.txt", "review.md", "review"])
def test_a_file_is_one_text_whatever_its_suffix(run: RunFolder, name: str) -> None:
    Path(name).write_bytes("\ufeffZwei Zeilen,\r\nschön.\n".encode())
    assert told(read(run, name)) == [(name, "Zwei Zeilen,\r\nschön.\n")]


def test_a_folder_gives_its_texts_and_tables_at_any_depth_in_order(run: RunFolder) -> None:
    Path("more/deep").mkdir(parents=True)
    for name in ("more/b.txt", "more/deep/a.TXT", "more/notes.md"):
        Path(name).write_text(name)
    Path("more/c.csv").write_text("text\nx\n")
    assert [item.name for item in read(run, "more")] == ["more/b.txt", "more/c.csv:2", "more/deep/a.TXT"]
    assert [item.name for item in read(run, "more/**/*.txt")] == ["more/b.txt"]


LINES = '{"text": "good"}\n\n{"text": ""}\n'
TABLES = {
    "t.csv": (b'id,text\n1,good\n2,""\n', [("t.csv:2", "good"), ("t.csv:3", "")]),
    "t.tsv": (b"text\tid\ngood\t1\n", [("t.tsv:2", "good")]),
    "t.jsonl": (LINES.encode(), [("t.jsonl:1", "good"), ("t.jsonl:3", "")]),
    "t.csv.gz": (gzip.compress(b"text\ngood\n"), [("t.csv.gz:2", "good")]),
    "many lines.csv": (b'text\n"two\nlines"\nx\n', [("many lines.csv:2", "two\nlines"), ("many lines.csv:4", "x")]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_a_text_per_row_which_is_called_by_its_line(run: RunFolder, name: str) -> None:
    content, expected = TABLES[name]
    Path(name).write_bytes(content)
    assert told(read(run, name)) == expected


def test_a_parquet_file_has_a_text_per_row(run: RunFolder) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"id": [1, 2, 3], "review": ["good", None, ""]}), "t.parquet")
    assert told(read(run, "t.parquet")) == [
        ("t.parquet row 1", "good"),
        ("t.parquet row 2", "no text"),
        ("t.parquet row 3", ""),
    ]


def test_the_column_is_the_one_that_is_named(run: RunFolder) -> None:
    Path("t.csv").write_text("text,other\nno,yes\n")
    assert told(read(run, "t.csv", column="other")) == [("t.csv:2", "yes")]
    with pytest.raises(DataError, match="t.csv has no column called others") as caught:
        read(run, "t.csv", column="others")
    assert caught.value.code == "AM242"
    assert "--column" in caught.value.help
    assert "text, other" in caught.value.notes[0]


def test_a_column_without_a_table_is_refused(run: RunFolder) -> None:
    Path("a.txt").write_text("x")
    with pytest.raises(UsageError, match="no table is among the inputs") as caught:
        read(run, "a.txt", column="review")
    assert (caught.value.code, caught.value.exit_code) == ("AM162", 2)


def test_stdin_has_a_text_per_line_also_where_it_is_empty(run: RunFolder) -> None:
    given = read(run, "-", stdin="good\r\n\nschön\nlast".encode())
    assert told(given) == [("stdin:1", "good"), ("stdin:2", ""), ("stdin:3", "schön"), ("stdin:4", "last")]
    assert read(run, "-", stdin=b"") == []


BROKEN = {
    "t.csv": (b"text,id\nx,1\n\xffy,2\nz\n", ["x", "not UTF-8: byte 0xff at character 1", "1 cells in place of 2"]),
    "t.jsonl": (
        b'{"text": 3}\nnonsense\n[]\n{"text": "\\ud800"}\n{}\n{"text": "x"}',
        [
            "its text is not a text but int",
            "not JSON: Expecting value: line 1 column 1 (char 0)",
            "not a JSON object ({...})",
            "not UTF-8: half a character (\\ud800) at character 1",
            "no text",
            "x",
        ],
    ),
    "t.txt": (b"caf\xe9", ["not UTF-8: byte 0xe9 at character 4"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_kept_with_the_reason_and_the_others_stay(run: RunFolder, name: str) -> None:
    content, expected = BROKEN[name]
    Path(name).write_bytes(content)
    given = read(run, name)
    assert [item.problem or item.text for item in given] == expected
    assert [bool(item.problem) for item in given] == [
        words != item.text for item, words in zip(given, expected, strict=True)
    ]


def test_lines_of_stdin_that_are_not_utf8_are_named(run: RunFolder) -> None:
    assert told(read(run, "-", stdin=b"x\n\xff\n")) == [
        ("stdin:1", "x"),
        ("stdin:2", "not UTF-8: byte 0xff at character 1"),
    ]


def test_a_text_of_the_command_line_that_is_not_utf8_is_shown_as_far_as_it_can_be(run: RunFolder) -> None:
    (given,) = read(run, written=("caf\udce9",))
    assert (given.name, given.problem) == ("caf\N{REPLACEMENT CHARACTER}", "not UTF-8: byte 0xe9 at character 4")
    json.dumps(given.name, ensure_ascii=False).encode()


def test_a_file_whose_name_is_not_utf8_is_called_by_what_can_be_said_of_it(run: RunFolder) -> None:
    Path("caf\udce9.txt").write_text("x")
    assert told(read(run, "caf\udce9.txt")) == [("caf\N{REPLACEMENT CHARACTER}.txt", "x")]


def test_a_text_of_a_megabyte_is_read_and_one_of_a_film_archive_is_not(run: RunFolder) -> None:
    text = "good " * 200_000
    Path("a.csv").write_text(f"text\n{text}\n")
    Path("b.txt").write_text(text)
    with Path("c.txt").open("wb") as file:
        file.truncate(MOST_TEXT_BYTES + 1)
    first, second, third = read(run, "a.csv", "b.txt", "c.txt")
    assert (first.text, second.text) == (text, text)
    assert third.problem == "more than 67,108,864 bytes for one text"


def test_a_file_that_cannot_be_opened_is_named(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.txt").write_text("x")
    opened = Path.open

    def refuse(self: Path, *arguments: str, **others: str) -> IO[Any]:
        if self.name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **others)

    monkeypatch.setattr(Path, "open", refuse)
    assert told(read(run, "a.txt")) == [("a.txt", "cannot be read: Permission denied")]


@pytest.mark.parametrize("name", ["photo.png", "photo.JPG", "digits.npy"])
def test_images_are_refused_by_their_names(run: RunFolder, name: str) -> None:
    Path(name).touch()
    with pytest.raises(UsageError, match=f"reviews-001 takes texts, not images, which {name} is") as caught:
        read(run, name)
    assert (caught.value.code, caught.value.exit_code) == ("AM160", 2)


@pytest.mark.parametrize(
    "text",
    [
        "missing.txt",
        "What a film! " * 50,
        "Was it good?",
        "**very** good",
        "good/" * 500 + "?",
        "/nowhere/*.txt",
        "empty",
    ],
)
def test_what_is_no_file_is_said_with_a_word_about_texts(run: RunFolder, text: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(MissingError) as caught:
        read(run, text)
    assert (caught.value.code, caught.value.exit_code) == ("AM233", 3)
    assert "--text" in caught.value.help
    assert len(caught.value.message) < 200


def test_a_limit_counts_over_all_inputs_and_reads_no_further(run: RunFolder) -> None:
    Path("t.csv").write_text('text\nx\ny\n"broken')
    assert told(read(run, "t.csv", written=("w",), limit=2)) == [("w", "w"), ("t.csv:2", "x")]


# --- pairs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair_run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "answers-001")
    folder.path.mkdir()
    write_json(folder.signature_file, {"input": {"kind": "text", "is_pair": True}})
    folder.resolved_file.write_text(CONFIG.replace("COLUMNS", ", text: Claim, pair: remark"), encoding="utf-8")
    return folder


def both(given: list[GivenText]) -> list[tuple[str, str, str | None]]:
    return [(item.name, item.problem or item.text, item.second) for item in given]


def test_written_pairs_belong_together(pair_run: RunFolder) -> None:
    given = read(pair_run, written=("Open?", "Far?"), seconds=("Yes.", ""))
    assert both(given) == [("Open?", "Open?", "Yes."), ("Far?", "Far?", "")]
    assert [item.is_its_name for item in given] == [True, True]


PAIR_TABLES = {
    "t.csv": (b"text,answer\na,b\nc,\n", [("t.csv:2", "a", "b"), ("t.csv:3", "c", "")]),
    "t.tsv": (b"pair\ttext\nb\ta\n", [("t.tsv:2", "a", "b")]),
    "t.jsonl": (
        b'{"text": "a", "pair": "b"}\n{"text": "c"}\n{"text": "d", "pair": "\\ud800"}\n',
        [
            ("t.jsonl:1", "a", "b"),
            ("t.jsonl:2", "no second text", None),
            ("t.jsonl:3", "not UTF-8: half a character (\\ud800) at character 1", None),
        ],
    ),
}


@pytest.mark.parametrize("name", PAIR_TABLES)
def test_tables_have_a_pair_per_row(pair_run: RunFolder, name: str) -> None:
    content, expected = PAIR_TABLES[name]
    Path(name).write_bytes(content)
    assert both(read(pair_run, name)) == expected


def test_both_columns_can_be_named(pair_run: RunFolder) -> None:
    Path("t.csv").write_text("text,frage,antwort\nx,a,b\n")
    assert both(read(pair_run, "t.csv", column="frage", pair_column="antwort")) == [("t.csv:2", "a", "b")]
    with pytest.raises(DataError, match="no column for the second texts") as caught:
        read(pair_run, "t.csv")
    assert "`--pair-column`" in caught.value.help


def test_the_columns_of_the_training_come_before_the_usual_ones(pair_run: RunFolder) -> None:
    Path("t.csv").write_text("text,claim,Claim,answer,remark\nx,x,a,y,b\n")
    assert both(read(pair_run, "t.csv")) == [("t.csv:2", "a", "b")]
    assert both(read(pair_run, "t.csv", pair_column="answer")) == [("t.csv:2", "a", "y")]


def test_a_column_that_is_not_there_is_looked_for_among_those_that_are(pair_run: RunFolder) -> None:
    Path("t.csv").write_text("claims,remark\na,b\n")
    with pytest.raises(DataError, match=r"no column for the texts by any of the usual names \(Claim, text, ") as caught:
        read(pair_run, "t.csv")
    assert caught.value.help.startswith("did you mean claims? name it with `--column` and `--pair-column`; ")
    with pytest.raises(DataError, match="the column remark of t.csv is both that of the texts and") as caught:
        read(pair_run, "t.csv", column="remark")
    assert caught.value.code == "AM536"


def test_lines_of_stdin_hold_two_texts_with_a_tab_between(pair_run: RunFolder) -> None:
    given = read(pair_run, "-", stdin=b"a\tb\r\n\t\nalone\na\tb\tc\nx\t\xff\n")
    assert both(given) == [
        ("stdin:1", "a", "b"),
        ("stdin:2", "", ""),
        ("stdin:3", "0 tabs in place of one between two texts", None),
        ("stdin:4", "2 tabs in place of one between two texts", None),
        ("stdin:5", "not UTF-8: byte 0xff at character 1", None),
    ]


@pytest.mark.parametrize(
    ("request_", "given"),
    [({"written": ("a",)}, "a text alone"), ({"inputs": ("a.txt",)}, "one text, which a.txt is")],
)
def test_a_run_on_pairs_refuses_single_texts(pair_run: RunFolder, request_: dict[str, Any], given: str) -> None:
    Path("a.txt").write_text("x")
    with pytest.raises(UsageError, match=f"answers-001 takes pairs of texts, not {given}") as caught:
        read_texts(TextRequest(**request_), run=pair_run, stdin=io.BytesIO())
    assert caught.value.code == "AM385"


@pytest.mark.parametrize(
    "request_", [{"written": ("a",), "seconds": ("b",)}, {"pair_column": "x"}, {"seconds": ("b",)}]
)
def test_a_run_on_single_texts_refuses_pairs(run: RunFolder, request_: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="reviews-001 takes single texts, not pairs") as caught:
        read(run, **request_)
    assert caught.value.code == "AM385"


@pytest.mark.parametrize(("texts", "seconds"), [(("a", "b"), ("c",)), ((), ("c",))])
def test_texts_and_second_texts_come_in_equal_numbers(
    pair_run: RunFolder, texts: tuple[str, ...], seconds: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=f"{len(texts)} texts stand behind --text, and 1 behind --pair") as caught:
        read(pair_run, written=texts, seconds=seconds)
    assert caught.value.code == "AM386"


def test_a_column_of_second_texts_needs_a_table(pair_run: RunFolder) -> None:
    with pytest.raises(UsageError, match="--pair-column answer names a column, and no table") as caught:
        read(pair_run, "-", pair_column="answer")
    assert caught.value.code == "AM162"
