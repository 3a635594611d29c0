"""What a YAML may leave out or say shortly, written out: `optimizer: adam`, a section without `name`, `key: null`."""

from aimodels.config.fields import Field, fields
from aimodels.config.section import Section
from aimodels.config.suggestions import Layout, Path
from aimodels.config.yaml_source import Entry, Written


def written_out(written: Written, *, section: type[Section]) -> Written:
    """The mapping with its short forms expanded and without keys that are null.

    A null under an unknown key stays, so that the key is still found to be wrong.
    """
    known = fields(section)
    entries: dict[str, Entry] = {}
    for key, entry in written.entries.items():
        value = _written_out_value(entry.value, field=known[key]) if key in known else entry.value
        if key in known and _is_absent(value):
            continue
        entries[key] = Entry(entry.key, _with_name(value, field=known[key]) if key in known else value)
    return Written(entries, written.place, vanishes=written.vanishes)


def _written_out_value(value: Written, *, field: Field) -> Written:
    if field.named and isinstance(value.value, str) and not field.listed:
        return Written({"name": Entry(value.place, value)}, value.place)
    if isinstance(value.value, list) and field.listed:
        return Written([_written_out_value(item, field=_item_of(field)) for item in value.value], value.place)
    if isinstance(value.value, dict):
        if field.is_section:
            return written_out(value, section=section_of(value, field=field))
        return _without_nulls(value)
    return value


def _item_of(field: Field) -> Field:
    return Field(field.key, field.info, field.sections, field.named, listed=False, default_name=None)


def _is_absent(value: Written) -> bool:
    return value.value is None or (value.vanishes and not value.entries)


def _with_name(value: Written, *, field: Field) -> Written:
    """A named section without `name` has the one of the default."""
    if not isinstance(value.value, dict) or not field.named or field.default_name is None or "name" in value.entries:
        return value
    name = Entry(value.place, Written(field.default_name, value.place))
    return Written({"name": name} | value.value, value.place)


def _without_nulls(value: Written) -> Written:
    """A mapping that is no section (class weights, say) without its nulls."""
    entries = {key: entry for key, entry in value.entries.items() if not _is_absent(entry.value)}
    return Written(entries, value.place, vanishes=value.vanishes)


def chosen_name(value: Written, *, field: Field) -> str | None:
    """What `name` is in a named section: written, or left to the default."""
    if isinstance(value.value, str):
        return value.value
    entry = value.entries.get("name")
    name = entry.value.value if entry else None
    return name if isinstance(name, str) else field.default_name


def section_of(value: Written, *, field: Field) -> type[Section]:
    """The section that a mapping is meant to be, as well as its name or its keys tell."""
    if field.named:
        name = chosen_name(value, field=field)
        return (field.section_called(name) if name else None) or field.sections[0]
    return max(field.sections, key=lambda section: len(set(value.entries) & set(section.model_fields)))


def layout(written: Written, *, section: type[Section], at: Path = ()) -> Layout:
    """The keys of every section that this config has or could have, with the sections that its names choose."""
    found: dict[Path, dict[str, Field]] = {at: dict(fields(section))}
    for key, field in fields(section).items():
        if not field.is_section:
            continue
        entry = written.entries.get(key)
        value = entry.value if entry else Written(None, written.place)
        below = layout(value, section=section_of(value, field=field), at=(*at, key))
        found |= {path: dict(names) for path, names in below.items()}
        if not field.named:
            for other in field.sections:
                found[(*at, key)] |= fields(other)
    return found
