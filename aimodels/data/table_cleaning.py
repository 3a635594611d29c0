"""Rows of a table that are left out before anything is learned; every one of them is counted."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aimodels.config.tables import Clean
from aimodels.data.plurals import counted, one_or_many
from aimodels.data.table_contents import Contents
from aimodels.errors import DataError
from aimodels.events import warn

WITHOUT_TARGET = "rows without a target, dropped"
DUPLICATES = "rows equal to an earlier one, dropped"
NAMED = 5


def cleaned(whole: Contents, *, targets: Sequence[str], clean: Clean, where: str) -> tuple[Contents, dict[str, int]]:
    """The rows with a target and, where duplicates are dropped, the first of equal ones; and how many were left out.

    Raises:
        DataError: a row has no target and may not be dropped, or no row is left.
    """
    counts: dict[str, int] = {}
    without = _without_target(whole, targets)
    if without.any():
        if clean.missing_target == "fail":
            raise _no_target(whole, np.flatnonzero(without), where=where)
        counts[WITHOUT_TARGET] = int(without.sum())
        without_target = counts[WITHOUT_TARGET]
        have, are = (one_or_many(without_target, *verbs) for verbs in (("has", "have"), ("is", "are")))
        warn("AM273", f"{without_target:,} of the rows of {where} {have} no target, and {are} left out")
        whole = whole.take(np.flatnonzero(~without))
    if clean.duplicates == "drop":
        firsts = np.sort(np.unique(whole.keys, return_index=True)[1])
        counts[DUPLICATES] = len(whole) - len(firsts)
        tell_of_left_out(counts[DUPLICATES], "equal to an earlier one", where=where)
        whole = whole.take(firsts)
    if not len(whole):
        raise DataError(
            f"no row of {where} is left: none of them has a target",
            code="AM209",
            help="name another column in `data.target`, or another file",
        )
    return whole, {what: count for what, count in counts.items() if count}


def tell_of_left_out(count: int, what: str, *, where: str, help: str = "as `data.clean` says") -> None:
    """Say how many rows a rule of `data.clean` left out, if any."""
    if count:
        are = one_or_many(count, "is", "are")
        warn("AM287", f"{counted(count, 'row')} of {where} {are} {what}, and {are} left out", help=help)


def _without_target(whole: Contents, targets: Sequence[str]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(whole), dtype=bool)
    for name in targets:
        found |= whole.columns[name].is_null().to_numpy()
    return found


def _no_target(whole: Contents, rows: npt.NDArray[np.int64], *, where: str) -> DataError:
    named = [whole.rows.name_of(int(row)) for row in rows[:NAMED]]
    return DataError(
        f"{len(rows):,} of the {len(whole):,} rows of {where} {one_or_many(len(rows), 'has', 'have')} no target",
        code="AM273",
        help="give them one, or leave them out (and count them): `data.clean: {missing_target: drop}`",
        notes=[*named, *([f"and {len(rows) - NAMED:,} more"] if len(rows) > NAMED else [])],
    )
