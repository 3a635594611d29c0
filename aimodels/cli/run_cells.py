"""What stands in the cells of a table of runs, and in which order the runs stand."""

from collections.abc import Sequence
from typing import Any

from aimodels.cli.formatting import metric, seconds
from aimodels.runs.comparing import compare
from aimodels.runs.filtering import lookup
from aimodels.runs.listing import Record, bigger_is_better, value_of


def in_order(records: Sequence[Record], *, by: str) -> list[Record]:
    """Runs in the order that was asked for; those without a value come last."""
    if by == "name":
        return sorted(records, key=lambda found: found.name)
    if by == "time":
        return list(reversed(records))
    values = [(found.best if by in ("best", "metric") else value_of(found, by), found) for found in records]
    with_value = [(value, found) for value, found in values if value is not None]
    names = {found.monitor or "" for _, found in with_value} if by in ("best", "metric") else {by}
    descending = all(bigger_is_better(name) for name in names)
    ordered = sorted(with_value, key=lambda pair: pair[0], reverse=descending)
    return [found for _, found in ordered] + [found for value, found in values if value is None]


def changed_keys(records: Sequence[Record]) -> list[str]:
    """The config keys in which the runs differ."""
    readable = [found for found in records if found.status != "unreadable"]
    return list(compare(readable).differing) if len(readable) > 1 else []


def cell(found: Record, name: str, *, exact: bool) -> str:
    """One cell; `exact` keeps every digit, for programs."""
    if name == "best" and not exact:
        return f"{found.monitor} {metric(found.best)}" if found.best is not None else "-"
    if name == "epochs":
        return _epochs(found)
    value = lookup(found, name)
    if exact or value is None:
        return "" if value is None and exact else "-" if value is None else str(value)
    return _for_people(name, value)


def _epochs(found: Record) -> str:
    if found.folds_planned is not None:
        done = "" if found.folds_done == found.folds_planned else f"{found.folds_done or 0}/"
        return f"{done}{found.folds_planned} folds"
    if found.epochs_planned is None:
        return "-"
    return f"{found.epochs_done or 0}/{found.epochs_planned}"


def _for_people(name: str, value: Any) -> str:
    if name == "seconds":
        return seconds(value)
    if name in ("started", "ended"):
        return str(value).replace("T", " ").removesuffix("Z")
    return metric(value, name=name) if isinstance(value, float) else str(value)
