"""What is predicted from the rows of a table: classes, several labels, or a number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aimodels.config.tables import TaskAsked
from aimodels.data.cell_types import is_number
from aimodels.data.column_kinds import numbers_in, shown
from aimodels.data.dataset import Target, Task, target_of
from aimodels.data.stray_words import StrayWords, missing_list, stray_words
from aimodels.data.table_pieces import OnError
from aimodels.data.table_problems import listed
from aimodels.errors import ConfigError, DataError, Problem
from aimodels.events import warn

if TYPE_CHECKING:
    import pyarrow

# So many different whole numbers may be classes, if each comes several times.
MOST_NUMBERED_CLASSES = 20
TIMES_A_CLASS = 3
# So many different texts may be classes; more only where each comes twice on average.
FEW_CLASSES = 20
WHOLE = r"^[+-]?\d{1,15}([.]0*)?$"
TRUE_WORDS = ("1", "1.0", "true", "True", "TRUE", "yes", "Yes", "YES")
FALSE_WORDS = ("0", "0.0", "false", "False", "FALSE", "no", "No", "NO")


@dataclass(frozen=True)
class GuessedTask:
    """Whether classes or numbers are predicted, and why. `strays` are the few targets that are no numbers."""

    task: Task
    reason: str
    strays: StrayWords | None = None


def guess_task(targets: "pyarrow.Table", *, decimal: str = ".") -> GuessedTask:
    """What the targets in a sample (a column of strings each, null where one is missing) seem to be.

    Texts are classes. Whole numbers are classes if there are two of them, or few that come often. Other numbers are
    numbers, also with a few texts between them. Several columns are several labels.
    """
    import pyarrow.compute as pc

    if targets.num_columns > 1:
        return GuessedTask("multilabel", f"{targets.num_columns} columns")
    strings = pc.utf8_trim_whitespace(targets.column(0))
    strays = stray_words(strings, decimal=decimal)
    if strays is not None and strays.noun == "number" and not strays.other_mark:
        numbers = strings.filter(is_number(strings, decimal=decimal))
        if _guess_one(numbers, decimal=decimal).task == "regression":
            return GuessedTask("regression", f"{len(pc.unique(numbers)):,} different numbers", strays)
    return replace(_guess_one(strings, decimal=decimal), strays=strays)


def _guess_one(strings: "pyarrow.ChunkedArray", *, decimal: str) -> GuessedTask:
    import pyarrow.compute as pc

    values = strings.combine_chunks().drop_null()
    different = pc.unique(values)
    what = f"{len(different):,} different"
    numbers = numbers_in(different, decimal=decimal)
    of_classes: Task = "binary" if len(different) == 2 else "multiclass"
    if numbers is None or not len(different):
        return GuessedTask(of_classes, f"{what} texts")
    is_whole = bool(np.all(np.isfinite(numbers)) and np.all(numbers == np.floor(numbers)))
    is_few = len(different) <= min(MOST_NUMBERED_CLASSES, len(values) // TIMES_A_CLASS)
    if is_whole and (len(different) <= 2 or is_few):
        return GuessedTask(of_classes, f"{what} whole numbers")
    return GuessedTask("regression", f"{what} numbers")


def expect_numbers(strings: "pyarrow.ChunkedArray", *, name: str, on_error: OnError, decimal: str = ".") -> None:
    """Refuse a target for regression that is no number; a few such rows may be skipped.

    Raises:
        DataError: a few targets are texts, and are not to be skipped.
        ConfigError: it holds texts.
    """
    import pyarrow.compute as pc

    strays = stray_words(strings, decimal=decimal)
    if strays is not None and strays.noun == "number":
        if on_error == "skip" and not strays.other_mark:
            return
        raise DataError(
            f"the target {name} is to be a number: {strays.words}", code="AM284", help=target_advice(strays)
        )
    different = pc.unique(strings).drop_null()
    words = different.filter(pc.invert(is_number(different, decimal=decimal)))
    if len(words):
        message = f'`data.task` is regression, and the target {name} is no number: "{shown(words[0].as_py())}"'
        help = "for classes, leave `data.task` out; a word for a missing value belongs to `data.format.missing`"
        raise ConfigError([Problem(code="AM284", message=message, path="data.task", help=help)], source="data.task")


def target_advice(strays: StrayWords) -> str:
    """What to write about a target that is a number in nearly all rows."""
    if strays.other_mark:
        return "say what stands before decimals, `data.format.decimal`, and write nothing between thousands"
    return (
        f"if that stands for a missing target, say so, `data.format.missing: {missing_list(strays)}` (add every other "
        "word for it) with `data.clean: {missing_target: drop}`; or leave out and count such rows, "
        "`data.on_error: skip`; for classes, `data.task: multiclass`"
    )


def class_names_of(strings: "pyarrow.ChunkedArray", *, where: str) -> tuple[str, ...]:
    """The classes of the training rows by name, or by number where all are whole numbers.

    Raises:
        DataError: nearly every row has a class of its own.
    """
    import pyarrow.compute as pc

    different = pc.unique(strings).drop_null()
    names: list[str] = different.to_pylist()
    if len(names) > max(FEW_CLASSES, len(strings) // 2):
        are_numbers = pc.all(is_number(different)).as_py()
        raise DataError(
            f"the target of {where} has {len(names):,} different values in {len(strings):,} rows, which are no classes",
            code="AM269",
            help="predict the number, `data.task: regression`"
            if are_numbers
            else "name another column in `data.target`",
        )
    are_whole = all(re.fullmatch(r"-?\d{1,18}", name) for name in names)
    return tuple(sorted(names, key=int if are_whole else str))


def as_classes(strings: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """The texts as names of classes: where all are whole numbers, 1.0 and +1 are 1."""
    import pyarrow.compute as pc

    if not pc.all(pc.match_substring_regex(strings, WHOLE), min_count=0).as_py():
        return strings
    return pc.replace_substring_regex(pc.replace_substring_regex(strings, r"[.]0*$", ""), r"^\+", "")


def class_numbers(strings: "pyarrow.ChunkedArray", *, class_names: Sequence[str], where: str) -> npt.NDArray[np.int64]:
    """The number of each row's class, int64 [N].

    Raises:
        DataError: a class is none of the training rows'.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.index_in(strings, value_set=pa.array(class_names, pa.string()))
    strange = strings.filter(pc.is_null(numbers))
    if len(strange):
        names = pc.unique(strange).to_pylist()
        raise DataError(
            f"{where} has classes that the training rows have not: {listed(names)}",
            code="AM216",
            help="give the training table rows of them, or leave these rows out",
        )
    found: npt.NDArray[np.int64] = np.asarray(numbers.to_numpy(), dtype=np.int64)
    return found


def labels(strings: "pyarrow.Table", *, where: str) -> npt.NDArray[np.int64]:
    """A 0 or 1 per row and column, int64 [N, K].

    Raises:
        DataError: a value is neither 0 nor 1, nor true or false, nor yes or no.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for name in strings.column_names:
        is_true = pc.is_in(strings[name], value_set=pa.array(TRUE_WORDS))
        is_false = pc.is_in(strings[name], value_set=pa.array(FALSE_WORDS))
        strange = strings[name].filter(pc.invert(pc.or_(is_true, is_false)))
        if len(strange):
            raise DataError(
                f"the label {name} of {where} is {shown(str(strange[0].as_py()))} in a row, and must be 0 or 1",
                code="AM270",
                help="write 0 or 1, true or false, yes or no; for one of several classes, name one column of classes",
            )
        found.append(np.asarray(is_true.to_numpy(), dtype=np.int64))
    return np.stack(found, axis=1)


def check_labels(found: npt.NDArray[np.int64], *, names: Sequence[str], where: str) -> None:
    """Refuse labels of which none ever changes, warn of each that does not.

    Raises:
        DataError: every label is the same in all rows.
    """
    constant = [name for name, column in zip(names, found.T, strict=True) if len(np.unique(column)) == 1]
    if len(constant) == len(names):
        raise DataError(
            f"every label of {where} is the same in all training rows ({len(found):,})",
            code="AM271",
            help="there is nothing to learn; name other columns in `data.target`",
        )
    if constant:
        warn(
            "AM288",
            f"the same in every training row of {where}: the label{'s' * (len(constant) > 1)} {listed(constant)}",
            help="nothing can be learned of such a label; add rows, or take it out of `data.target`",
        )


def check_numbers(numbers: npt.NDArray[np.float64], *, where: str) -> None:
    """Refuse numbers to be predicted that are all the same.

    Raises:
        DataError: they are.
    """
    if len(numbers) and np.all(numbers == numbers[0]):
        raise DataError(
            f"the target of {where} is {numbers[0]:g} in every training row ({len(numbers):,})",
            code="AM271",
            help="there is nothing to learn; name another column in `data.target`",
        )


def target_for(task: Task, *, asked: TaskAsked, class_names: Sequence[str], unit: str | None) -> Target:
    """What is predicted. Two classes are a binary task, whichever was asked for.

    Raises:
        ConfigError: two classes were asked for, and there are more.
    """
    if task == "regression":
        return Target(task=task, unit=unit)
    if task == "multilabel":
        return Target(task=task, class_names=tuple(class_names))
    if asked == "binary" and len(class_names) > 2:
        message = f"`data.task` is binary, and the target has {len(class_names):,} classes: {listed(class_names)}"
        problem = Problem(code="AM272", message=message, path="data.task", help="write `multiclass`, or leave it out")
        raise ConfigError([problem], source="data.task")
    return target_of(class_names)
