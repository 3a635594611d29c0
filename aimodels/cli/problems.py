"""How a mistake is shown: its rule, where it is with a caret under it, and what would work."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from aimodels.errors import Place, Problem

MOST_SHOWN = 10
WIDEST_LINE = 140  # in characters; a longer line is shown around the caret
CUT = "..."


def render(problems: Sequence[Problem], *, source: str = "") -> Text:
    """Problems one below the other, at most ten, with their number last. `source` is the config they are in, if any."""
    parts = [_block(problem) for problem in problems[:MOST_SHOWN]]
    if source:
        parts.append(Text(_summary(problems, source=source)))
    return Text("\n\n").join(parts)


def as_json(problem: Problem) -> dict[str, Any]:
    """A problem as an entry of `errors` in the JSON document. Lines and columns count from 1, in characters."""
    entry: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.place is not None:
        entry |= _place_as_json(problem.place)
    if problem.path:
        entry["path"] = problem.path
    entry["suggestions"] = [
        {"replace": suggestion.replace, "confidence": suggestion.confidence} for suggestion in problem.suggestions
    ]
    entry["help"] = problem.help
    entry["notes"] = list(problem.notes)
    if problem.other_place is not None:
        entry["other_place"] = _place_as_json(problem.other_place)
    return entry


def _place_as_json(place: Place) -> dict[str, Any]:
    source = {"override": place.lines[0]} if place.is_argument else {"file": place.source}
    return source | {"line": place.line, "column": place.column, "end_column": place.end_column}


def _block(problem: Problem) -> Text:
    lines = [Text.assemble((f"error[{problem.code}]", "bold red"), ": ", (printable(problem.message), "bold"))]
    margin = max((_margin(place) for place in (problem.place, problem.other_place) if place is not None), default=1)
    if problem.place is not None:
        lines += _frame(problem.place, label=problem.label, margin=margin, arrow="-->", style="bold red")
    if problem.other_place is not None:
        lines += _frame(problem.other_place, label="see here", margin=margin, arrow=":::", style="blue")
    if problem.place is not None and problem.place.lines and (problem.help or problem.notes):
        lines.append(_gutter("", margin=margin))
    lines += [_remark("help", problem.help, margin=margin, style="green")] if problem.help else []
    lines += [_remark("note", note, margin=margin, style="cyan") for note in problem.notes]
    return Text("\n").join(lines)


def _frame(place: Place, *, label: str, margin: int, arrow: str, style: str) -> list[Text]:
    """The line with the mistake between its neighbours, and a caret under every cell of the mistake."""
    shown = f"override, column {place.column}" if place.is_argument else f"{place.source}:{place.line}:{place.column}"
    head = [Text.assemble(" " * margin, f"{arrow} ", (shown, "cyan"))]
    if not 1 <= place.line <= len(place.lines):
        return head
    before, line, after = _neighbour(place, -1), place.lines[place.line - 1], _neighbour(place, +1)
    start, end = place.column - 1, max(place.end_column - 1, place.column)
    left = max(0, start - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    indent = cell_len(printable(line[left:start])) + (len(CUT) if left else 0)
    width = max(1, cell_len(printable(line[start : min(end, left + WIDEST_LINE)])))
    mark = ("^" if arrow == "-->" else "-") * width
    caret = Text.assemble(" " * indent, (f"{mark} {printable(label)}".rstrip(), style))
    number = "" if place.is_argument else str(place.line)
    return [
        *head,
        _gutter("", margin=margin),
        *([_gutter(str(place.line - 1), _cut(before, left=left), margin=margin)] if before.strip() else []),
        _gutter(number, _cut(line, left=left), margin=margin),
        _gutter("", caret, margin=margin),
        *([_gutter(str(place.line + 1), _cut(after, left=left), margin=margin)] if after.strip() else []),
    ]


def _neighbour(place: Place, step: int) -> str:
    index = place.line - 1 + step
    return place.lines[index] if 0 <= index < len(place.lines) else ""


def _cut(line: str, *, left: int) -> Text:
    part = line[left : left + WIDEST_LINE]
    start, end = CUT if left else "", CUT if left + WIDEST_LINE < len(line) else ""
    return Text(f"{start}{printable(part)}{end}")


def _margin(place: Place) -> int:
    """Cells for the line numbers, with a space on either side."""
    last = min(place.line + 1, len(place.lines))
    return 2 if place.is_argument else len(str(last)) + 1


def _gutter(number: str, text: Text | None = None, *, margin: int) -> Text:
    line = Text.assemble((f"{number:>{margin}} |", "dim"))
    return line if text is None else Text.assemble(line, " ", text)


def _remark(kind: str, text: str, *, margin: int, style: str) -> Text:
    indent = " " * (margin + len(f" = {kind}: "))
    body = printable(text, keep="\n").replace("\n", f"\n{indent}")
    return Text.assemble(" " * margin, " = ", (f"{kind}: ", style), body)


def _summary(problems: Sequence[Problem], *, source: str) -> str:
    more = len(problems) - MOST_SHOWN
    counted = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
    hidden = f"and {more} more\n\n" if more > 0 else ""
    places = [problem.place for problem in problems if problem.place is not None]
    in_file = any(place.source == source for place in places)
    in_overrides = any(place.is_argument for place in places)
    where = [printable(source)] if in_file else []
    where += ["the overrides"] if in_overrides else []
    inside = f" in {' and '.join(where)}" if where else ""
    return f"{hidden}{counted}{inside}; nothing was started. More: aimodels explain {problems[0].code}"


def printable(text: str, *, keep: str = "") -> str:
    """A text that cannot move the cursor or ring a bell: tabs become a space, control characters a replacement."""
    return "".join(
        " " if letter == "\t" else letter if letter.isprintable() or letter in keep else "\ufffd" for letter in text
    )
