"""The config as JSON Schema (draft 7), for editors: completion, hover texts and red lines while typing.

Draft 7 is the newest that all versions of the YAML language server understand.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined, to_jsonable_python

from aimodels import discovery
from aimodels.config.fields import Field, fields, names_of
from aimodels.config.schema import Config
from aimodels.config.section import NamedSection, Section
from aimodels.config.wording import rule

FILE = Path(".aimodels/schema.json")  # where editors find it, beside the config
DRAFT = "http://json-schema.org/draft-07/schema#"
DOTTED = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$"
PLUGINS = {"data": "datasets", "model": "architectures"}

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema of a whole config, for all bundled datasets and architectures."""
    definitions = _Definitions()
    whole = {"$schema": DRAFT, "title": "aimodels config", **definitions.section(Config)}
    return whole | {"definitions": dict(sorted(definitions.found.items()))}


def field_schema(path: Sequence[str]) -> Schema | None:
    """The schema of one key, such as ("train", "optimizer"). None if no config has such a key."""
    sections: list[type[Section]] = [Config]
    found: list[tuple[Field, type[Section]]] = []
    for key in path:
        if found and all(field.mapped for field, _ in found):
            found = [(field.item, section) for field, section in found]
            continue  # a word of the user's own, such as the name of a column
        found = [(fields(section)[key], section) for section in sections if key in section.model_fields]
        is_plugin = found and found[0][1] is Config and key in PLUGINS
        sections = options(key) if is_plugin else [inner for field, _ in found for inner in field.sections]
    if not found:
        return None
    definitions = _Definitions()
    schemas = _without_repeats([definitions.property(field, of=section) for field, section in found])
    whole = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"$schema": DRAFT, "title": ".".join(path), **whole, "definitions": dict(sorted(definitions.found.items()))}


def modeline(schema: Path, *, config: Path) -> str:
    """The first line of a config: editors with the YAML language server then complete and check while typing."""
    relative = Path(os.path.relpath(schema, start=config.parent)).as_posix()
    return f"# yaml-language-server: $schema={relative if relative.startswith('.') else f'./{relative}'}"


def options(key: str) -> list[type[Section]]:
    """The `Options` of every bundled plug-in that `data` or `model` can name."""
    folder = PLUGINS[key]
    return [cast(type[Section], discovery.plugin(folder, name).Options) for name in discovery.names(folder)]


class _Definitions:
    """Collects the sections that the schema refers to."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def section(self, section: type[Section]) -> Schema:
        """A section as an object that takes its own keys only."""
        known = fields(section)
        schema: Schema = {
            "type": "object",
            "description": re.sub(r"\s+", " ", section.__doc__ or "").strip(),
            "properties": {key: self.property(field, of=section) for key, field in known.items()},
            "additionalProperties": False,
        }
        required = [key for key, field in known.items() if field.info.is_required()]
        return schema | ({"required": required} if required else {})

    def property(self, field: Field, *, of: type[Section]) -> Schema:
        """A key with its type, limits, default, and the text that an editor shows."""
        info = field.info
        if of is Config and field.key in PLUGINS:
            schema = self._plugin(field.key)
        elif field.is_section:
            schema = self._sections(field)
        elif field.listed:
            schema = {"type": "array", "items": self._any(field.sections)}
        elif field.mapped:
            schema = {"type": "object", "additionalProperties": self._mapped(field)}
        else:
            annotation: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            schema = _draft_7(TypeAdapter(annotation).json_schema())
        if not info.is_required():
            schema = _or_null(schema)  # a key without a value is as if it were not written
        described = {"description": info.description, "markdownDescription": f"{info.description}\n\n{rule(field)}"}
        texts = described if info.description else {}
        default = {} if info.default is PydanticUndefined else {"default": _default(info.default)}
        examples = {"examples": to_jsonable_python(info.examples)} if info.examples else {}
        return schema | texts | default | examples

    def _sections(self, field: Field) -> Schema:
        """A section, or one of several; a named one may be written as just its name."""
        members = [
            self._named(section)
            if field.named and field.default_name not in names_of(section)
            else self._refer(section)
            for section in field.sections
        ]
        names = [name for section in field.sections for name in names_of(section)]
        plain = [_draft_7(TypeAdapter(member).json_schema()) for member in field.plain]
        return {"anyOf": [*plain, *members, *([{"type": "string", "enum": names}] if names else [])]}

    def _mapped(self, field: Field) -> Schema:
        """A value of a mapping to sections: one of their words, or a section with any key, which tells its kind."""
        words = {"type": "string", "enum": [word for section in field.sections for word in names_of(section)]}
        sections = [{"allOf": [self._refer(section)], "minProperties": 1} for section in field.sections]
        return _or_null({"anyOf": [words, *sections]})

    def _plugin(self, key: str) -> Schema:
        """A bundled plug-in, or the dotted path of a user's own, whose keys are not known here."""
        bundled = [self._named(section) for section in options(key)]
        names = [name for section in options(key) if _needs_no_key(section) for name in names_of(section)]
        own = {"type": "string", "pattern": DOTTED}
        return {
            "anyOf": [
                *bundled,
                {"type": "object", "properties": {"name": own}, "required": ["name"]},
                {"type": "string", "enum": names},
                own,
            ]
        }

    def _named(self, section: type[Section]) -> Schema:
        """A section that must say its name, as another one has that place by default."""
        names = {"name": {"enum": list(names_of(section))}}
        return {"allOf": [self._refer(section)], "properties": names, "required": ["name"]}

    def _any(self, sections: Sequence[type[Section]]) -> Schema:
        members = [self._refer(section) for section in sections]
        return members[0] if len(members) == 1 else {"anyOf": members}

    def _refer(self, section: type[Section]) -> Schema:
        name = _definition_name(section)
        if name not in self.found:
            self.found[name] = {}
            self.found[name] = self.section(section)
        return {"$ref": f"#/definitions/{name}"}


def _definition_name(section: type[Section]) -> str:
    """The class's name; the plug-in's own `Options` are called as the plug-in, in its folder."""
    *_, folder, module = section.__module__.split(".")
    return f"{folder}.{module}" if section.__name__ == "Options" else section.__name__


def _needs_no_key(section: type[Section]) -> bool:
    return not any(info.is_required() for key, info in section.model_fields.items() if key != "name")


def _or_null(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return schema | {"anyOf": _without_repeats([*schema["anyOf"], {"type": "null"}])}
    return {"anyOf": [schema, {"type": "null"}]}


def _without_repeats(schemas: list[Schema]) -> list[Schema]:
    return [schema for index, schema in enumerate(schemas) if schema not in schemas[:index]]


def _draft_7(schema: Any) -> Any:
    """Pydantic writes draft 2020-12; fixed-length lists are spelt differently in draft 7."""
    if isinstance(schema, list):
        return [_draft_7(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {key: _draft_7(value) for key, value in schema.items()}
    if "prefixItems" in converted:
        converted |= {"items": converted.pop("prefixItems"), "additionalItems": False}
    return converted


def _default(default: Any) -> Any:
    """A default as it would be written: a named section by its name."""
    if isinstance(default, NamedSection) and default == type(default)(name=default.name):
        return default.name
    if isinstance(default, Section):
        return to_jsonable_python(default.model_dump(exclude_defaults=True))
    return to_jsonable_python(default)
