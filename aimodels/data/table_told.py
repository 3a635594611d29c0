"""What was guessed of a table, said in lines of up to 80 columns."""

from collections.abc import Iterator, Mapping, Sequence

from aimodels.config.columns import IgnoredColumn
from aimodels.config.key_paths import joined
from aimodels.data.column_kinds import Seen
from aimodels.data.excerpts import excerpt, num_columns, on_one_line
from aimodels.data.stray_words import advice
from aimodels.data.table_plan import TablePlan
from aimodels.data.table_targets import target_advice
from aimodels.events import warn

# More columns than that are summed up by their kinds.
MOST_LINES = 30
MOST_IGNORED = 10
WIDEST_NAME = 24
WIDTH = 76
LONGEST_NAME = 60
MOST_WARNINGS = 8


def told(plan: TablePlan) -> tuple[str, ...]:
    """A line per thing that the config does not say: each column, what is predicted, how cells are written."""
    return tuple([*_columns(plan), *_task(plan), *_marks(plan)])


def _columns(plan: TablePlan) -> Iterator[str]:
    seen = plan.chosen.inferred
    if not seen:
        return
    num_rows = plan.sample.table.num_rows
    rows = f"all {num_rows:,} rows" if plan.sample.is_whole else f"the first {num_rows:,} rows"
    yield f"{len(seen):,} column{'s' * (len(seen) > 1)} guessed from {rows}; `data.columns` decides otherwise"
    yield from _one_by_one(seen) if len(seen) <= MOST_LINES else _summed_up(seen)


def _one_by_one(seen: Mapping[str, Seen]) -> Iterator[str]:
    names = {name: short_name(name) for name in seen}
    widest = max(map(num_columns, names.values()))
    for name, each in seen.items():
        padding = " " * (widest - num_columns(names[name]))
        yield _fitted(f"  {names[name]}{padding}  {each.column.kind:<8}  {each.summary}")


def _summed_up(seen: Mapping[str, Seen]) -> Iterator[str]:
    by_kind: dict[str, list[str]] = {}
    for name, each in seen.items():
        by_kind.setdefault(each.column.kind, []).append(name)
    for kind, names in sorted(by_kind.items()):
        if kind != "ignore":
            yield _fitted(f"  {len(names):,} {kind}: {_listed(names)}")
    ignored = by_kind.get("ignore", [])
    for name in ignored[:MOST_IGNORED]:
        yield _fitted(f"  ignored: {short_name(name)}, {seen[name].content}")
    if len(ignored) > MOST_IGNORED:
        yield f"  ignored: {len(ignored) - MOST_IGNORED:,} more"


def _task(plan: TablePlan) -> Iterator[str]:
    if plan.guessed is not None:
        targets = _listed(plan.roles.targets)
        yield _fitted(f"`data.task` is {plan.guessed.task}: {plan.guessed.reason} in {targets}")


def _marks(plan: TablePlan) -> Iterator[str]:
    if plan.found_delimiter is not None:
        yield f"`data.format.delimiter` is {plan.found_delimiter}"
    if plan.found_decimal is not None:
        yield f"`data.format.decimal` is {plan.found_decimal}"


def tell_of_strays(plan: TablePlan, *, where: str) -> None:
    """Warn of what was guessed though a few cells speak against it, nearly all being numbers or dates."""
    odd = {name: each for name, each in plan.chosen.inferred.items() if each.strays is not None}
    for name, each in list(odd.items())[:MOST_WARNINGS]:
        taken = "ignored" if isinstance(each.column, IgnoredColumn) else f"taken for a {each.column.kind}"
        if each.strays is not None:
            shown = _quoted(name)
            warn("AM289", f"{where}: {shown} is {taken}: {each.strays.words}", help=advice(each.strays, name=shown))
    if len(odd) > MOST_WARNINGS:
        others = _listed(list(odd)[MOST_WARNINGS:])
        warn("AM289", f"{where}: so are {len(odd) - MOST_WARNINGS:,} more columns: {others}")
    if plan.guessed is not None and plan.guessed.strays is not None:
        strays = plan.guessed.strays
        as_what = "a number" if plan.task == "regression" else "classes"
        taken = f"{where}: the target {_quoted(plan.roles.targets[0])} is taken for {as_what}"
        warn("AM289", f"{taken}: {strays.words}", help=target_advice(strays))


def tell_of_double_use(plan: TablePlan, *, where: str) -> None:
    """Warn of columns that part or weigh the rows and are learned from as well, because the config names them."""
    roles = plan.roles
    uses = [(roles.split, "parts the rows (`data.split.column`)"), (roles.weights, "weighs the rows (`data.weights`)")]
    for name, use in uses:
        if name is not None and name in plan.input.names:
            warn(
                "AM293",
                f"{where}: {_quoted(name)} {use}, and is learned from as well",
                help=f"new rows seldom say anything by it; leave it out as an input: "
                f"`{joined(['data', 'columns', _quoted(name)])}=ignore`",
            )


def _quoted(name: str) -> str:
    return excerpt(on_one_line(name), longest=LONGEST_NAME)


def short_name(name: str) -> str:
    """The name of a column in little space, on one line."""
    return excerpt(on_one_line(name), longest=WIDEST_NAME)


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(map(short_name, names[:4]))
    return f"{few}, ..." if len(names) > 4 else few


def _fitted(line: str) -> str:
    return line if num_columns(line) <= WIDTH else excerpt(line, longest=WIDTH)
