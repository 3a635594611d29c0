"""What is predicted from texts: classes or numbers, guessed and asked for."""

import pytest

from aimodels.data.found_text import FoundText
from aimodels.data.text_targets import class_names_of, predicted
from aimodels.errors import ConfigError, DataError


def found(*targets: str) -> list[FoundText]:
    return [FoundText("train", target, f"a.csv:{place}", "text") for place, target in enumerate(targets, start=2)]


@pytest.mark.parametrize(
    ("targets", "task"),
    [
        (("0", "1", "1", "0"), "binary"),
        (("1", "5", "3"), "multiclass"),
        (("no", "yes"), "binary"),
        (("1", "2", "unknown"), "multiclass"),
        (("0.5", "1", "0"), "regression"),
        (("-1e3", "2", "3"), "multiclass"),
        (tuple(map(str, range(20))), "multiclass"),
        (tuple(map(str, range(21))), "regression"),
        (("1.5", "2,5"), "binary"),
        (("1.5", "nan", "inf"), "multiclass"),
    ],
)
def test_what_is_predicted_is_guessed(targets, task):
    assert predicted(found(*targets), asked="auto", unit=None, where="here").target.task == task


def test_only_a_guess_from_numbers_has_a_reason():
    assert predicted(found("0", "1", "0"), asked="auto", unit=None, where="").reason == "2 different whole numbers"
    assert predicted(found("0.5", "1"), asked="auto", unit=None, where="").reason == "2 different numbers"
    assert predicted(found("no", "yes"), asked="auto", unit=None, where="").reason == ""
    assert predicted(found("0", "1"), asked="binary", unit=None, where="").reason == ""


def test_what_is_asked_for_is_taken():
    numbers = predicted(found("0", "1", "x"), asked="regression", unit="stars", where="here")
    assert (numbers.target.task, numbers.target.unit, numbers.target.class_names) == ("regression", "stars", ())
    assert [text.problem for text in numbers.found] == ["", "", 'its target is no number: "x"']
    classes = predicted(found("0.5", "1.5", "2.5"), asked="multiclass", unit=None, where="here")
    assert classes.target.class_names == ("0.5", "1.5", "2.5")


def test_more_classes_than_two_are_not_binary():
    with pytest.raises(ConfigError) as caught:
        predicted(found("a", "b", "c"), asked="binary", unit=None, where="here")
    assert caught.value.problems[0].code == "AM272"


def test_numbers_with_a_few_words_between_them_are_pointed_to_regression():
    with pytest.raises(DataError, match="41 different values in 41 rows") as caught:
        predicted(found(*(f"{number}.5" for number in range(40)), "n/a"), asked="auto", unit=None, where="here")
    assert caught.value.code == "AM249"
    assert "data.task: regression" in caught.value.help


def test_classes_are_in_order():
    assert class_names_of(found("10", "9", "9"), where="here") == ("9", "10")
    assert class_names_of(found("b", "a", "10"), where="here") == ("10", "a", "b")
