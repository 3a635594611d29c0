"""Bars on the command line: read, checked, and refused when they are misspelt."""

import math

import pytest

from aimodels.errors import UsageError
from aimodels.evaluation.thresholds import check, parse

KNOWN = ("accuracy", "macro_f1", "log_loss", "roc_auc")


def test_bars_are_checked_on_the_right_side_and_may_be_met_exactly():
    bars = parse(["accuracy=0.9", "macro_f1 = 1"], bound="min", known=KNOWN)
    bars += parse(["log_loss=1e-1"], bound="max", known=KNOWN)
    checked = check(bars, metrics={"accuracy": 0.9, "macro_f1": 0.8, "log_loss": 0.2})
    assert [bar.ok for bar in checked] == [True, False, False]
    assert [bar.wanted for bar in checked] == [0.9, 1.0, 0.1]
    assert str(checked[1]) == "macro_f1 0.8000, wanted >= 1"


def test_a_score_that_is_not_there_clears_no_bar():
    [bar] = check(parse(["roc_auc=0.5"], bound="max", known=KNOWN), metrics={"roc_auc": math.nan})
    assert bar.as_document() == {"metric": "roc_auc", "bound": "max", "wanted": 0.5, "got": None, "ok": False}
    assert str(bar) == "roc_auc not measured, wanted <= 0.5"


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ("acuracy=0.9", "no metric is called acuracy", "did you mean accuracy"),
        ("quality=0.9", "no metric is called quality", "there are: accuracy, macro_f1"),
        ("accuracy", "got nothing", "--min accuracy=0.97"),
        ("accuracy=high", "got high", "--min accuracy=0.97"),
        ("accuracy=nan", "got nan", "--min accuracy=0.97"),
    ],
)
def test_bars_that_say_nothing_are_refused(text, message, help):
    with pytest.raises(UsageError, match=message) as caught:
        parse([text], bound="min", known=KNOWN)
    assert caught.value.code == "AM514"
    assert help in caught.value.help
