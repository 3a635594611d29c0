"""Texts as people see them: short, on one line, harmless to a terminal, as wide as it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.data.excerpts import BETWEEN_TEXTS, ELLIPSIS, excerpt, fitted, fitted_pair, num_columns, on_one_line

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)


@given(ANY_TEXT, st.integers(1, 60))
def test_an_excerpt_is_never_longer_and_any_file_can_hold_it(text, longest):
    kept = excerpt(text, longest=longest)
    assert len(kept) <= longest or kept == ELLIPSIS
    assert json.loads(json.dumps(kept, ensure_ascii=False).encode("utf-8")) == kept


def test_short_texts_are_kept_as_they_are():
    text = "Good.<br />\n  Not bad\t"
    assert excerpt(text) == text


@pytest.mark.parametrize(
    ("text", "longest", "kept"),
    [
        ("one two three", 13, "one two three"),
        ("one two three four", 15, "one two three…"),
        ("one two three", 9, "one two…"),
        ("onetwothreefour", 6, "onetw…"),
        ("one twothreefourfivesix", 12, "one twothre…"),
    ],
)
def test_a_cut_comes_after_a_word_where_one_ends_nearby(text, longest, kept):
    assert excerpt(text, longest=longest) == kept


@given(ANY_TEXT)
def test_nothing_that_moves_a_cursor_or_turns_a_line_round_is_left(text):
    line = on_one_line(text)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in line)
    assert not any(0x202A <= ord(char) <= 0x202E or 0x2066 <= ord(char) <= 0x2069 for char in line)
    line.encode("utf-8")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "<br>", "<br/>", "<BR  />", "\u2028", "\x85", "\v"])
def test_every_kind_of_line_end_is_a_space(line_end):
    assert on_one_line(f"one{line_end}{line_end}two{line_end}") == "one two"


@given(ANY_TEXT, st.integers(1, 30))
def test_a_fitted_text_is_as_wide_as_there_is_room_and_a_prefix(text, columns):
    shown = fitted(text, columns=columns)
    assert num_columns(shown) <= columns
    assert shown == text or text.startswith(shown.removesuffix(ELLIPSIS))


def test_wide_characters_take_two_columns():
    assert fitted("电影很好看", columns=10) == "电影很好看"
    assert fitted("电影很好看", columns=9) == "电影很好…"
    assert fitted("电影很好看", columns=8) == "电影很…"


def test_marks_that_turn_a_line_round_are_left_out():
    assert on_one_line("\u202eevil\u202c \u2067text\u2069 \u200ffine\u061c") == "evil text fine"


@given(st.text(max_size=40), st.text(max_size=40), st.integers(11, 80))
def test_both_texts_of_a_pair_are_seen_in_the_room_that_there_is(first, second, columns):
    shown = fitted_pair(first, second, columns=columns)
    assert num_columns(shown) <= columns
    if num_columns(first) + num_columns(second) + len(BETWEEN_TEXTS) <= columns:
        assert shown == f"{first}{BETWEEN_TEXTS}{second}"
    else:
        assert ELLIPSIS in shown
        assert BETWEEN_TEXTS in shown
