"""The problems that a config can have, in words: what must be, what was found, what would work."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from aimodels import discovery
from aimodels.config.fields import Field, alternatives, chooser_of, fields, names_of
from aimodels.config.key_paths import joined
from aimodels.config.section import Section
from aimodels.config.spots import Spot
from aimodels.config.suggestions import CLOSE, Layout, advice, allowed
from aimodels.config.wording import choices, either, example, expected_parts, found, quoted
from aimodels.config.yaml_source import Written
from aimodels.errors import Place, Problem, Suggestion

OWN_RULE = ("value_error", "assertion_error")  # what validators of a section raise themselves
OUT_OF_LIMITS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
TOP = "config"
PLUGINS = {"data": "datasets", "model": "architectures"}  # the two sections that a plug-in brings


def unknown_key(key: str, spot: Spot, *, layout: Layout, siblings: Sequence[type[Section]] = ()) -> Problem:
    """A key that its section does not have. `siblings` are the sections that another `name` would have chosen."""
    others = tuple(name for section in siblings if key in section.model_fields for name in names_of(section))
    if others and chooser_of(siblings[0]) == "kind":
        return _of_another_kind(key, spot, kinds=others, layout=layout)
    advised = advice(key, under=spot.path, layout=layout, others=others)
    full = joined((*spot.path, key))
    is_elsewhere = advised.other_section is not None
    if is_elsewhere:
        message = f"`{key}` is not a key of `{spot.name}`" if spot.path else f"`{key}` is not a key of the top level"
    else:
        message = f"unknown key `{full}`"
    return Problem(
        code="AM103" if is_elsewhere else "AM101",
        message=message,
        path=full,
        place=spot.written.entries[key].key,
        label=advised.label,
        help=advised.help,
        notes=(allowed(spot.path, layout=layout),) if advised.suggestions and not is_elsewhere else (),
        suggestions=advised.suggestions,
    )


def _of_another_kind(key: str, spot: Spot, *, kinds: Sequence[str], layout: Layout) -> Problem:
    """An option of columns of another kind."""
    kind = spot.written.entries["kind"].value
    return Problem(
        code="AM101",
        message=f"`{key}` is an option of {either(kinds)} columns, and `{spot.name}` is of the kind {kind.value}",
        path=joined((*spot.path, key)),
        place=spot.written.entries[key].key,
        label=f"an option of {either(kinds)} columns",
        help=f"leave it out, or write `kind: {kinds[0]}`",
        notes=(allowed(spot.path, layout=layout),),
    )


def missing_kind(field: Field, spot: Spot) -> Problem:
    """A section that does not say which of several it is."""
    words = choices(field)
    return Problem(
        code="AM109",
        message=f"the key `{spot.name}.{field.chooser}` is missing",
        path=f"{spot.name}.{field.chooser}",
        place=spot.key,
        label=f"needs `{field.chooser}`",
        help=f"one of {either(words)}; for example `{{{field.chooser}: {words[0]}}}`",
    )


def wrong_value(field: Field, spot: Spot, *, errors: Sequence[ErrorDetails]) -> Problem:
    """A value of the wrong type or outside its limits; of a list or a mapping, the item that is wrong."""
    if field.is_section and not field.plain:
        return wrong_section(field, spot)
    part = _innermost(field, spot, errors=errors)
    if choices(field) and part.spot is spot and isinstance(spot.written.value, str | bool):
        return _wrong_choice(choices(field), spot, parts=part.fits, example=example(field))
    what = either(part.fits)
    is_within_mapping = part.spot is not spot and isinstance(spot.written.value, dict)
    line = "" if is_within_mapping else example(field)
    is_out_of_limits = all(error["type"] in OUT_OF_LIMITS for error in errors)
    if all(error["type"] == "string_pattern_mismatch" for error in errors):
        return _wrong_form(field, part.spot)
    return Problem(
        code="AM102",
        message=f"`{part.spot.name}` must be {what}, found {found(part.spot.written.value)}",
        path=part.spot.name,
        place=part.spot.written.place,
        label=f"expected {what if is_out_of_limits else either([_type_only(fit) for fit in part.fits])}",
        help=_known_plugins(spot.name) or _for_example(line) or field.info.description or "",
    )


def _wrong_form(field: Field, spot: Spot) -> Problem:
    """A text that a regular expression refuses, which says less to a reader than the description of the key."""
    message = f"`{spot.name}` cannot be {found(spot.written.value)}"
    help = _for_example(example(field)) if field.info.examples else field.info.description or ""
    place, label = spot.written.place, "not of a form that is known"
    return Problem(code="AM102", message=message, path=spot.name, place=place, label=label, help=help)


def _type_only(fit: str) -> str:
    return fit.split(",")[0].split(" of the form")[0]


def wrong_section(field: Field, spot: Spot) -> Problem:
    """Something else where a section must be, or a section with keys of several."""
    names = choices(field)
    if names:
        what = f"{either(names)}, or a section with such a `{field.chooser}`"
        help = f"for example `{spot.path[-1]}: {field.default_name or names[0]}`"
    elif field.named:
        what, help = "a section with a `name`", _known_plugins(spot.name)
    elif len(field.sections) > 1:
        forms = [_form(section) for section in field.sections]
        what, help = f"one of {either(forms)}", field.info.description or ""
    else:
        what = "a section (a mapping of keys)"
        help = f"keys allowed under `{spot.name}`: {', '.join(sorted(fields(field.sections[0])))}"
    given = spot.written.entries
    is_mix = len(given) > 1 and not names and not field.named
    shown = either(_ticked(list(given)), joined="and") if is_mix else found(spot.written.value)
    return Problem(
        code="AM102",
        message=f"`{spot.name}` must be {what}, found {shown}",
        path=spot.name,
        place=list(given.values())[1].key if is_mix else spot.written.place,
        label="only one of them" if is_mix else "expected a section",
        help=help,
    )


def unknown_choice(field: Field, spot: Spot) -> Problem:
    """A `name` (or `kind`) that none of the sections of a field has."""
    words = choices(field)
    line = f"{field.chooser}: {field.default_name or words[0]}"
    return _wrong_choice(words, spot.below(field.chooser), parts=words, example=line)


def _wrong_choice(words: Sequence[str], spot: Spot, *, parts: Sequence[str], example: str) -> Problem:
    """A word that is none of those allowed; all of them are named, the nearest first, then whatever else fits."""
    given = quoted(spot.written.value).lower()
    order = sorted(words, key=lambda word: -_likeness(given, word))
    near = [word for word in order[:1] if _likeness(given, word) >= CLOSE]
    fits = either([*order, *(part for part in parts if part not in words)])
    return Problem(
        code="AM102",
        message=f"`{spot.name}` must be {fits}, found {found(spot.written.value)}",
        path=spot.name,
        place=spot.written.place,
        label=f"did you mean `{near[0]}`?" if near else "not one of them",
        help=_for_example(f"{spot.path[-1]}: {near[0]}" if near else example),
        suggestions=tuple(Suggestion(word, "medium") for word in near),
    )


def _likeness(given: str, word: str) -> float:
    return difflib.SequenceMatcher(None, given, word.lower()).ratio()


def missing_key(field: Field, spot: Spot) -> Problem:
    """A key without a default that was not written."""
    full = joined((*spot.path, field.key))
    place = _first_key(spot)
    return Problem(
        code="AM109",
        message=f"the key `{full}` is missing",
        path=full,
        place=place,
        label=f"needs `{field.key}`" if spot.path else f"`{field.key}` is nowhere in the file",
        help=_known_plugins(full) or _for_example(example(field)) or field.info.description or "",
    )


def _known_plugins(path: str) -> str:
    """What `data` or `model` can be, with a line that would work."""
    key = path.removesuffix(".name")
    if key not in PLUGINS:
        return ""
    names = discovery.names(PLUGINS[key])
    return f"for example `{key}: {{name: {names[0]}}}`; there are {either(names, joined='and')}"


def _first_key(spot: Spot) -> Place:
    """The section's own key; at the top, the first key of the file."""
    if spot.path or not spot.written.entries:
        return spot.key
    return next(iter(spot.written.entries.values())).key


def rule_broken(spot: Spot, *, error: ErrorDetails) -> Problem:
    """A rule of the section's own, in its own words, at the first key that they name: `key`, or `key: value`.

    A key that came from an override goes before the others: those stand in a file that is right without it.
    """
    message = str(error.get("ctx", {}).get("error", error["msg"]))
    place = spot.key if isinstance(spot.written.value, dict) else spot.written.place
    named = [key for key in re.findall(r"`(\w+)(?:: [^`]*)?`", message) if key in spot.written.entries]
    places = sorted((spot.written.entries[key].value.place for key in named), key=lambda place: not place.is_argument)
    is_mix = len(places) > 1 and places[0].is_argument and not places[-1].is_argument
    return Problem(
        code="AM102",
        message=f"`{spot.name or TOP}`: {message}",
        path=spot.name,
        place=places[0] if places else place,
        help=f"what fits: aimodels schema --field {spot.name}",
        other_place=places[-1] if is_mix else None,
    )


def is_left_behind(key: str, spot: Spot) -> bool:
    """Whether a key was written for another `name` (or `kind`), which an override has replaced since."""
    name = spot.written.entries.get(_choosing_key(spot))
    is_replaced = name is not None and name.value.place.is_argument
    return is_replaced and not spot.written.entries[key].key.is_argument


def left_behind(keys: Sequence[str], spot: Spot) -> Problem:
    """An override chose another name, and options of the old one are still in the file."""
    name = spot.below(_choosing_key(spot))
    are = "is no option" if len(keys) == 1 else "are no options"
    unset = " ".join(f"{joined((*spot.path, key))}=null" for key in keys)
    return Problem(
        code="AM115",
        message=f"{either(_ticked(keys), joined='and')} of `{spot.name}` {are} of "
        f"{quoted(name.written.value)}, which an override chose",
        path=joined((*spot.path, keys[0])),
        place=name.written.place,
        label=f"has no {either(_ticked(keys))}",
        help=f"unset {'it' if len(keys) == 1 else 'them'} too: {unset}",
        other_place=spot.written.entries[keys[0]].key,
    )


def _choosing_key(spot: Spot) -> str:
    return "kind" if "kind" in spot.written.entries and "name" not in spot.written.entries else "name"


@dataclass(frozen=True)
class _Part:
    """The part of a value that is wrong, and what fits there."""

    spot: Spot
    fits: list[str]


def _innermost(field: Field, spot: Spot, *, errors: Sequence[ErrorDetails]) -> _Part:
    """Follow the deepest error into a list or a mapping, and the type along with it."""
    annotation: Any = field.info.annotation
    deepest = max((_inside(error["loc"][1:], spot.written) for error in errors), key=len)
    for part in deepest:
        if isinstance(part, int) and isinstance(spot.written.value, list):
            spot = spot.item(part, spot.written.value[part])
        else:
            spot = spot.below(str(part))
        annotation = _item_annotation(annotation)
    return _Part(spot, expected_parts(annotation, () if deepest else field.info.metadata))


def _inside(parts: Sequence[int | str], written: Written) -> list[int | str]:
    """The parts of pydantic's path that are in the value; it also names members of unions, which are not."""
    inside: list[int | str] = []
    for part in parts:
        if isinstance(part, int) and isinstance(written.value, list) and part < len(written.value):
            written = written.value[part]
        elif isinstance(part, str) and part in written.entries:
            written = written.entries[part].value
        else:
            continue
        inside.append(part)
    return inside


def _item_annotation(annotation: Any) -> Any:
    for option in alternatives(annotation):
        if get_origin(option) in (tuple, list):
            return get_args(option)[0]
        if get_origin(option) is dict:
            return get_args(option)[1]
    return annotation


def _form(section: type[Section]) -> str:
    required = [key for key, info in section.model_fields.items() if info.is_required()]
    return "{" + ", ".join(f"{key}: ..." for key in required) + "}"


def _for_example(line: str) -> str:
    return f"for example `{line}`" if line else ""


def _ticked(keys: Sequence[str]) -> list[str]:
    return [f"`{key}`" for key in keys]
