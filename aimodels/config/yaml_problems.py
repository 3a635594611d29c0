"""What can be wrong with a YAML text itself, before anyone looks at what it says."""

import re

import yaml

from aimodels.errors import Place, Problem

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
TAB_IN_INDENT = re.compile(r" *\t")

# PyYAML's words, and ours.
SYNTAX = {
    "mapping values are not allowed here": (
        "a second `:` in one value, or a key that is indented wrongly",
        "put a text that holds `: ` in quotes; keys of one section begin in the same column",
    ),
    "could not find expected ':'": ("a key without `:`", "write `key: value`, with a space after the colon"),
    "expected <block end>, but found": (
        "this does not belong to the section above it",
        "keys of one section begin in the same column, and a value stands on one line with its key",
    ),
    "while scanning a quoted scalar": ("a quote is opened here and never closed", "close the quote"),
    "expected ',' or ']'": ("a `[` is opened and not closed, or a comma is missing", "write lists as `[1, 2, 3]`"),
    "expected ',' or '}'": (
        "a `{` is opened and not closed, or a comma is missing",
        "write `{key: value, key: value}`",
    ),
    "found undefined alias": (
        "the alias has no anchor",
        "define it before with `&name`, or quote a text that begins with `*`",
    ),
    "expected the node content": ("a value is missing here", "close the bracket, or write the value"),
    "expected a single document": (
        "a second document begins here",
        "write one config per file, without `---` inside it",
    ),
    "cannot start any token": ("no value can begin with this character", "put the text in quotes"),
}


def syntax_problem(error: yaml.YAMLError, *, source: str, lines: tuple[str, ...]) -> Problem:
    """PyYAML's error as one of ours, pointing at where the mistake most likely is."""
    if isinstance(error, yaml.reader.ReaderError):
        return _bad_character(error, source=source, lines=lines)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(code="AM107", message=f"the file is not valid YAML: {error}")
    mark = error.problem_mark or error.context_mark
    tab = _tab_up_to(mark.line if mark else len(lines) - 1, source=source, lines=lines)
    if tab:
        return tab
    wording = f"{error.context or ''}; {error.problem or ''}"
    message, help = next((ours for theirs, ours in SYNTAX.items() if theirs in wording), (error.problem or "", ""))
    at_the_end = mark is not None and not "".join(lines[mark.line :])[mark.column :].strip()
    if at_the_end and error.context_mark is not None:
        mark = error.context_mark
    return Problem(
        code="AM107",
        message=f"the file is not valid YAML: {message}",
        place=_place(mark, source=source, lines=lines),
        label="here" if help else "",
        help=help or "see https://yaml.org/spec/1.2.2/ for how YAML is written",
    )


def _place(mark: yaml.Mark | None, *, source: str, lines: tuple[str, ...]) -> Place:
    line, column = (mark.line, mark.column) if mark else (0, 0)
    return Place(source=source, line=line + 1, column=column + 1, end_column=column + 2, lines=lines)


def _tab_up_to(last: int, *, source: str, lines: tuple[str, ...]) -> Problem | None:
    """PyYAML trips over a tab late; the line with the tab is the one to show."""
    for number in (last, last - 1):
        indent = TAB_IN_INDENT.match(lines[number]) if 0 <= number < len(lines) else None
        if indent:
            return Problem(
                code="AM105",
                message="a tab in the indentation; YAML allows spaces only",
                place=Place(source, number + 1, indent.end(), indent.end() + 1, lines),
                label="a tab",
                help="replace it with spaces, two for each level",
            )
    return None


def _bad_character(error: yaml.reader.ReaderError, *, source: str, lines: tuple[str, ...]) -> Problem:
    # PyYAML gives the place as an index into the text, and the character as its number.
    line, column = at_index(error.position, lines=lines)
    character = error.character if isinstance(error.character, int) else ord(error.character)
    return Problem(
        code="AM107",
        message=f"the file holds the control character U+{character:04X}, which YAML does not allow",
        place=Place(source, line, column, column + 1, lines),
        label="here",
        help='remove it; inside double quotes it can be written as an escape such as "\\x07"',
    )


def at_index(index: int, *, lines: tuple[str, ...]) -> tuple[int, int]:
    """Line and column, from 1, of a position in a text whose lines end with one character each."""
    for number, line in enumerate(lines, start=1):
        if index <= len(line):
            return number, index + 1
        index -= len(line) + 1
    return len(lines), len(lines[-1]) + 1


def repeated_key(key: str, place: Place, *, first: Place) -> Problem:
    """The same key twice in one mapping."""
    return Problem(
        code="AM106",
        message=f"the key `{key}` is written twice, first on line {first.line}",
        place=place,
        label="written again",
        help="keep one of the two",
        other_place=first,
    )


def impossible_escape(place: Place) -> Problem:
    """An escape such as `\\ud800` in double quotes that stands for no character."""
    return Problem(
        code="AM107",
        message="the text holds an escape that stands for no character",
        place=place,
        label="in here",
        help="a backslash in double quotes begins an escape; use single quotes for paths",
    )


def too_many(place: Place, *, most: int) -> Problem:
    """More values than any config needs, most likely from aliases of aliases."""
    return Problem(
        code="AM114",
        message=f"the file has more than {most:,} values, aliases written out",
        place=place,
        label="too much from here on",
        help="a config is a page of text; write less, and use fewer aliases (`*name`)",
    )


def too_deep(place: Place, *, deepest: int) -> Problem:
    """Brackets without end, or an alias inside its own anchor."""
    return Problem(
        code="AM114",
        message=f"the values are nested more than {deepest} levels deep",
        place=place,
        label="too deep from here on",
        help="close the brackets, and let no alias (`*name`) contain itself",
    )


def too_large(place: Place, *, largest: int) -> Problem:
    """A whole number that no tensor can hold."""
    return Problem(
        code="AM102",
        message="the whole number is too large",
        place=place,
        label=f"at most {largest}",
        help="write a smaller number; one with a dot or an exponent (1e30) is no whole number",
    )


def key_is_no_text(place: Place) -> Problem:
    """A list or a mapping in the place of a key."""
    return Problem(
        code="AM107",
        message="a key must be a single word, found a list or a mapping",
        place=place,
        label="not a key",
        help="write `key: value`; a text with brackets or braces goes in quotes",
    )


def unknown_tag(place: Place, *, tag: str) -> Problem:
    """A tag that asks for more than a plain value."""
    return Problem(
        code="AM113",
        message=f"the tag `{_short(tag)}` is not allowed: a config holds plain values only",
        place=place,
        label="tagged value",
        help="remove the tag; a text that begins with `!` goes in quotes",
    )


def value_against_tag(place: Place, *, tag: str) -> Problem:
    """`!!int fast`."""
    return Problem(
        code="AM113",
        message=f"the value does not fit its tag `{_short(tag)}`",
        place=place,
        label=f"not {_short(tag)}",
        help="remove the tag",
    )


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
