"""Which runs a user wants to see: `status=finished val_accuracy>0.98 tag=x train.batch_size=64`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aimodels.errors import UsageError
from aimodels.runs.comparing import flat_config
from aimodels.runs.listing import Record, value_of

CONDITION = re.compile(r"(?P<key>[\w.\-]+)(?P<sign><=|>=|!=|=|<|>)(?P<value>.+)")
ORDERED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
TIMES = ("started", "ended", "seconds")
DONE = ("epochs_done", "epochs_planned", "folds_done", "folds_planned")
FIELDS = ("name", "status", "task", "monitor", "notes", *TIMES, *DONE)


@dataclass(frozen=True)
class Condition:
    """One condition that a run meets or does not."""

    key: str
    sign: str
    value: str

    def holds(self, record: Record) -> bool:
        """Whether a run meets it. A run that has no such value meets only `!=`."""
        if self.key in ("tag", "tags"):
            return (self.value in record.tags) == (self.sign != "!=")
        found = lookup(record, self.key)
        if self.sign in ORDERED:
            number = _number(found)
            return number is not None and ORDERED[self.sign](number, float(self.value))
        return _equal(found, self.value) == (self.sign == "=")


def conditions(text: str) -> list[Condition]:
    """The conditions of a filter, which stand apart by spaces; a run must meet all.

    Raises:
        UsageError: one of them is not `key=value`, or compares the size of something that is no number.
    """
    found = []
    for word in text.split():
        match = CONDITION.fullmatch(word)
        if match is None:
            raise _malformed(word, "it is not of the form key=value")
        condition = Condition(**match.groupdict())
        if condition.sign in ORDERED and _number(condition.value) is None:
            raise _malformed(word, f"{condition.value} is not a number")
        found.append(condition)
    return found


def _malformed(word: str, reason: str) -> UsageError:
    return UsageError(
        f"cannot read the condition `{word}`: {reason}",
        code="AM527",
        help="for example: status=finished val_accuracy>0.98 tag=final train.batch_size=64",
    )


def lookup(record: Record, key: str) -> Any:
    """A field of a run, a metric, or a key of its config; None where it has none of that name."""
    if key in FIELDS:
        return getattr(record, key)
    if key == "tags":
        return " ".join(record.tags)
    if key == "best":
        return record.best
    value = value_of(record, key)
    if value is None and ("." in key or key in ("seed", "name")) and record.status != "unreadable":
        return flat_config(record.run).get(key)
    return value


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _equal(found: Any, wanted: str) -> bool:
    left, right = _number(found), _number(wanted)
    if left is not None and right is not None and not isinstance(found, bool):
        return left == right
    return str(found).lower() == wanted.lower()
