"""Every mistake of a config, each said once, in our words, at the place where it was written.

pydantic decides what fits. It is asked section by section, so that its answers name keys of that section and nothing
else; the wording, the place and the suggestion are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aimodels.config import problems
from aimodels.config.fields import Field, fields
from aimodels.config.key_paths import joined
from aimodels.config.section import Section
from aimodels.config.short_forms import chosen_name, layout, section_of
from aimodels.config.spots import Spot
from aimodels.config.suggestions import Layout
from aimodels.config.yaml_source import Written, plain
from aimodels.errors import Problem


def mistakes(written: Written, *, section: type[Section]) -> list[Problem]:
    """What is wrong with a config whose short forms are written out. Empty where `section` accepts it."""
    check = _Check(layout(written, section=section))
    check.section(section, Spot((), written, written.place))
    return check.problems


@dataclass
class _Check:
    layout: Layout
    problems: list[Problem] = field(default_factory=list)

    def section(self, section: type[Section], spot: Spot, *, siblings: Sequence[type[Section]] = ()) -> None:
        """Check a mapping against the section that it is meant to be; its name might have chosen one of `siblings`."""
        known = fields(section)
        if section.model_config.get("extra") != "allow":
            self._unknown_keys(spot, known=known, siblings=siblings)
        for key, errors in _by_key(section, spot.written).items():
            if key is None:
                self.problems.extend(problems.rule_broken(spot, error=error) for error in errors)
            elif key in known and key in spot.written.entries:
                self._value(known[key], spot.below(key), errors=errors)
            elif key in known and not self._is_misspelt(key, spot):
                self.problems.append(problems.missing_key(known[key], spot))

    def _value(self, field: Field, spot: Spot, *, errors: list[ErrorDetails]) -> None:
        before = len(self.problems)
        if field.is_section and isinstance(spot.written.value, dict):
            self._one_of_its_sections(field, spot)
        elif field.listed and isinstance(spot.written.value, list):
            for index, item in enumerate(spot.written.value):
                self._item(field.item, spot.item(index, item))
        elif field.mapped and isinstance(spot.written.value, dict):
            for key in spot.written.value:
                self._item(field.item, spot.below(key))
        elif any(error["type"] in problems.OWN_RULE for error in errors):
            self.problems.extend(problems.rule_broken(spot, error=error) for error in errors)
        else:
            self.problems.append(problems.wrong_value(field, spot, errors=errors))
        if len(self.problems) == before:
            self.problems.extend(problems.rule_broken(spot, error=error) for error in errors[:1])

    def _item(self, field: Field, spot: Spot) -> None:
        """Check one section of a list or of a mapping to sections."""
        if not isinstance(spot.written.value, dict):
            self.problems.append(problems.wrong_section(field, spot))
            return
        # They have no place in the layout of the config, as there may be any number of them.
        below = dict(layout(spot.written, section=section_of(spot.written, field=field), at=spot.path))
        if field.named and chosen_name(spot.written, field=field) is None:
            below[spot.path] = _all_keys(field)
        inner = _Check({**self.layout, **below})
        inner._one_of_its_sections(field, spot)
        self.problems.extend(inner.problems)

    def _one_of_its_sections(self, field: Field, spot: Spot) -> None:
        """Check a mapping whose section its `name`, or its keys, choose."""
        if field.named:
            self._named_section(field, spot)
            return
        known = _all_keys(field)
        if set(spot.written.entries) - set(known) or len(field.sections) == 1:
            if len(field.sections) == 1:
                self.section(field.sections[0], spot)
            else:
                self._unknown_keys(spot, known=known)
            return
        fitting = [section for section in field.sections if set(spot.written.entries) <= set(section.model_fields)]
        if spot.written.entries and fitting:
            self.section(fitting[0], spot)
        else:
            self.problems.append(problems.wrong_section(field, spot))

    def _named_section(self, field: Field, spot: Spot) -> None:
        name = chosen_name(spot.written, field=field)
        section = section_of(spot.written, field=field)
        if name is None and field.chooser == "kind":
            known = _all_keys(field)
            self._unknown_keys(spot, known=known)
            if set(spot.written.entries) <= set(known):
                self.problems.append(problems.missing_kind(field, spot))
            return
        if name is None or field.section_called(name) is not None or len(field.sections) == 1:
            self.section(section, spot, siblings=field.sections)
            return
        self.problems.append(problems.unknown_choice(field, spot))
        self._unknown_keys(spot, known=_all_keys(field))

    def _unknown_keys(self, spot: Spot, *, known: Mapping[str, Field], siblings: Sequence[type[Section]] = ()) -> None:
        unknown = [key for key in spot.written.entries if key not in known]
        left_behind = [key for key in unknown if problems.is_left_behind(key, spot)]
        if left_behind:
            self.problems.append(problems.left_behind(left_behind, spot))
        for key in unknown:
            if key not in left_behind:
                self.problems.append(problems.unknown_key(key, spot, layout=self.layout, siblings=siblings))

    def _is_misspelt(self, key: str, spot: Spot) -> bool:
        """Whether a missing key is there under a wrong spelling, which is a problem of its own already."""
        full = joined((*spot.path, key))
        return any(suggestion.replace in (key, full) for problem in self.problems for suggestion in problem.suggestions)


def _all_keys(field: Field) -> dict[str, Field]:
    """The keys of every section that a field may hold."""
    return {key: entry for section in field.sections for key, entry in fields(section).items()}


def _by_key(section: type[Section], written: Written) -> dict[str | None, list[ErrorDetails]]:
    """What pydantic finds, per key of the section; None for rules about several keys at once."""
    try:
        section.model_validate(plain(written))
    except ValidationError as error:
        found: dict[str | None, list[ErrorDetails]] = {}
        for detail in error.errors(include_url=False):
            key = str(detail["loc"][0]) if detail["loc"] else None
            found.setdefault(key, []).append(detail)
        return found
    return {}
