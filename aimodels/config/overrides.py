"""`key=value` arguments of the command line, put over what the file says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aimodels.config.key_paths import PATH, parts, unquoted
from aimodels.config.yaml_source import Entry, Written, read
from aimodels.errors import ARGUMENT, ConfigError, Place, Problem

OVERRIDE = re.compile(rf"({PATH})=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Overridden:
    """The file's values with the overrides put over them, and the overrides that could not be read."""

    written: Written
    problems: tuple[Problem, ...]


def source_of(override: str) -> str:
    """How the place of a mistake in an override is called."""
    return ARGUMENT + override


def put_over(written: Written, *, overrides: Sequence[str]) -> Overridden:
    """Apply overrides from left to right: `train.epochs=3`, `model.filters=[8, 16]`, `train.early_stopping=null`.

    A key with dots, spaces or `=` stands in double quotes: `data.columns."bill length".scale=robust`.
    """
    problems: list[Problem] = []
    for override in overrides:
        try:
            written = _put(written, override)
        except ConfigError as error:
            problems.extend(error.problems)
    return Overridden(written, tuple(problems))


def _put(written: Written, override: str) -> Written:
    matched = OVERRIDE.fullmatch(override)
    if matched is None:
        raise ConfigError([_malformed(override)], source=source_of(override))
    value = _value(matched[2], override=override, start=len(matched[1]) + 1)
    return _with(written, keys=parts(matched[1]), value=value, column=1)


def _value(text: str, *, override: str, start: int) -> Written:
    """The value by the rules of YAML, with its places in the whole argument."""
    # Read with the key blanked out, every column is that of the argument.
    try:
        return _moved(read(" " * start + text, source=source_of(override)), override=override, start=start)
    except ConfigError as error:
        problems = [_in_argument(problem, override=override) for problem in error.problems]
        raise ConfigError(problems, source=source_of(override)) from error


def _moved(written: Written, *, override: str, start: int) -> Written:
    place = _in_override(written.place, override=override, start=start)
    if isinstance(written.value, dict):
        entries = {
            key: Entry(
                _in_override(entry.key, override=override, start=start),
                _moved(entry.value, override=override, start=start),
            )
            for key, entry in written.value.items()
        }
        return Written(entries, place)
    if isinstance(written.value, list):
        return Written([_moved(item, override=override, start=start) for item in written.value], place)
    return Written(written.value, place)


def _in_override(place: Place, *, override: str, start: int) -> Place:
    """The place in the argument, which is shown as one line whatever is in it."""
    column = max(place.column, start + 1) if place.line == 1 else start + 1
    return Place(source_of(override), 1, column, max(place.end_column, column), (override,))


def _in_argument(problem: Problem, *, override: str) -> Problem:
    if problem.place is None:
        return problem
    place = _in_override(problem.place, override=override, start=override.index("=") + 1)
    message = problem.message.replace("the file is", "the value is")
    return Problem(problem.code, message, place=place, label=problem.label, help=problem.help)


def _with(written: Written, *, keys: list[str], value: Written, column: int) -> Written:
    """`written` with `value` at the end of a path of keys; a section given by a word alone keeps that word."""
    override = value.place.lines[0]
    quoted, *rest = keys
    key = unquoted(quoted)
    place = Place(value.place.source, 1, column, column + len(quoted), (override,))
    entries = dict(written.entries)
    if rest:
        below = entries[key].value if key in entries else Written(None, place)
        value = _with(below, keys=rest, value=value, column=column + len(quoted) + 1)
    if value.value is None and key in entries:
        del entries[key]
    else:
        entries[key] = Entry(place, value)
    is_new = not isinstance(written.value, dict | str)
    # Unsetting a key below a section that is not there must not bring that section into being.
    vanishes = written.vanishes or (is_new and (value.value is None or value.vanishes))
    word = written if isinstance(written.value, str) else written.word
    return Written(entries, place if is_new else written.place, vanishes=vanishes, word=word)


def _malformed(override: str) -> Problem:
    place = Place(source_of(override), 1, 1, len(override) + 1, (override,))
    return Problem(
        code="AM108",
        message=f'"{override}" is not an override',
        place=place,
        label="expected key=value",
        help="write the path of a key, `=` and its value, without spaces: train.epochs=3; a name with dots, spaces or "
        '`=` in double quotes: data.columns."bill length".scale=robust',
    )
