"""The config reference, written from the schema: every section, key, type, limit, default and meaning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from aimodels import discovery
from aimodels.config.schema import ArchitectureOptions, Config, DatasetOptions
from aimodels.config.section import Section

HEAD = """# Config reference

Written by `./check --fix` from the schema in `aimodels/config/` and the `Options` of each dataset and architecture;
do not edit it by hand. `aimodels schema` prints the same for editors, and `aimodels check CONFIG --resolved` shows
every key of one config with its value.

A key set to `null` is as if it were not written. Numbers, texts and truth values are read by the rules of YAML 1.2:
`1e-3` is a number, `no` is a text. Unknown keys are errors. Where a name chooses a section, the name alone is enough if
nothing else in it is set: `optimizer: adam`.
"""
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minLength": "{} or more characters",
    "pattern": "matching `{}`",
}
WORDS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": "null"}


@dataclass(frozen=True)
class Part:
    """A piece of JSON schema with the definitions that it refers to."""

    schema: Mapping[str, Any]
    definitions: Mapping[str, Any]

    def inside(self, schema: Mapping[str, Any]) -> "Part":
        """A piece of this piece, with what it refers to put in its place."""
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        return Part({**self.definitions[name], **schema} if name else schema, self.definitions)

    @property
    def choices(self) -> list["Part"]:
        """The forms that the value may have; more than one for a union."""
        forms = self.schema.get("anyOf") or self.schema.get("oneOf") or [self.schema]
        return [self.inside(form) for form in forms]

    @property
    def keys(self) -> dict[str, "Part"]:
        """What may be written in a section."""
        return {key: self.inside(schema) for key, schema in self.schema.get("properties", {}).items()}

    @property
    def is_section(self) -> bool:
        """Whether it has keys of its own."""
        return "properties" in self.schema

    @property
    def sections_by_name(self) -> list["Part"]:
        """What may stand behind each word of a mapping from the user's own words to sections; else nothing."""
        below = self.schema.get("additionalProperties")
        return [form for form in self.inside(below).choices if form.is_section] if isinstance(below, dict) else []

    @property
    def word(self) -> str:
        """The word that chooses this section, as it is written: `name: adam`; empty where its keys do."""
        keys = [key for key in ("name", "kind") if "const" in self.keys.get(key, self).schema]
        return f"{keys[0]}: {self.keys[keys[0]].schema['const']}" if keys else ""


def part_of(model: type[Section]) -> Part:
    """A section as JSON schema."""
    schema = model.model_json_schema()
    return Part(schema, schema.get("$defs", {}))


def reference() -> str:
    """The whole page."""
    datasets = [part_of(discovery.plugin("datasets", name).Options) for name in discovery.names("datasets")]
    models = [part_of(discovery.plugin("architectures", name).Options) for name in discovery.names("architectures")]
    top = part_of(Config[DatasetOptions, ArchitectureOptions])
    blocks = [HEAD, "## The top of the file\n", table("", top.keys)]
    for key, part in top.keys.items():
        if key == "data":
            blocks += named_sections(key, datasets, description=part.schema["description"])
        elif key == "model":
            blocks += named_sections(key, models, description=part.schema["description"])
        else:
            blocks += below(key, part)
    return "\n".join(blocks)


def below(path: str, part: Part) -> Iterator[str]:
    """The blocks of a value that is a section, or one of several; nothing for any other value."""
    sections = [form for form in part.choices if form.is_section]
    description = part.schema.get("description", "")
    if len(sections) > 1:
        yield from named_sections(path, sections, description=description)
    for form in part.choices:
        if form.sections_by_name:
            yield from named_sections(f"{path}.NAME", form.sections_by_name, description=description)
    for section in sections[: len(sections) == 1]:
        yield f"{heading(path)}\n\n{description or section.schema.get('description', '')}\n"
        yield from section_blocks(path, section.keys)


def named_sections(path: str, sections: Sequence[Part], *, description: str) -> Iterator[str]:
    """One section that `name` (or the key that is there) chooses among several: first what all share, then each."""
    yield f"{heading(path)}\n\n{description}\n"
    shared = {
        key: part
        for key, part in sections[0].keys.items()
        if all(row(path, key, part) == row(path, key, form.keys.get(key)) for form in sections)
    }
    words = [form.word.split(": ") for form in sections if form.word]
    if words:
        own_module = ", or a module of your own ([plugins.md](plugins.md))" if path in ("data", "model") else ""
        yield f"`{words[0][0]}` chooses: {', '.join(f'`{word}`' for _, word in words)}{own_module}.\n"
    if shared:
        yield "Whichever it is, it has these keys:\n"
        yield from section_blocks(path, shared)
    for form in sections:
        own = {key: part for key, part in form.keys.items() if key not in shared}
        own.pop(form.word.split(": ")[0], None)
        written = form.word or f"{next(iter(own))}: ..."
        yield f"#{heading(path)}: `{{{written}}}`\n\n{form.schema.get('description', '').strip()}\n"
        yield from section_blocks(path, own)


def section_blocks(path: str, keys: Mapping[str, Part]) -> Iterator[str]:
    """The table of some keys, then the sections among them."""
    if keys:
        yield table(path, keys)
    for key, part in keys.items():
        yield from below(f"{path}.{key}", part)


def heading(path: str) -> str:
    """A heading as deep as the path."""
    return f"{'#' * (2 + path.count('.'))} `{path}`"


def table(path: str, keys: Mapping[str, Part]) -> str:
    """One row per key."""
    rows = [row(path, key, part) for key, part in keys.items()]
    return "\n".join(["| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def row(path: str, key: str, part: Part | None) -> str:
    """What there is to say about one key."""
    if part is None:
        return ""
    cells = [f"`{key}`", value(path, key, part), default(part), part.schema.get("description", "")]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def value(path: str, key: str, part: Part) -> str:
    """The kind of value and its limits."""
    forms = [form for form in part.choices if form.schema.get("type") != "null"]
    if any(form.is_section for form in forms) or (not path and key in ("data", "model")):
        full = f"{path}.{key}".lstrip(".")
        return f"section [`{full}`](#{full.replace('.', '').lower()})"
    if any(form.sections_by_name for form in forms):
        full = f"{path}.{key}.NAME"
        return f"mapping from names to sections [`{full}`](#{full.replace('.', '').lower()})"
    return " or ".join(one_value(form) for form in forms)


def one_value(part: Part) -> str:
    """The kind of one form of a value, and its limits."""
    schema = part.schema
    if "const" in schema:
        return f"`{written(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{written(word)}`" for word in schema["enum"])
    implied = {"minItems", "maxItems"} if "prefixItems" in schema else set()
    limits = [text.format(schema[name]) for name, text in LIMITS.items() if name in schema and name not in implied]
    return ", ".join([kind(part), *limits])


def kind(part: Part) -> str:
    """The kind of a value in words."""
    schema = part.schema
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"list of {len(schema['prefixItems'])}: ({'), ('.join(items(part, schema['prefixItems']))})"
        return f"list of ({' or '.join(items(part, [schema.get('items', {})]))})"
    if schema.get("type") == "object":
        return f"mapping from text to ({' or '.join(items(part, [schema.get('additionalProperties', {})]))})"
    return WORDS.get(schema.get("type", ""), "any value")


def items(part: Part, schemas: Sequence[Mapping[str, Any]]) -> list[str]:
    """The kinds of what is in a list or mapping."""
    return [one_value(form) for schema in schemas for form in part.inside(schema).choices]


def default(part: Part) -> str:
    """The value of a key that is not written."""
    if "default" not in part.schema:
        return f"`{written(part.schema['const'])}`" if "const" in part.schema else "**must be given**"
    given = part.schema["default"]
    if isinstance(given, dict) and given:
        return f"`{{name: {given['name']}}}`" if "name" in given else "its own defaults"
    return f"`{written(given)}`"


def written(given: Any) -> str:
    """A value as it stands in a YAML file."""
    return yaml.safe_dump(given, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()
