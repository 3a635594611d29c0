"""A config as YAML that can be loaded again: every key with its value."""

import re
from typing import Any

import yaml

from aimodels.config.fields import chooser_of
from aimodels.config.schema import Config
from aimodels.config.section import Section
from aimodels.config.yaml_source import CORE_SCHEMA

WIDTH = 110


def to_yaml(config: Config, *, note: str = "") -> str:
    """Every key of a config with its value, as YAML that loads to an equal config. `note` becomes a comment on top."""
    comment = "".join(f"# {line}\n" if line else "#\n" for line in note.splitlines())
    return comment + dumped(config.model_dump(mode="python"))


def dumped(values: dict[str, Any]) -> str:
    """Plain values as YAML, keys in the order given, lists on one line."""
    text: str = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text


def differences(section: Section) -> dict[str, Any]:
    """The keys of a section that are not at their default, with the `name` that says which defaults those are."""
    changed: dict[str, Any] = {}
    for key, info in type(section).model_fields.items():
        value = getattr(section, key)
        if info.is_required() or key == chooser_of(type(section)) or value != info.default:
            changed[key] = _differences(value)
    return changed


def _differences(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _differences(item) for key, item in value.items()}
    return differences(value) if isinstance(value, Section) else value


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 or 1.2 would read as something else, and never writes an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# PyYAML's own rules are those of YAML 1.1; where the two disagree, quotes please both.
for _tag, (_pattern, _first_characters) in CORE_SCHEMA.items():
    _Dumper.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), _first_characters)


def _on_one_line(dumper: yaml.SafeDumper, items: tuple[Any, ...] | list[Any]) -> yaml.Node:
    is_short = not any(isinstance(item, dict) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)


def _number(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(value))


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # PyYAML folds the rarer line breaks into spaces unless they are escaped.
    style = '"' if re.search("[\n\r\t\x85\u2028\u2029]", value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(tuple, _on_one_line)
_Dumper.add_representer(list, _on_one_line)
_Dumper.add_representer(float, _number)
