"""The base of every section of a config: frozen, strict about types, and closed to unknown keys."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")

# A YAML list, kept as a tuple so that a config cannot change after loading. Its items stay strict.
Listed = Annotated[tuple[Item, ...], Field(strict=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """A part of the config. Every field has a description, a limit and a default, there and nowhere else."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=False
    )


class NamedSection(Section):
    """A section that `name` chooses among several (a dataset, an architecture, an optimizer)."""

    name: str
