"""What is said about the classes of a training split."""

import numpy as np
import pytest

from aimodels.data.class_counts import check_classes
from aimodels.errors import DataError
from aimodels.events import Event, Warned, listening


def warned(targets, class_names) -> list[tuple[str, str]]:
    heard: list[Event] = []
    with listening(heard.append):
        check_classes(np.array(targets), class_names=class_names, where="here")
    return [(event.code, event.message) for event in heard if isinstance(event, Warned)]


def test_one_class_only_is_an_error():
    with pytest.raises(DataError, match=r"here has examples of one class only: 'dog' \(3 examples\)") as caught:
        check_classes(np.array([1, 1, 1]), class_names=["cat", "dog"], where="here")
    assert caught.value.code == "AM210"


def test_nothing_is_said_of_even_classes():
    assert warned([0, 0, 0, 0, 1], ["cat", "dog"]) == []


def test_a_class_without_examples_is_a_warning():
    [(code, message)] = warned([0, 2], ["cat", "dog", "eel", "fox"])
    assert (code, message) == ("AM213", "no training example for 2 of 4 classes: dog, fox")


def test_classes_of_very_different_size_are_a_warning():
    [(code, message)] = warned([0] * 1200 + [1] * 100 + [2] * 500, ["cat", "dog", "eel"])
    assert code == "AM214"
    assert message == "class 'dog' has 12 times fewer examples than 'cat' (100 and 1,200)"
