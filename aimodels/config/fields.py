"""What the schema says about a key, read from the pydantic models: which sections it may hold and what fits it."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from aimodels.config.section import NamedSection, Section


@dataclass(frozen=True)
class Field:
    """A key of a section: what may be written there.

    `sections` are those it may hold, `named` says whether `name` chooses among them, `listed` whether it is a list of
    them, and `default_name` is what `name` is where the config leaves it out.
    """

    key: str
    info: FieldInfo
    sections: tuple[type[Section], ...]
    named: bool
    listed: bool
    default_name: str | None

    @property
    def is_section(self) -> bool:
        """Whether a mapping of keys stands here."""
        return bool(self.sections) and not self.listed

    @property
    def plain(self) -> tuple[Any, ...]:
        """What fits besides a section, each as it is annotated: a number, say, where a section is the longer form."""
        if not self.is_section or self.named:
            return ()
        return tuple(member for member in _members(self.info.annotation) if not _is_section(member))

    def section_called(self, name: str) -> type[Section] | None:
        """The section that a name chooses."""
        return next((section for section in self.sections if name in names_of(section)), None)


def fields(section: type[Section]) -> dict[str, Field]:
    """The keys of a section, in the order of its class."""
    return {key: _field(key, info) for key, info in section.model_fields.items()}


def _field(key: str, info: FieldInfo) -> Field:
    options = list(alternatives(info.annotation))
    items = [item for option in options for item in _item_alternatives(option)]
    direct = tuple(option for option in options if _is_section(option))
    listed = tuple(item for item in items if _is_section(item))
    sections = direct or listed
    default = None if info.default is PydanticUndefined else info.default
    return Field(
        key=key,
        info=info,
        sections=sections,
        named=bool(sections) and all(issubclass(section, NamedSection) for section in sections),
        listed=bool(listed) and not direct,
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


def _item_alternatives(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (tuple, list):
        yield from alternatives(get_args(annotation)[0])


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def names_of(section: type[Section]) -> tuple[str, ...]:
    """The words that `name` may be in a section; none where any word will do."""
    info = section.model_fields.get("name")
    if info is None or get_origin(info.annotation) is not Literal:
        return ()
    return tuple(str(word) for word in get_args(info.annotation))
