"""YAML 1.2 values, their places, and that no text whatever does more than fail."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.config.yaml_source import Written, plain, read
from aimodels.errors import ConfigError

VALUES = {
    "1e-3": 0.001,
    "1E3": 1000.0,
    "-.5": -0.5,
    "1.": 1.0,
    "+3": 3,
    "012": 12,
    "0o14": 12,
    "0x1F": 31,
    "0b1": "0b1",
    "1_000": "1_000",
    "12:30": "12:30",
    "2024-01-31": "2024-01-31",
    ".inf": math.inf,
    "-.INF": -math.inf,
    "no": "no",
    "on": "on",
    "Yes": "Yes",
    "y": "y",
    "true": True,
    "False": False,
    "tRUE": "tRUE",
    "null": None,
    "~": None,
    "": None,
    "'1'": "1",
    '"null"': "null",
    "<<": "<<",
    "=": "=",
    "1.2.3": "1.2.3",
    "e3": "e3",
    ".": ".",
    "!!str 5": "5",
    "!!float 5": 5.0,
    "[1, a, ~]": [1, "a", None],
    "{1: 2, true: no}": {"1": 2, "true": "no"},
    "9" * 5000: "9" * 5000,
}


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=[text[:20] or "nothing" for text in VALUES])
def test_values_follow_yaml_1_2(text: str, value: object) -> None:
    found = plain(read(f"key: {text}", source="test"))
    assert found == {"key": value}
    assert isinstance(found, dict)
    assert type(found["key"]) is type(value)


def test_not_a_number_is_read() -> None:
    found = read(".nan", source="test").value
    assert isinstance(found, float)
    assert math.isnan(found)


def test_anchors_are_written_out() -> None:
    assert plain(read("a: &x {b: 1}\nc: *x", source="test")) == {"a": {"b": 1}, "c": {"b": 1}}


def place(written: Written) -> tuple[int, int, int]:
    return (written.place.line, written.place.column, written.place.end_column)


def test_every_key_and_value_knows_its_place() -> None:
    top = read("# first\n数: 12  # comment\nb:\n  - x\n  - 'y z'\n", source="test").entries
    assert (top["数"].key.line, top["数"].key.column, top["数"].key.end_column) == (2, 1, 2)
    assert place(top["数"].value) == (2, 4, 6)
    items = top["b"].value.value
    assert isinstance(items, list)
    assert [place(item) for item in items] == [(4, 5, 6), (5, 5, 10)]


def test_a_value_on_several_lines_is_marked_on_its_first() -> None:
    entry = read("a: {b: 1,  # why\n  c: 2}\n", source="test").entries["a"]
    assert place(entry.value) == (1, 4, 10)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028"])
def test_lines_are_counted_as_the_file_has_them(ending: str) -> None:
    entry = read(f"a: 1{ending}b: 2", source="test").entries["b"]
    assert place(entry.value) == (2, 4, 5)
    assert entry.key.lines == ("a: 1", "b: 2")


def test_deep_brackets_are_an_error_and_no_crash() -> None:
    with pytest.raises(ConfigError) as raised:
        read("[" * 10_000, source="test")
    assert raised.value.problems[0].code == "AM114"


yaml_like = st.text(st.sampled_from("ab1.:- \n\t{}[],\"'#&*!|>%?\\~é数\x07\x85"), max_size=60)


@given(yaml_like | st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        read(text, source="test")
    except ConfigError as error:
        for problem in error.problems:
            assert problem.place is not None
            assert 1 <= problem.place.line <= len(problem.place.lines)
            assert problem.place.column >= 1
