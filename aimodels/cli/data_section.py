"""The section `data` of a config for a table, with comments that say what was seen in each column."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aimodels.config.columns import AnyColumn
from aimodels.config.section import Section
from aimodels.config.writing import differences, dumped

if TYPE_CHECKING:
    from aimodels.config.tables import TableDatasetOptions
    from aimodels.data.table_plan import TablePlan

COMMENT_AT = 34
VALIDATION = 0.15
SHOWN_APART = ("name", "path", "target", "task", "format", "columns", "clean", "test", "validation")


def data_section(options: "TableDatasetOptions", plan: "TablePlan") -> Iterator[str]:
    """The lines of the section: what the user said, and what was guessed, as if it had been said."""
    stated = differences(options)
    targets = plan.roles.targets
    target = scalar(targets[0]) if len(targets) == 1 else f"[{', '.join(map(scalar, targets))}]"
    yield "data:"
    yield "  name: csv"
    yield f"  path: {scalar(options.path)}"
    yield f"  target: {target}"
    reason = plan.guessed.reason if plan.guessed is not None else ""
    yield commented(f"  task: {plan.task}", reason and f"{reason}; or binary, multiclass, regression")
    yield from _hint(plan)
    format = stated.get("format", {}) | _found_marks(plan)
    if format:
        yield f"  format: {_flow(format)}"
    yield commented("  columns:", "number, category, date, text or ignore")
    for name, column in plan.chosen.columns.items():
        seen = plan.chosen.inferred.get(name)
        yield commented(f"    {scalar(name)}: {_column(column)}", seen.summary if seen is not None else "")
    yield from _cleaning(plan, stated.get("clean", {}))
    yield commented(f"  test: {options.test:g}", "share held out for `aimodels eval`")
    validation = options.validation if "validation" in options.model_fields_set else VALIDATION
    yield commented(f"  validation: {validation:g}", "share held out to choose the best epoch")
    for key in stated:
        if key not in SHOWN_APART:
            yield f"  {key}: {_flow(stated[key])}"


def _hint(plan: "TablePlan") -> Iterator[str]:
    """What to do about the first column, the target before others, that only a few cells keep from being numbers."""
    found = {name: each.strays for name, each in plan.chosen.inferred.items()}
    if plan.guessed is not None:
        found = {plan.roles.targets[0]: plan.guessed.strays} | found
    for name, strays in found.items():
        if strays is not None and not strays.other_mark:
            missing = _flow([*plan.format.missing, strays.first[0]])
            yield f"  # {comment(name)}: {comment(strays.words)}. If that means that it is missing, put"
            yield f"  #   missing: {comment(missing)}"
            yield f"  # into `format`. Or leave such rows out: `on_error: skip`. A column is then a `{strays.noun}`."
            return


def _found_marks(plan: "TablePlan") -> dict[str, str]:
    """How cells are written, where it is not as in most files."""
    found: dict[str, str] = {}
    if plan.format.delimiter not in (",", "auto"):
        found["delimiter"] = plan.format.delimiter
    if plan.format.decimal == ",":
        found["decimal"] = ","
    return found


def _column(options: AnyColumn) -> str:
    """The kind, or a section where it needs an option."""
    changed = differences(options)
    return options.kind if set(changed) <= {"kind"} else _flow({"kind": options.kind, **changed})


def _cleaning(plan: "TablePlan", stated: dict[str, Any]) -> Iterator[str]:
    import pyarrow.compute as pc

    is_missing = [plan.sample.table[name].is_null() for name in plan.roles.targets]
    num_missing = sum(pc.sum(column).as_py() or 0 for column in is_missing)
    clean = ({"missing_target": "drop"} if num_missing else {}) | stated
    if clean:
        counted = f"{num_missing:,} rows have none; they are counted" if num_missing else ""
        yield commented(f"  clean: {_flow(clean)}", counted)


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, Section):
        return _flow(differences(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(value) if isinstance(value, str) else json.dumps(value)


def commented(line: str, said: str) -> str:
    """A line with a comment behind it, if there is anything to say."""
    return f"{line:<{COMMENT_AT}} # {comment(said)}" if said else line


def comment(text: str) -> str:
    """A text that may stand in a comment."""
    from aimodels.data.excerpts import on_one_line

    return on_one_line(text)


def scalar(text: str) -> str:
    """A text as it stands in YAML, in quotes where it could be read as something else."""
    is_plain = dumped({text: text}) == f"{text}: {text}\n" and not set(text) & set(",[]{}#")
    return text if is_plain else json.dumps(text, ensure_ascii=False)
