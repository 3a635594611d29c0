"""Counting words in parts, and which of them are the most frequent."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from aimodels.data.word_counts import counted, most_frequent
from aimodels.events import Event, Warned, listening


def parts(*counts: dict[str, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for one in counts:
        yield np.array([word.encode() for word in one], dtype=object), np.array(list(one.values()), dtype=np.int64)


def test_parts_add_up() -> None:
    assert counted(parts({"a": 2, "b": 1}, {}, {"b": 3})) == {b"a": 2, b"b": 4}


def test_by_count_and_then_by_alphabet() -> None:
    counts = Counter(
        {word.encode(): count for word, count in {"b": 2, "é": 2, "a": 2, "Z": 2, "好": 9, "c": 1}.items()}
    )
    assert most_frequent(counts, most=10) == ("好", "Z", "a", "b", "é", "c")
    assert most_frequent(counts, most=2) == ("好", "Z")


def test_past_the_limit_the_rarest_are_forgotten_and_it_is_told() -> None:
    events: list[Event] = []
    with listening(events.append):
        counts = counted(parts({"the": 50, "a": 20, "x": 1, "y": 1}, {"z": 2, "w": 1, "the": 1}), most=3)
    # The second time, what occurs twice goes too: to forget the same few words after every part would take for ever.
    assert counts == {b"the": 51, b"a": 20}
    [warning] = events
    assert isinstance(warning, Warned)
    assert warning.code == "AM333"
    assert "more than 3 different words: some that occur 2 times or less" in warning.message


def test_at_the_limit_nothing_is_forgotten() -> None:
    events: list[Event] = []
    with listening(events.append):
        assert len(counted(parts({"a": 1, "b": 1}, {"c": 1}), most=3)) == 3
    assert events == []


@pytest.mark.parametrize("most", [1, 2])
def test_equally_rare_words_are_all_forgotten_rather_than_some(most: int) -> None:
    assert counted(parts({"a": 1, "b": 1, "c": 1}), most=most) == {}
