"""Types, limits and values in words: "a whole number, 1 or more", `the text "fast"`."""

import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from aimodels.config.fields import Field, alternatives, chooser_of, is_section, names_of
from aimodels.config.section import Section

LONGEST_QUOTE = 60
NOUNS = {int: "whole number", float: "number", str: "text", Path: "path"}


def expected(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What fits, as the end of a sentence that begins with "must be"."""
    return either(expected_parts(annotation, metadata))


def expected_parts(annotation: Any, metadata: Iterable[Any] = ()) -> list[str]:
    """Each of the things that fit: the words of a choice, the members of a union."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return expected_parts(arguments[0], [*arguments[1:], *metadata])
    if origin in (Union, types.UnionType):
        members = [member for member in arguments if member is not type(None)]
        return [part for member in members for part in expected_parts(member, metadata)]
    if origin is Literal:
        return [quoted(word) for word in arguments]
    return ["true", "false"] if annotation is bool else [_one_type(annotation, metadata)]


def _one_type(annotation: Any, metadata: Iterable[Any]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (tuple, list):
        items = [argument for argument in arguments if argument is not Ellipsis]
        length = f" of {len(items)}" if origin is tuple and Ellipsis not in arguments else limits(metadata)
        return f"a list{length}, each item {expected(arguments[0])}"
    if origin is dict:
        return f"a mapping, each value {_expected_below(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return f"a section with {', '.join(f'`{key}`' for key in annotation.model_fields)}"
    return f"a {NOUNS.get(annotation, 'value')}{limits(metadata)}"


def _expected_below(annotation: Any) -> str:
    """What fits as a value of a mapping; of several sections, only the words that choose them."""
    sections = [option for option in alternatives(annotation) if is_section(option)]
    words = [word for section in sections for word in names_of(section)]
    return f"{either(words)}, or a section with such a `{chooser_of(sections[0])}`" if words else expected(annotation)


def limits(metadata: Iterable[Any]) -> str:
    """The limits of a number or a text: ", 1 or more", " above 0 and below 1"."""
    flat = [part for item in metadata for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
    bounds = {
        name: getattr(part, name)
        for part in flat
        for name in ("gt", "ge", "lt", "le", "pattern", "min_length", "max_length")
        if getattr(part, name, None) is not None
    }
    if "lt" in bounds and bounds.get("le", bounds["lt"]) >= bounds["lt"]:
        bounds.pop("le", None)
    if "ge" in bounds and "le" in bounds:
        return f" from {short(bounds['ge'])} to {short(bounds['le'])}"
    if "ge" in bounds and not {"lt"} & set(bounds):
        return f", {short(bounds['ge'])} or more"
    sentences = {
        "gt": "above {}",
        "ge": "at least {}",
        "lt": "below {}",
        "le": "at most {}",
        "min_length": "of length {} or more",
        "max_length": "of length {} or less",
        "pattern": "of the form {}",
    }
    comma = "" if bounds.keys() & {"gt", "pattern", "min_length", "max_length"} else ","
    parts = [sentence.format(short(bounds[name])) for name, sentence in sentences.items() if name in bounds]
    return f"{comma} {' and '.join(parts)}" if parts else ""


def found(value: object) -> str:
    """What was written, in words."""
    if isinstance(value, str):
        return f'the text "{cut(value)}"'
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return repr(value)  # 10.0 where a whole number is wanted: "found 10" would be a riddle
    return quoted(value)


def quoted(value: object) -> str:
    """A value as it is written in YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return short(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(quoted(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {quoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Section):
        return str(getattr(value, chooser_of(type(value)))) if names_of(type(value)) else "{}"
    return cut(str(value))


def short(value: object) -> str:
    """A number without noise: 1e-05, 0.1, 1."""
    return f"{value:g}" if isinstance(value, float) and value == float(f"{value:g}") else str(value)


def cut(text: str) -> str:
    """A text short enough to show in a sentence."""
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."


def example(field: Field) -> str:
    """A line that would work: `epochs: 10`. Empty where the schema has no value to show."""
    value = next(iter(field.info.examples or ()), None)
    if value is None and field.info.default not in (None, PydanticUndefined):
        value = field.info.default
    if value is None:
        return ""
    return f"{field.key}: {quoted(value)}"


def rule(field: Field) -> str:
    """What a key takes, and its default: "a whole number, 1 or more, default 10"."""
    if field.is_section and field.named:
        what = either(list(choices(field))) if len(choices(field)) > 1 else "a section with a `name`"
    elif field.is_section and len(field.sections) == 1 and not field.plain:
        what = "a section"
    else:
        what = expected(field.info.annotation, field.info.metadata)
    default = field.info.default
    no_default = (
        default is None or default is PydanticUndefined or (field.is_section and not field.named and not field.plain)
    )
    return what if no_default else f"{what}; default {quoted(default)}"


def choices(field: Field) -> tuple[str, ...]:
    """The words that a key accepts, where it accepts only some."""
    if field.named:
        return tuple(name for section in field.sections for name in names_of(section))
    options = list(alternatives(field.info.annotation))
    return tuple(
        str(word)
        for option in options
        if get_origin(option) is Literal
        for word in get_args(option)
        if isinstance(word, str)
    )


def either(parts: Sequence[str], *, joined: str = "or") -> str:
    """Words in a row: "a, b or c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {joined} {parts[-1]}"
