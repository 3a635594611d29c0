"""`data.columns`: a mapping of names of the user's own to sections that `kind` chooses."""

from pathlib import Path

import jsonschema
import pytest

from aimodels.config.columns import CategoryColumn, DateColumn, IgnoredColumn, NumberColumn, TextColumn
from aimodels.config.json_schema import field_schema, json_schema
from aimodels.config.loading import check, to_yaml
from aimodels.config.schema import Config
from aimodels.config.writing import differences, dumped
from aimodels.config.yaml_source import plain, read
from aimodels.errors import ConfigError, Problem

HEAD = "data:\n  name: csv\n  path: a.csv\n  target: y\n"
MODEL = "\nmodel: mlp\n"


def config(columns: str, *overrides: str) -> Config:
    text = f"{HEAD}  columns: {columns}{MODEL}" if columns else f"{HEAD}{MODEL}"
    return check(read(text, source="a.yaml"), overrides=overrides, source="a.yaml")


def columns(written: str, *overrides: str) -> dict[str, object]:
    found: dict[str, object] = config(written, *overrides).data.columns
    return found


def problems(written: str, *overrides: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        config(written, *overrides)
    return list(caught.value.problems)


def test_a_word_or_a_section_says_what_a_column_is():
    found = columns("{a: number, b: {kind: category, encode: embedding}, c: date, d: text, e: ignore, 2024: number}")
    assert found == {
        "a": NumberColumn(),
        "b": CategoryColumn(encode="embedding"),
        "c": DateColumn(),
        "d": TextColumn(),
        "e": IgnoredColumn(),
        "2024": NumberColumn(),
    }


def test_the_kind_may_be_left_out_where_an_option_tells_it():
    found = columns("{a: {scale: robust}, b: {hash: 8}, c: {cycles: false}, d: {words: {max_length: 9}}}")
    assert [options.kind for options in found.values()] == ["number", "category", "date", "text"]


def test_null_is_as_if_it_were_not_written():
    assert columns("{a: ~, b: {kind: ~, scale: log}}") == {"b": NumberColumn(scale="log")}


def test_overrides_reach_into_columns():
    assert columns("", "data.columns.sex=category") == {"sex": CategoryColumn()}
    assert columns("", "data.columns.bill.scale=robust") == {"bill": NumberColumn(scale="robust")}
    assert columns("{bill: number}", "data.columns.bill.scale=log") == {"bill": NumberColumn(scale="log")}
    assert columns("{bill: {scale: log}}", "data.columns.bill=text") == {"bill": TextColumn()}
    assert columns("{bill: number, sex: category}", "data.columns.bill=null") == {"sex": CategoryColumn()}
    assert columns("", "data.columns={a: number}", "data.columns.a.bins=3") == {"a": NumberColumn(bins=3)}


def test_names_with_dots_spaces_and_quotes_stand_in_quotes():
    found = columns(
        "", 'data.columns."bill length (mm)".scale=log', 'data.columns."a.b"=text', 'data.columns."x""="=date'
    )
    assert found == {"bill length (mm)": NumberColumn(scale="log"), "a.b": TextColumn(), 'x"=': DateColumn()}


def test_a_word_before_an_override_is_kept_where_name_chooses():
    found = config("", "train.optimizer=sgd", "train.optimizer.momentum=0.5").train.optimizer
    assert (found.name, found.momentum) == ("sgd", 0.5)


def test_an_unknown_kind_is_told_with_the_nearest():
    [problem] = problems("{sex: categroy}")
    assert problem.code == "AM102"
    assert problem.path == "data.columns.sex.kind"
    assert (problem.place.line, problem.place.column) == (5, 18)
    assert problem.suggestions[0].replace == "category"


def test_an_option_of_another_kind_says_so():
    [problem] = problems("{sex: {kind: category, scale: robust}}")
    assert problem.message == ("`scale` is an option of number columns, and `data.columns.sex` is of the kind category")
    assert (problem.code, problem.path) == ("AM101", "data.columns.sex.scale")
    assert (problem.place.line, problem.place.column) == (5, 35)


def test_a_misspelt_option_is_found_in_its_kind():
    [problem] = problems('{"bill length": {kind: number, scal: robust}}')
    assert (problem.code, problem.path) == ("AM101", 'data.columns."bill length".scal')
    assert problem.suggestions[0].replace == "scale"
    [problem] = problems("{bill: {scal: robust}}")
    assert problem.suggestions[0].replace == "scale"


@pytest.mark.parametrize("written", ["{a: {}}", "{a: {kind: ~}}"])
def test_a_section_must_say_its_kind(written):
    [problem] = problems(written)
    assert (problem.code, problem.path) == ("AM109", "data.columns.a.kind")
    assert "number, category, date, text or ignore" in problem.help


@pytest.mark.parametrize(
    ("written", "path", "says"),
    [
        ("{a: 3}", "data.columns.a", "must be number, category, date, text or ignore, or a section with such a `kind`"),
        ("{a: [number]}", "data.columns.a", "found a list"),
        ("[a, b]", "data.columns", "must be a mapping, each value number, category"),
        ("{a: {kind: number, bins: -1}}", "data.columns.a.bins", "must be a whole number"),
        ("{a: {kind: text, words: {max_length: 0}}}", "data.columns.a.words.max_length", "from 1 to"),
        ("{a: {kind: date, parts: [yaer]}}", "data.columns.a.parts[0]", 'found the text "yaer"'),
        ("{a: {kind: number, clip: [0.9, 2]}}", "data.columns.a.clip[1]", "from 0 to 1"),
    ],
)
def test_a_wrong_value_is_told_at_its_place(written, path, says):
    [problem] = problems(written)
    assert (problem.code, problem.path) == ("AM102", path)
    assert says in problem.message


def test_every_mistake_is_told_at_once():
    found = problems("{a: numbr, b: {scale: rob}, c: {kind: date, scale: log}}")
    assert [problem.path for problem in found] == [
        "data.columns.a.kind",
        "data.columns.b.scale",
        "data.columns.c.scale",
    ]


def test_another_kind_by_an_override_leaves_the_old_options_behind():
    [problem] = problems("{a: {kind: number, scale: log}}", "data.columns.a.kind=category")
    assert problem.code == "AM115"
    assert problem.help == "unset it too: data.columns.a.scale=null"


WRITTEN = '{a: number, "b c": {kind: category, hash: 8}, d.e: {kind: date, format: "%d.%m.%Y"}, "*": ignore}'


def test_what_is_written_loads_to_the_same():
    first = config(WRITTEN)
    again = check(read(to_yaml(first), source="b.yaml"), source="b.yaml")
    assert again == first
    assert list(again.data.columns) == ["a", "b c", "d.e", "*"]


def test_differences_keep_the_kind():
    first = config(WRITTEN)
    text = dumped(differences(first))
    assert "scale" not in text
    assert check(read(text, source="c.yaml"), source="c.yaml") == first


@pytest.mark.parametrize(
    ("written", "is_right"),
    [
        ("{a: number}", True),
        ("{a: {scale: log}, b: {kind: text, words: {lower: false}}}", True),
        ("{a: ~}", True),
        ("{a: numbr}", False),
        ("{a: {}}", False),
        ("{a: {kind: number, hash: 3}}", False),
        ("{a: 3}", False),
        ("[a]", False),
    ],
)
def test_the_schema_for_editors_says_the_same(written, is_right):
    document = plain(read(f"{HEAD}  columns: {written}{MODEL}", source="a.yaml"))
    assert (not list(jsonschema.Draft7Validator(json_schema()).iter_errors(document))) == is_right
    if is_right:
        config(written)
    else:
        assert problems(written)


def test_the_schema_of_a_column_can_be_asked_for():
    assert "anyOf" in str(field_schema(["data", "columns"]))
    assert field_schema(["data", "columns", "bill", "scale"])["default"] == "standard"
    assert field_schema(["data", "columns", "bill", "scael"]) is None


def test_a_config_of_a_file_reads_as_one(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text(f"{HEAD}  columns:\n    a: number\n    b:\n      scale: robust\n{MODEL}", encoding="utf-8")
    from aimodels.config.loading import load

    assert load(path).config.data.columns["b"] == NumberColumn(scale="robust")
