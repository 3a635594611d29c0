"""Texts that stand in two splits: which are found, and how they are named."""

import numpy as np
import pytest

from aimodels.data.copied_texts import copies_in, named_copies
from aimodels.data.dataset import Dataset, Provenance, Split, Target, TextInput, Texts
from aimodels.data.folding import folded
from aimodels.datasets.text_folder import Options
from aimodels.events import Event, Warned, listening


def split(name, *strings, names=(), seconds=()):
    return Split(name, Texts(strings, names, seconds), np.zeros(len(strings), np.int64))


def test_a_copy_is_named_with_both_of_its_places_and_its_first_words():
    train = split("train", "one", "a b " * 50, names=("a.csv:2", "a.csv:3"))
    test = split("test", "two", "a b " * 50, names=("b.csv:2", "b.csv:3"))
    [copy] = copies_in((train, None, test))
    assert str(copy) == f'b.csv:3 (test) is a.csv:3 (train), "{"a b " * 14}a b…"'


def test_copies_within_a_split_are_none_and_pairs_are_equal_in_both_texts():
    assert copies_in((split("train", "one", "one"), split("test", "two"))) == []
    train = split("train", "q", seconds=("yes",))
    found = copies_in((train, split("validation", "q", "q", seconds=("no", "yes"))))
    assert [str(copy) for copy in found] == ['text 2 (validation) is text 1 (train), "q ‖ yes"']


def test_of_many_copies_three_are_named():
    strings = tuple("abcde")
    found = copies_in((split("train", *strings), split("test", *strings)))
    assert named_copies(found).count("(train)") == 3
    assert named_copies(found).endswith('; text 3 (test) is text 3 (train), "c"; and 2 more')
    assert named_copies([]) == ""


@pytest.mark.parametrize(
    ("strings", "says"), [("abcdea", "1 of the 2 test examples of this fold is, byte for byte"), ("abcdef", "")]
)
def test_a_fold_names_what_it_also_learns_from(strings, says):
    examples = Texts(tuple(strings), tuple(f"{number}.txt" for number in range(6)))
    target = Target(task="binary", class_names=("neg", "pos"))
    train = Split("train", examples, np.array([0, 1, 0, 1, 0, 1]))
    whole = Dataset(TextInput(), target, train, None, None, Provenance("here", "none", {}))
    heard: list[Event] = []
    for number in (1, 2, 3):
        options = Options(name="text_folder", path="here", validation=0.0, fold={"number": number, "of": 3})
        with listening(heard.append):
            folded(whole, options=options, seed=0)
    told = [event.message for event in heard if isinstance(event, Warned) and event.code == "AM224"]
    assert len(told) == (2 if says else 0)
    for message in told:
        assert says in message
        assert message.endswith(('5.txt (test) is 0.txt (train), "a"', '0.txt (test) is 5.txt (train), "a"'))
