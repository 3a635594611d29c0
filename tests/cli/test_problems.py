"""How mistakes look: a golden text, carets under wide characters, JSON, and nothing that moves a cursor."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from aimodels.cli.problems import as_json, printable, render
from aimodels.config.loading import load
from aimodels.errors import ConfigError, Place, Problem

FOUR_MISTAKES = """\
name: first
data:
  name: mnist
  batch_size: 128
model: {name: cnn}
train:
  epoch: 10
  optimizer:
    learning_rate: "fast"

  xla: maybe
"""
GOLDEN = """\
error[AM103]: `batch_size` is not a key of `data`
  --> bad.yaml:4:3
   |
 3 |   name: mnist
 4 |   batch_size: 128
   |   ^^^^^^^^^^ belongs under `train`
 5 | model: {name: cnn}
   |
   = help: move it to `train.batch_size`

error[AM101]: unknown key `train.epoch`
  --> bad.yaml:7:3
   |
 6 | train:
 7 |   epoch: 10
   |   ^^^^^ did you mean `epochs`?
 8 |   optimizer:
   |
   = help: rename it to `epochs` (a whole number, 1 or more; default 10)
   = note: keys allowed under `train`: accumulate, augment, batch_size, checkpoint, class_weights, \
deterministic, device, early_stopping, ... (24)

error[AM102]: `train.optimizer.learning_rate` must be a number above 0, found the text "fast"
   --> bad.yaml:9:20
    |
  8 |   optimizer:
  9 |     learning_rate: "fast"
    |                    ^^^^^^ expected a number above 0
    |
    = help: for example `learning_rate: 0.001`

error[AM102]: `train.xla` must be auto, true or false, found the text "maybe"
   --> bad.yaml:11:8
    |
 11 |   xla: maybe
    |        ^^^^^ not one of them
    |
    = help: for example `xla: auto`

4 errors in bad.yaml; nothing was started. More: aimodels explain AM103"""


def refused(text: str, *overrides: str) -> ConfigError:
    path = Path("bad.yaml")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, overrides=overrides)
    return raised.value


def shown(error: ConfigError) -> str:
    return render(error.problems, source=error.source).plain


def test_four_mistakes_in_one_file() -> None:
    assert shown(refused(FOUR_MISTAKES)) == GOLDEN


def test_an_override_is_shown_as_it_was_typed() -> None:
    text = shown(refused("data: mnist\nmodel: cnn", "train.epochs=ten"))
    assert (
        "\n  --> override, column 14\n   |\n   | train.epochs=ten\n   |              ^^^ expected a whole number\n"
        in text
    )
    assert text.endswith("1 error in the overrides; nothing was started. More: aimodels explain AM102")


def test_both_places_of_a_repeated_key() -> None:
    text = shown(refused("data: mnist\nmodel: cnn\ndata: mnist"))
    assert "  --> bad.yaml:3:1\n" in text
    assert "  ::: bad.yaml:1:1\n   |\n 1 | data: mnist\n   | ---- see here\n" in text


def test_carets_are_under_wide_characters() -> None:
    lines = shown(refused('data: mnist\nmodel: cnn\ntrain: {class_weights: {"数字": 1, "猫": -1}}')).splitlines()
    number = next(index for index, line in enumerate(lines) if "^" in line)
    assert cell_len(lines[number - 1].partition("-1")[0]) == lines[number].index("^")
    assert lines[number].count("^") == 2


def test_at_most_ten_are_shown() -> None:
    text = shown(refused("data: mnist\nmodel: cnn\n" + "".join(f"key{number}: 1\n" for number in range(13))))
    assert text.count("error[AM101]") == 10
    assert "\n\nand 3 more\n\n13 errors in bad.yaml; nothing was started." in text


def test_a_long_line_is_shown_around_the_mistake() -> None:
    text = shown(refused(f"data: mnist\nmodel: cnn\ntrain: {{monitor: {'m' * 500}, epochs: ten, device: {'d' * 500}}}"))
    frame = [line for line in text.splitlines() if "epochs: ten" in line][0]
    caret = next(line for line in text.splitlines() if "^^^" in line)
    assert len(frame) < 170
    assert frame.index("ten") == caret.index("^^^")


def test_control_characters_of_the_user_stay_harmless() -> None:
    text = shown(refused('data: mnist\nmodel: cnn\nname: "\\e[2J\\a"\n'))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert printable("a\tb\x1b\nc") == "a b\ufffd\ufffdc"


def test_an_error_without_a_place() -> None:
    text = render([Problem(code="AM110", message="no such file", help="look again", notes=("one\ntwo",))]).plain
    assert text == "error[AM110]: no such file\n  = help: look again\n  = note: one\n          two"


def test_a_place_without_its_lines_is_named() -> None:
    text = render([Problem(code="AM201", message="a bad row", place=Place("data.csv", 1812, 3, 5))]).plain
    assert text == "error[AM201]: a bad row\n  --> data.csv:1812:3"


def test_json_has_every_part() -> None:
    [problem] = refused("data: mnist\nmodel: cnn\ntrain:\n  epoch: 10").problems
    entry = as_json(problem)
    notes = entry.pop("notes")
    assert notes[0].startswith("keys allowed under `train`")
    assert entry == {
        "code": "AM101",
        "message": "unknown key `train.epoch`",
        "file": "bad.yaml",
        "line": 4,
        "column": 3,
        "end_column": 8,
        "path": "train.epoch",
        "suggestions": [{"replace": "epochs", "confidence": "high"}],
        "help": "rename it to `epochs` (a whole number, 1 or more; default 10)",
    }


def test_json_of_an_override_names_the_argument() -> None:
    [problem] = refused("data: mnist\nmodel: cnn", "train.epochs=ten").problems
    entry = as_json(problem)
    assert (entry["override"], entry["column"], entry["end_column"]) == ("train.epochs=ten", 14, 17)
    assert "file" not in entry
