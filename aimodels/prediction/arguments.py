"""What the columns of a table are called as arguments of an exported model.

A client writes `model.signatures["serving_default"](**{argument: tensor})`, so TensorFlow asks for more than a name: it
must be one of a Python parameter, and not `self`, which is the signature itself; it must differ from the others not
in capitals alone, since a graph knows `A` and `a` as `A` and `a_1`; and what is no letter, digit or underscore becomes
one, in some places and not in others (`a/b` is `a_b` for `tf.saved_model.load` and `a/b` for the session loader and
TensorFlow Serving; `bill length` or `Größe` are refused). A column whose name is such a name keeps it.
"""

import keyword
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from aimodels.data.dataset import TableInput

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
NO_PART_OF_A_NAME = re.compile(r"[^A-Za-z0-9_]+")
NOT_AT_ITS_BEGINNING = re.compile(r"[0-9]")
NAMELESS = "column"


def arguments_of(names: Sequence[str]) -> dict[str, str]:
    """The argument of each column, by its name: the name itself wherever TensorFlow takes it.

    >>> arguments_of(["sex", "Sex", "bill length (mm)", "class", "2nd"])
    {'sex': 'sex', 'Sex': 'Sex_2', 'bill length (mm)': 'bill_length_mm', 'class': 'class_', '2nd': 'column_2nd'}
    """
    arguments: dict[str, str] = {}
    taken: set[str] = set()
    # Those that can keep their names come first, so that no other one takes it from them.
    for name in sorted(names, key=lambda name: not _can_keep(name)):
        argument = wanted = _plain(name)
        number = 2
        while argument.lower() in taken:
            argument = f"{wanted.rstrip('_')}_{number}"
            number += 1
        taken.add(argument.lower())
        arguments[name] = argument
    return {name: arguments[name] for name in names}


def described_columns(input: TableInput) -> list[dict[str, Any]]:
    """Each column with its kind, what it is called as an argument, and what it takes."""
    arguments = arguments_of(input.names)
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "argument": arguments[column.name],
            "dtype": "float32" if column.kind == "number" else "string",
        }
        for column in input.columns
    ]


def _can_keep(name: str) -> bool:
    return PLAIN.fullmatch(name) is not None and name != "self" and not keyword.iskeyword(name)


def _plain(name: str) -> str:
    """The name as a Python parameter, as near to it as ASCII comes."""
    if _can_keep(name):
        return name
    letters = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = NO_PART_OF_A_NAME.sub("_", letters).strip("_")
    if not plain or NOT_AT_ITS_BEGINNING.match(plain):
        plain = f"{NAMELESS}_{plain}".rstrip("_")
    return plain if _can_keep(plain) else f"{plain}_"
