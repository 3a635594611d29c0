"""What the schema says about a key, read from the pydantic models: which sections it may hold and what fits it."""

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from aimodels.config.section import NamedSection, Section


@dataclass(frozen=True)
class Field:
    """A key of a section: what may be written there.

    `sections` are those it may hold, `chooser` is the key that chooses among them ("name" or "kind", empty where their
    keys do), `listed` says whether it is a list of them, `mapped` whether it is a mapping of words of the user's own to
    them, and `default_name` is what `name` is where the config leaves it out.
    """

    key: str
    info: FieldInfo
    sections: tuple[type[Section], ...]
    chooser: str = ""
    listed: bool = False
    mapped: bool = False
    default_name: str | None = None

    @property
    def named(self) -> bool:
        """Whether a word chooses among the sections."""
        return bool(self.chooser)

    @property
    def is_section(self) -> bool:
        """Whether a mapping of keys stands here."""
        return bool(self.sections) and not self.listed and not self.mapped

    @property
    def item(self) -> "Field":
        """What one item of the list, or one value of the mapping, may be."""
        return replace(self, listed=False, mapped=False, default_name=None)

    @property
    def plain(self) -> tuple[Any, ...]:
        """What fits besides a section, each as it is annotated: a number, say, where a section is the longer form."""
        if not self.is_section or self.named:
            return ()
        return tuple(member for member in _members(self.info.annotation) if not is_section(member))

    def section_called(self, name: str) -> type[Section] | None:
        """The section that a name chooses."""
        return next((section for section in self.sections if name in names_of(section)), None)


def fields(section: type[Section]) -> dict[str, Field]:
    """The keys of a section, in the order of its class."""
    return {key: _field(key, info) for key, info in section.model_fields.items()}


def _field(key: str, info: FieldInfo) -> Field:
    options = list(alternatives(info.annotation))
    direct = tuple(option for option in options if is_section(option))
    listed = tuple(item for option in options for item in _items_of(option, (tuple, list)) if is_section(item))
    mapped = tuple(item for option in options for item in _items_of(option, (dict,)) if is_section(item))
    sections = direct or listed or mapped
    default = None if info.default is PydanticUndefined else info.default
    return Field(
        key=key,
        info=info,
        sections=sections,
        chooser=_chooser(sections),
        listed=bool(listed) and not direct,
        mapped=bool(mapped) and not direct and not listed,
        default_name=default.name if isinstance(default, NamedSection) else None,
    )


def alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, without `Annotated`; just the annotation itself where it is none."""
    if get_origin(annotation) is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from alternatives(member)
    else:
        yield annotation


def _members(annotation: Any) -> list[Any]:
    """The members of a union with their limits, without None."""
    union = get_origin(annotation) in (Union, types.UnionType)
    return [member for member in (get_args(annotation) if union else (annotation,)) if member is not type(None)]


def _items_of(annotation: Any, containers: tuple[type, ...]) -> Iterator[Any]:
    """What the items of a list, or the values of a mapping, may be."""
    if get_origin(annotation) in containers:
        yield from alternatives(get_args(annotation)[1 if get_origin(annotation) is dict else 0])


def _chooser(sections: tuple[type[Section], ...]) -> str:
    """The key that chooses among some sections, empty if none does."""
    choosers = {chooser_of(section) for section in sections}
    return choosers.pop() if len(choosers) == 1 else ""


def chooser_of(section: type[Section]) -> str:
    """The key whose word says which section this is: "name" or "kind"; empty where it is known by its keys."""
    if issubclass(section, NamedSection):
        return "name"
    kind = section.model_fields.get("kind")
    return "kind" if kind is not None and get_origin(kind.annotation) is Literal else ""


def is_section(annotation: Any) -> bool:
    """Whether a type is that of a section."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def names_of(section: type[Section]) -> tuple[str, ...]:
    """The words that `name` (or `kind`) may be in a section; none where any word will do."""
    info = section.model_fields.get(chooser_of(section) or "name")
    if info is None or get_origin(info.annotation) is not Literal:
        return ()
    return tuple(str(word) for word in get_args(info.annotation))
