"""Which columns of a table are learned from and what they are: what the config says, and a guess for the others."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aimodels.config.columns import AnyColumn, IgnoredColumn
from aimodels.config.key_paths import joined
from aimodels.data.column_kinds import Seen, seen
from aimodels.data.dataset import Column
from aimodels.data.table_problems import listed
from aimodels.errors import ConfigError, Problem, Suggestion

if TYPE_CHECKING:
    import pyarrow

ANYTHING = "*"
MOST_EXPLAINED = 5


@dataclass(frozen=True)
class Sample:
    """The first rows of a table as texts, null where a cell is missing. `is_whole`: there are no others."""

    table: "pyarrow.Table"
    is_whole: bool


@dataclass(frozen=True)
class Roles:
    """The columns that are not learned from unless the config names them: `data.target`, `data.weights` and
    `data.split.column`."""

    targets: tuple[str, ...]
    weights: str | None = None
    split: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Each of them with the key of the config that names it."""
        found = dict.fromkeys(self.targets, "data.target")
        others = {"data.weights": self.weights, "data.split.column": self.split}
        return found | {name: key for key, name in others.items() if name is not None and name not in found}


@dataclass(frozen=True)
class ChosenColumns:
    """Every column of a table but the targets, in the order of the file; and what was seen in those that the config
    says nothing about."""

    columns: Mapping[str, AnyColumn]
    inferred: Mapping[str, Seen]

    @property
    def features(self) -> tuple[Column, ...]:
        """Those that are learned from."""
        return tuple(
            Column(name, options) for name, options in self.columns.items() if not isinstance(options, IgnoredColumn)
        )


def check_names(roles: Roles, stated: Mapping[str, AnyColumn], *, names: Sequence[str], where: str) -> None:
    """Refuse what the config says of columns that the table does not have, or of the target.

    Raises:
        ConfigError: a column or a pattern is not there, or a column is to be two things.
    """
    for name, key in roles.named.items():
        if name not in names:
            raise _not_there(name, key=key, names=names, where=where)
    _expect_one_role(roles, stated)
    for name in stated:
        matches = [other for other in names if is_match(other, pattern=name)]
        if matches or name == ANYTHING:
            continue
        key = joined(["data", "columns", name])
        if ANYTHING in name:
            message = f"`{key}`: no column of {where} is called like that"
            raise _refused("AM266", message, key, help=f"columns found: {listed(names)}")
        raise _not_there(name, key=key, names=names, where=where)


def _expect_one_role(roles: Roles, stated: Mapping[str, AnyColumn]) -> None:
    for name in roles.targets:
        if name in stated and not isinstance(stated[name], IgnoredColumn):
            raise _twice(name, "data.target", joined(["data", "columns", name]))
        if name == roles.weights:
            raise _twice(name, "data.target", "data.weights")
    if len(set(roles.targets)) < len(roles.targets):
        raise _twice(next(name for name in roles.targets if roles.targets.count(name) > 1), "data.target", "it again")


def choose_columns(
    stated: Mapping[str, AnyColumn], sample: Sample, *, roles: Roles, decimal: str = "."
) -> ChosenColumns:
    """What every column of the table is: as its name says in `stated`, else as the first pattern that fits, else as its
    cells look. Columns with a role are ignored unless `stated` has their name.

    Raises:
        ConfigError: no column is left to learn from.
    """
    columns: dict[str, AnyColumn] = {}
    inferred: dict[str, Seen] = {}
    for name in sample.table.column_names:
        if name in roles.targets:
            continue
        if name in roles.named and name not in stated:
            columns[name] = IgnoredColumn()
            continue
        said = stated_for(name, stated)
        if said is None:
            inferred[name] = seen(name, sample.table[name], decimal=decimal, is_whole=sample.is_whole)
        columns[name] = said or inferred[name].column
    chosen = ChosenColumns(columns, inferred)
    if not chosen.features:
        raise _refused(
            "AM268",
            "no column is left to learn from",
            "data.columns",
            help=f"say what one of these is: `data.columns: {{NAME: number}}`; columns found: {listed(list(columns))}",
            notes=[f"{listed([name])}: {each.summary}" for name, each in list(inferred.items())[:MOST_EXPLAINED]],
        )
    return chosen


def stated_for(name: str, stated: Mapping[str, AnyColumn]) -> AnyColumn | None:
    """What the config says of a column: by its name, or by the first pattern that fits it; None for nothing."""
    if name in stated:
        return stated[name]
    return next((options for pattern, options in stated.items() if is_match(name, pattern=pattern)), None)


def is_match(name: str, *, pattern: str) -> bool:
    """Whether a name is that of the pattern, in which `*` stands for any letters.

    >>> is_match("bill_length_mm", pattern="bill_*"), is_match("bill_length_mm", pattern="bill")
    (True, False)
    """
    return re.fullmatch(".*".join(map(re.escape, pattern.split(ANYTHING))), name, re.DOTALL) is not None


def _not_there(name: str, *, key: str, names: Sequence[str], where: str) -> ConfigError:
    near = difflib.get_close_matches(name.casefold(), [other.casefold() for other in names], n=3, cutoff=0.6)
    there = [other for other in names if other.casefold() in near]
    hint = f"did you mean {' or '.join(there)}? " if there else ""
    message = (
        f"`{key}`: {where} has no column {name}"
        if not key.startswith("data.columns")
        else (f"`{key}`: {where} has no such column")
    )
    return _refused("AM265", message, key, help=f"{hint}columns found: {listed(names)}", near=there)


def _twice(name: str, key: str, other: str) -> ConfigError:
    return _refused(
        "AM267",
        f"the column {name} is named by `{key}` and by `{other}`",
        key,
        help="what is predicted cannot be learned from; take it out of one of them",
    )


def _refused(code: str, message: str, path: str, *, help: str, **more: Sequence[str]) -> ConfigError:
    """The error for a mistake at `path`; with `near` names and `notes`."""
    suggestions = tuple(Suggestion(word, "medium") for word in more.get("near", ()))
    notes = tuple(more.get("notes", ()))
    problem = Problem(code=code, message=message, path=path, help=help, suggestions=suggestions, notes=notes)
    return ConfigError([problem], source=path)
