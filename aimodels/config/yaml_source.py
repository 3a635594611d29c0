"""YAML text to plain values that know where they were written.

Only PyYAML's node tree is used, so no text can make a Python object. Scalars follow the core schema of YAML 1.2
(https://yaml.org/spec/1.2.2/, chapter 10.3.2): `1e-3` is a number, `no` and `12:30` are texts, `012` is twelve.
"""

import math
import re
from dataclasses import dataclass

import yaml

from aimodels.config import yaml_problems
from aimodels.errors import ConfigError, Place, Problem

Scalar = None | bool | int | float | str

MOST_VALUES = 20_000  # an alias counts each time it is used, so that nine lines cannot become a billion values
DEEPEST = 40
MOST_DIGITS = 400  # Python itself refuses to read, or to write, much longer ones
LARGEST = 2**63 - 1  # what tensors count with


@dataclass(frozen=True)
class Written:
    """A value and where it was written. `vanishes`: a mapping that is as good as absent once it is empty.

    `word` is what stood in the place of a mapping before an override wrote a key below it: `adam` of `optimizer: adam`.
    """

    value: "Scalar | list[Written] | dict[str, Entry]"
    place: Place
    vanishes: bool = False
    word: "Written | None" = None

    @property
    def entries(self) -> "dict[str, Entry]":
        """The keys of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}


@dataclass(frozen=True)
class Entry:
    """A key of a mapping: where it was written, and its value."""

    key: Place
    value: Written


def plain(written: Written) -> object:
    """The value without its places."""
    if isinstance(written.value, dict):
        return {key: plain(entry.value) for key, entry in written.value.items()}
    if isinstance(written.value, list):
        return [plain(item) for item in written.value]
    return written.value


def read(text: str, *, source: str) -> Written:
    """The values of one YAML document. A document without content is null.

    Raises:
        ConfigError: the text is not YAML, repeats a key, or asks for more than plain values; with every such place.
    """
    lines = tuple(yaml_problems.LINE_BREAK.split(text))
    beginning = Place(source=source, line=1, column=1, end_column=1, lines=lines)
    try:
        node = yaml.compose(text, Loader=_CoreSchemaLoader)
        if node is None:
            return Written(None, beginning)
        reader = _Reader(source, lines)
        written = reader.written(node, depth=0)
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
        raise ConfigError([yaml_problems.syntax_problem(error, source=source, lines=lines)], source=source) from error
    except _Rejected as rejected:
        raise ConfigError([rejected.problem], source=source) from rejected
    except (ValueError, OverflowError) as error:  # PyYAML on an escape such as "\\U99999999"
        raise ConfigError([yaml_problems.impossible_escape(beginning)], source=source) from error
    except RecursionError as error:
        raise ConfigError([yaml_problems.too_deep(beginning, deepest=DEEPEST)], source=source) from error
    if reader.problems:
        raise ConfigError(reader.problems, source=source)
    return written


class _CoreSchemaLoader(yaml.SafeLoader):
    """Gives each plain scalar the tag of the YAML 1.2 core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # PyYAML's own hook


CORE_SCHEMA = {
    "tag:yaml.org,2002:null": (r"null|Null|NULL|~|", [*"nN~", ""]),
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "tag:yaml.org,2002:int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    "tag:yaml.org,2002:float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        [*"-+.0123456789"],
    ),
}
for _tag, (_pattern, _first_characters) in CORE_SCHEMA.items():
    _CoreSchemaLoader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), _first_characters)


class _Rejected(Exception):
    """Reading on makes no sense."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Reader:
    """Walks PyYAML's nodes once and collects what is wrong."""

    def __init__(self, source: str, lines: tuple[str, ...]) -> None:
        self.source = source
        self.lines = lines
        self.problems: list[Problem] = []
        self.num_values = 0

    def written(self, node: yaml.Node, *, depth: int) -> Written:
        place = self._place(node)
        self.num_values += 1
        if self.num_values > MOST_VALUES:
            raise _Rejected(yaml_problems.too_many(place, most=MOST_VALUES))
        if depth > DEEPEST:
            raise _Rejected(yaml_problems.too_deep(place, deepest=DEEPEST))
        if isinstance(node, yaml.MappingNode):
            self._allow(node, place, tag="tag:yaml.org,2002:map")
            return Written(self._entries(node, depth=depth), place)
        if isinstance(node, yaml.SequenceNode):
            self._allow(node, place, tag="tag:yaml.org,2002:seq")
            return Written([self.written(item, depth=depth + 1) for item in node.value], place)
        return Written(self._scalar(node, place), place)

    def _entries(self, node: yaml.MappingNode, *, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key_place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(yaml_problems.key_is_no_text(key_place))
                continue
            # A key is a text, however it looks: class "0" may be written 0.
            key = str(key_node.value)
            value = self.written(value_node, depth=depth + 1)
            if key in entries:
                self.problems.append(yaml_problems.repeated_key(key, key_place, first=entries[key].key))
            else:
                entries[key] = Entry(key_place, value)
        return entries

    def _scalar(self, node: yaml.Node, place: Place) -> Scalar:
        tag, text = node.tag, str(node.value)
        try:
            if tag == "tag:yaml.org,2002:null":
                return None
            if tag == "tag:yaml.org,2002:bool":
                return {"true": True, "false": False}[text.lower()]
            if tag == "tag:yaml.org,2002:int":
                whole = whole_number(text)
                if isinstance(whole, int) and abs(whole) > LARGEST:
                    self.problems.append(yaml_problems.too_large(place, largest=LARGEST))
                return whole
            if tag == "tag:yaml.org,2002:float":
                return number(text)
        except (ValueError, KeyError):
            self.problems.append(yaml_problems.value_against_tag(place, tag=tag))
            return None
        if tag not in ("tag:yaml.org,2002:str", "!"):
            self.problems.append(yaml_problems.unknown_tag(place, tag=tag))
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.problems.append(yaml_problems.impossible_escape(place))
        return text

    def _allow(self, node: yaml.Node, place: Place, *, tag: str) -> None:
        if node.tag not in (tag, "!"):
            self.problems.append(yaml_problems.unknown_tag(place, tag=node.tag))

    def _place(self, node: yaml.Node) -> Place:
        """The stretch of a node on its first line, without what follows it."""
        start, end = node.start_mark, node.end_mark
        line = self.lines[start.line] if start.line < len(self.lines) else ""
        on_one_line = end.line == start.line
        end_column = end.column if on_one_line else len(_without_comment(line).rstrip())
        return Place(
            source=self.source,
            line=start.line + 1,
            column=start.column + 1,
            end_column=max(end_column, start.column) + 1,
            lines=self.lines,
        )


def whole_number(text: str) -> int | str:
    """A whole number of the core schema. One too long for Python stays a text, and fails as such."""
    if len(text) > MOST_DIGITS:
        return text
    return int(text, 8 if text.startswith("0o") else 16) if text[:2] in ("0o", "0x") else int(text)


def number(text: str) -> float:
    """A number of the core schema, `.inf` and `.nan` included."""
    folded = text.lower()
    if folded.lstrip("+-") == ".inf":
        return -math.inf if folded.startswith("-") else math.inf
    return math.nan if folded == ".nan" else float(text)


def _without_comment(line: str) -> str:
    return re.split(r"\s#", line, maxsplit=1)[0]
