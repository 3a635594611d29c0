"""What is predicted from the rows of a table of texts: a class each, or a number each."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aimodels.data.dataset import SplitName, Target
from aimodels.data.excerpts import excerpt, on_one_line
from aimodels.data.found_text import FoundText
from aimodels.data.table_targets import FEW_CLASSES, MOST_NUMBERED_CLASSES, target_for
from aimodels.errors import DataError

TaskAsked = Literal["auto", "binary", "multiclass", "regression"]
MOST_NAMED = 20
NUMBER = re.compile(r"[+-]?(\d+([.]\d*)?|[.]\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"-?\d{1,18}")
# A column of so many numbers was meant to hold numbers, whatever else is in it.
NEARLY_ALL = 0.5


@dataclass(frozen=True)
class Predicted:
    """What the targets are, and the rows with what is wrong in those that are none. `reason` says for people why it was
    taken for that; empty where nothing was guessed from numbers."""

    target: Target
    found: Sequence[FoundText]
    reason: str = ""


def predicted(found: Sequence[FoundText], *, asked: TaskAsked, unit: str | None, where: str) -> Predicted:
    """What the rows are to teach. Numbers with a fraction are numbers, and so are more than 20 different whole ones;
    everything else is a class, unless the user says so.

    Raises:
        DataError: the targets are neither; or another split has a class that the training rows lack.
        ConfigError: two classes were asked for, and there are more.
    """
    targets = Counter(text.target for text in found if text.split == "train" and text.target)
    are_numbers = bool(targets) and all(map(is_number, targets))
    reason = ""
    if asked == "auto" and are_numbers:
        num_whole = sum(float(target).is_integer() for target in targets)
        reason = f"{len(targets):,} different {'whole ' * (num_whole == len(targets))}numbers"
    many = len(targets) > MOST_NUMBERED_CLASSES
    if asked == "regression" or (reason and (many or "whole" not in reason)):
        return Predicted(Target(task="regression", unit=unit), [_with_number(text) for text in found], reason)
    names = class_names_of(found, where=where)
    of_classes = target_for("multiclass", asked=asked, class_names=names, unit=None)
    return Predicted(of_classes, found, reason)


def is_number(target: str) -> bool:
    """Whether a target is a number that is finite, with a point before its decimals."""
    return NUMBER.fullmatch(target) is not None and abs(float(target)) != float("inf")


def _with_number(text: FoundText) -> FoundText:
    """The row, with what is wrong with it if its target is no number."""
    if text.problem or is_number(text.target):
        return text
    shown = excerpt(on_one_line(text.target), longest=40)
    return replace(text, target="", problem=f'its target is no number: "{shown}"')


def class_names_of(found: Sequence[FoundText], *, where: str) -> tuple[str, ...]:
    """The classes of the training rows by name, or by number where all are whole numbers.

    Raises:
        DataError: another split has a class that the training rows lack, or the targets are no classes.
    """
    by_split: dict[SplitName, Counter[str]] = {}
    for text in found:
        if text.target:
            by_split.setdefault(text.split, Counter())[text.target] += 1
    train = by_split.get("train", Counter())
    if len(train) > max(FEW_CLASSES, train.total() // 2):
        raise no_classes(
            where,
            f"has {len(train):,} different values in {train.total():,} rows",
            are_numbers=sum(map(is_number, train)) > NEARLY_ALL * len(train),
        )
    for split, counts in by_split.items():
        strange = sorted(set(counts) - set(train))
        if strange:
            raise DataError(
                f"{where} has classes in {split} that train has not: {', '.join(strange[:MOST_NAMED])}",
                code="AM216",
                help="give the training table examples of them, or leave them out",
            )
    are_whole = all(WHOLE.fullmatch(name) for name in train)
    return tuple(sorted(train, key=int if are_whole else str))


def no_classes(where: str, what: str, *, are_numbers: bool = False) -> DataError:
    """The error for targets that are no classes; `are_numbers` says that most of them are numbers."""
    return DataError(
        f"the target column of {where} {what}, which are no classes",
        code="AM249",
        help="predict the number, `data.task: regression`; rows whose target is none are named then, or left out with "
        "`data.on_error: skip`"
        if are_numbers
        else "name the column that holds the class of each text: `data.target`",
    )
