"""Training texts without a word: some are used, many are told, and all of them are refused."""

import pytest

from aimodels.data.blank_texts import check_blank
from aimodels.data.found_text import FoundText
from aimodels.errors import DataError
from aimodels.events import Event, Warned, listening


def texts(*strings: str, second: str | None = None) -> list[FoundText]:
    train = [FoundText("train", "yes", f"row {n}", text, second=second) for n, text in enumerate(strings)]
    return [*train, FoundText("test", "yes", "row 99", "good", second=second)]


def told(found: list[FoundText]) -> list[Warned]:
    heard: list[Event] = []
    with listening(heard.append):
        check_blank(found, where="t.csv")
    return [event for event in heard if isinstance(event, Warned)]


def test_training_texts_without_any_word_are_refused() -> None:
    with pytest.raises(DataError, match=r"none of the 2 training texts in t.csv has a word") as caught:
        check_blank(texts("", "\n \t", second=" "), where="t.csv")
    assert caught.value.code == "AM538"


def test_many_empty_texts_are_told_with_the_first_of_them() -> None:
    [warned] = told(texts("good", "", *["a"] * 7))
    assert warned.code == "AM539"
    assert "1 of the 9 training texts in t.csv (11.1%) is empty, such as row 1" in warned.message
    assert told(texts("good", "", *["a"] * 8)) == []
    assert told(texts("", " ", "a", second="b")) == []
